using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Isa;

namespace Seamsim.Host.Kvm;

/// <summary>A vCPU of a trust domain (struct vcpu_tdx).</summary>
public sealed partial class VcpuTdx : KvmVcpu
{
    private const byte PostedInterruptVector = 0xF2;
    private const ulong PinPostedInterrupts = 0x80, TopologyEnum = 1UL << 20;
    private const uint CpuidX2Apic = 1U << 21;
    private readonly KvmTdx vm;
    private readonly List<Hpa> controlPages = [];
    private Hpa postedDescriptor;
    private SharedEpt? sharedEpt;

    internal VcpuTdx(KvmTdx vm, int id)
        : base(vm, id)
    {
        this.vm = vm;
        msrs = new TdvmcallMsrs();
    }

    /// <summary>Whether INIT_VCPU is done.</summary>
    public bool IsInitialized { get; private set; }

    /// <summary>The TDVPR page: the vCPU's name towards the module.</summary>
    public Hpa Tdvpr { get; private set; }

    /// <summary>The processor whose caches and TLBs may hold the vCPU; VP.FLUSH there takes it off.</summary>
    public ICpu? AssociatedCpu { get; private set; }

    /// <summary>The processor that is inside the TD with this vCPU now, or null.</summary>
    public ICpu? InGuestOn { get; private set; }

    /// <summary>A signal for the thread is pending: ioctls that can be interrupted answer -EINTR.</summary>
    public bool SignalPending { get; set; }

    private HostKernel Kernel => vm.Kernel;

    /// <inheritdoc/>
    public override async HostTask<Errno> MemoryEncryptOp(ICpu cpu, IUserMemory user, ulong argument)
    {
        cpu.Charge("kernel.syscall");
        if (vm.IsDead)
            return Errno.EIO;
        if (vm.KeyId is null || vm.State == TdState.Runnable)
            return Errno.EINVAL;
        byte[] bytes = new byte[KvmTdxCmd.Size];
        if (!user.TryRead(argument, bytes))
            return Errno.EFAULT;
        KvmTdxCmd command = KvmTdxCmd.Parse(bytes);
        if (command.HwError != 0)
            return Errno.EINVAL;
        return vm.Kvm.Options.CommandOf(command.Id) switch
        {
            TdxCommand.InitVcpu => await InitVcpu(cpu, user, command),
            TdxCommand.InitMemRegion => await InitMemRegion(cpu, user, command),
            TdxCommand.GetCpuid => await GetCpuid(cpu, user, command),
            _ => Errno.EINVAL,
        };
    }

    /// <summary>VP.FLUSH on the processor the vCPU is associated with; it may be free already.</summary>
    public async HostTask<Errno> Flush(ICpu cpu)
    {
        if (AssociatedCpu != cpu)
            return Errno.Ok;
        SeamcallResult result = await Kernel.Tdh.VpFlush(cpu, Tdvpr);
        if (!result.Ok && !result.Status.Is(TdxStatus.VcpuNotAssociated))
        {
            vm.Report(cpu, SeamcallLeaf.TDH_VP_FLUSH, new SeamcallArguments { Rcx = Tdvpr.Value }, result);
            return Errno.EIO;
        }
        AssociatedCpu = null;
        return Errno.Ok;
    }

    /// <summary>The vCPU's pages, once the KeyID is free; otherwise they stay with the module.</summary>
    internal async HostTask Free(ICpu cpu, bool keyGone)
    {
        sharedEpt?.Free();
        sharedEpt = null;
        if (postedDescriptor != default)
            Kernel.Pages.Free(postedDescriptor);
        postedDescriptor = default;
        if (keyGone)
        {
            foreach (Hpa page in controlPages)
                if (await vm.Reclaim(cpu, page))
                    Kernel.Pages.Free(page);
            if (Tdvpr != default && await vm.Reclaim(cpu, Tdvpr))
                Kernel.Pages.Free(Tdvpr);
        }
        controlPages.Clear();
        Tdvpr = default;
        IsInitialized = false;
    }

    private async HostTask<Errno> InitVcpu(ICpu cpu, IUserMemory user, KvmTdxCmd command)
    {
        if (command.Flags != 0 || IsInitialized)
            return Errno.EINVAL;
        (Errno error, ulong initialRcx, IReadOnlyList<KvmCpuidEntry2> cpuid) = await CpuidOfInit(cpu, user, command);
        if (error != Errno.Ok)
            return error;
        // The APIC base setter refuses x2APIC mode unless the vCPU's CPUID has it.
        if ((LookUp(cpuid, 1, 0).Ecx & CpuidX2Apic) == 0)
            return Errno.EINVAL;
        List<Hpa> pages = [];
        for (int i = 0; i < Kernel.Tdx.Info.TdvpsPages; i++)
        {
            if (!Kernel.Pages.TryAllocate(out Hpa page))
            {
                pages.ForEach(Kernel.Pages.Free);
                return Errno.ENOMEM;
            }
            pages.Add(page);
        }
        int donated = await Donate(cpu, pages);
        for (int i = donated; i < pages.Count; i++)
            Kernel.Pages.Free(pages[i]);
        if (donated < pages.Count || !await Initialize(cpu, initialRcx))
            return Errno.EIO;
        Cpuid = cpuid;
        IsInitialized = true;
        return Errno.Ok;
    }

