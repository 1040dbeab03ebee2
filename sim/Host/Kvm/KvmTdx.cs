using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Isa;

namespace Seamsim.Host.Kvm;

/// <summary>How far a trust domain is built.</summary>
public enum TdState
{
    /// <summary>Only a VM: no KeyID, no page given to the module.</summary>
    Uninitialized,

    /// <summary>INIT_VM done: vCPUs and memory can be added.</summary>
    Initialized,

    /// <summary>FINALIZE_VM done: vCPUs can run.</summary>
    Runnable,
}

/// <summary>A trust domain as KVM keeps it (struct kvm_tdx).</summary>
public sealed partial class KvmTdx : KvmVm
{
    private readonly List<Hpa> tdcsPages = [];
    private readonly HostMutex vmLock;

    internal KvmTdx(KvmModule kvm)
        : base(kvm)
    {
        vmLock = new HostMutex(kvm.Kernel.Platform);
        Private = new PrivateMemory(this);
    }

    /// <inheritdoc/>
    public override bool IsTd => true;

    /// <summary>How far it is built.</summary>
    public TdState State { get; private set; }

    /// <summary>The KeyID, or null when none is assigned.</summary>
    public KeyId? KeyId { get; private set; }

    /// <summary>The TDR page: the TD's name towards the module.</summary>
    public Hpa Tdr { get; private set; }

    /// <summary>ATTRIBUTES as given to the module.</summary>
    public ulong Attributes { get; private set; }

    /// <summary>XFAM as given to the module.</summary>
    public ulong Xfam { get; private set; }

    /// <summary>What INIT_VM made of attributes, XFAM and CPUID; empty before.</summary>
    internal TdFeatures Features { get; private set; } = new(0);

    /// <summary>EPT level and GPA width.</summary>
    public EptChoice Ept { get; private set; }

    /// <summary>TSC_OFFSET the module chose.</summary>
    public ulong TscOffset { get; private set; }

    /// <summary>TSC_MULTIPLIER the module chose.</summary>
    public ulong TscMultiplier { get; private set; }

    /// <summary>Memory slots and private attributes.</summary>
    public GuestMemory Memory { get; } = new();

    /// <summary>The private half: secure EPT and pages.</summary>
    public PrivateMemory Private { get; }

    /// <summary>The vCPUs.</summary>
    public IEnumerable<VcpuTdx> TdVcpus => Vcpus.Cast<VcpuTdx>();

    internal HostKernel Kernel => Kvm.Kernel;

    internal ICpu? LastCpu { get; private set; }

    /// <summary>Whether an address has the shared bit clear.</summary>
    public bool IsPrivateGpa(ulong gpa) => (gpa >> 12 & Ept.GfnDirectBits) == 0;

    /// <summary>The address without the shared bit.</summary>
    public ulong StripShared(ulong gpa) => gpa & ~(Ept.GfnDirectBits << 12);

    /// <inheritdoc/>
    public override async HostTask<Errno> MemoryEncryptOp(ICpu cpu, IUserMemory user, ulong argument)
    {
        cpu.Charge("kernel.syscall");
        LastCpu = cpu;
        if (IsDead)
            return Errno.EIO;
        byte[] bytes = new byte[KvmTdxCmd.Size];
        if (!user.TryRead(argument, bytes))
            return Errno.EFAULT;
        KvmTdxCmd command = KvmTdxCmd.Parse(bytes);
        if (command.HwError != 0)
            return Errno.EINVAL;
        await vmLock.Acquire(cpu);
        (Errno error, TdxStatus hwError)? outcome = Kvm.Options.CommandOf(command.Id) switch
        {
            TdxCommand.Capabilities => (Capabilities(user, command), default),
            TdxCommand.InitVm => await InitVm(cpu, user, command),
            TdxCommand.FinalizeVm => await Finalize(cpu),
            _ => null,
        };
        vmLock.Release();
        if (outcome is not { } done)
            return Errno.EINVAL;
        command = command with { HwError = done.hwError.Value };
        return user.TryWrite(argument, command.ToBytes()) ? done.error : Errno.EFAULT;
    }

    private protected override Errno SetMaxVcpus(uint flags, ulong count)
    {
        if (Kvm.Options.Flavour != KvmFlavour.Series || flags != 0 || count == 0)
            return Errno.EINVAL;
        if (count > KvmUapi.MaxVcpus || count > (ulong)Kernel.Tdx.Info.MaxVcpusPerTd)
            return Errno.E2BIG;
        if (Vcpus.Count != 0)
            return Errno.EBUSY;
        MaxVcpus = (int)count;
        return Errno.Ok;
    }

    private protected override Errno CheckVcpu()
    {
        if (Kvm.Options.Flavour == KvmFlavour.Series)
            return IrqChip == IrqChip.None ? Errno.EINVAL : Errno.Ok;
        if (State != TdState.Initialized)
            return Errno.EIO;
        return IrqChip == IrqChip.Split ? Errno.Ok : Errno.EINVAL;
    }

    private protected override KvmVcpu NewVcpu(int id) => new VcpuTdx(this, id);

    private async HostTask<(Errno, TdxStatus)> Finalize(ICpu cpu)
    {
        if (KeyId is null || State == TdState.Runnable)
            return (Errno.EINVAL, default);
        if (Private.Premapped != 0)
            return (Errno.EINVAL, default);
        SeamcallResult result = await Kernel.Tdh.MrFinalize(cpu, Tdr);
        if (result.Busy)
            return (Errno.EBUSY, result.Status);
        if (!result.Ok)
        {
            Report(cpu, SeamcallLeaf.TDH_MR_FINALIZE, new SeamcallArguments { Rcx = Tdr.Value }, result);
            Kill(cpu, "TDH_MR_FINALIZE failed");
            return (Errno.EIO, result.Status);
        }
        State = TdState.Runnable;
        return (Errno.Ok, default);
    }

    internal void Report(
        ICpu cpu, SeamcallLeaf leaf, in SeamcallArguments arguments, in SeamcallResult result, int outputs = 0) =>
        Kernel.Printer.Print(cpu, leaf, arguments, result, outputs);

    /// <summary>Gets every vCPU out of the TD and waits until it is.</summary>
    internal async HostTask KickVcpus(ICpu cpu)
    {
        foreach (VcpuTdx vcpu in TdVcpus)
            if (vcpu.InGuestOn is { } there && there != cpu)
                await Kernel.OnCpu(cpu, there, Arrived);
    }

    private static async HostTask<Errno> Arrived(ICpu cpu) => Errno.Ok;
}