    /// <summary>VP.CREATE and VP.ADDCX; returns how many pages the module took.</summary>
    private async HostTask<int> Donate(ICpu cpu, List<Hpa> pages)
    {
        SeamcallResult result = await Kernel.Tdh.VpCreate(cpu, vm.Tdr, pages[0]);
        if (!result.Ok)
        {
            SeamcallArguments arguments = new() { Rcx = pages[0].Value, Rdx = vm.Tdr.Value };
            return Fail(cpu, SeamcallLeaf.TDH_VP_CREATE, arguments, result, 0);
        }
        Tdvpr = pages[0];
        for (int i = 1; i < pages.Count; i++)
        {
            result = await Kernel.Tdh.VpAddCx(cpu, Tdvpr, pages[i]);
            if (!result.Ok)
            {
                SeamcallArguments arguments = new() { Rcx = pages[i].Value, Rdx = Tdvpr.Value };
                return Fail(cpu, SeamcallLeaf.TDH_VP_ADDCX, arguments, result, i);
            }
            controlPages.Add(pages[i]);
        }
        return pages.Count;
    }

    private async HostTask<bool> Initialize(ICpu cpu, ulong initialRcx)
    {
        uint? apicId = (Kernel.Tdx.Info.Features0 & TopologyEnum) != 0 ? (uint)Id : null;
        SeamcallResult result = await Kernel.Tdh.VpInit(cpu, Tdvpr, initialRcx, apicId);
        if (!result.Ok)
        {
            SeamcallArguments arguments = new() { Rcx = Tdvpr.Value, Rdx = initialRcx };
            Fail(cpu, SeamcallLeaf.TDH_VP_INIT, arguments, result, 0);
            return false;
        }
        AssociatedCpu = cpu;
        if (vm.Kvm.Options.Flavour != KvmFlavour.Upstream)
            return true;
        if (!Kernel.TryZeroedPage(out postedDescriptor))
            return false;
        return await Write(cpu, TdFields.PostedInterruptVector, PostedInterruptVector, 0xFFFF)
            && await Write(cpu, TdFields.PostedInterruptDescriptor, postedDescriptor.Value, ulong.MaxValue)
            && await Write(cpu, TdFields.PinBasedControls, PinPostedInterrupts, PinPostedInterrupts);
    }

    /// <summary>VP.WR; a refusal kills the VM.</summary>
    private async HostTask<bool> Write(ICpu cpu, FieldId field, ulong value, ulong mask)
    {
        SeamcallResult result = await Kernel.Tdh.VpWr(cpu, Tdvpr, field, value, mask);
        if (result.Ok)
            return true;
        SeamcallArguments arguments = new() { Rcx = Tdvpr.Value, Rdx = field.Value, R8 = value, R9 = mask };
        Fail(cpu, SeamcallLeaf.TDH_VP_WR, arguments, result, 0);
        return false;
    }

    private int Fail(ICpu cpu, SeamcallLeaf leaf, in SeamcallArguments arguments, in SeamcallResult result, int answer)
    {
        vm.Report(cpu, leaf, arguments, result);
        vm.Kill(cpu, leaf + " failed");
        return answer;
    }

    /// <summary>
    /// Gives the vCPU its shared EPT, once. Its level comes from the vCPU's CPUID; when the shared bit that belongs to
    /// it is not the TD's, the VM is dead (-EIO) and the module never hears of that EPT (patch 23).
    /// </summary>
    private async HostTask<Errno> LoadMmu(ICpu cpu)
    {
        if (sharedEpt is not null)
            return Errno.Ok;
        int level = EptRules.TdpLevel(vm.Kvm.Options.TdpLevelRule, isTd: true, Cpuid, vm.Kvm.MaxTdpLevel);
        if (EptRules.GfnDirectBitsOfLevel(level) != vm.Ept.GfnDirectBits)
        {
            vm.Kill(cpu, "the vCPU's EPT level does not match the TD's GPA width");
            return Errno.EIO;
        }
        SharedEpt? created = SharedEpt.Create(Kernel, level);
        if (created is null)
            return Errno.ENOMEM;
        if (!await Write(cpu, TdFields.SharedEptPointer, created.Root.Value, ulong.MaxValue))
        {
            created.Free();
            return Errno.EIO;
        }
        sharedEpt = created;
        return Errno.Ok;
    }
}
