using System.Globalization;
using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Vmm;

/// <summary>
/// A small virtual-machine monitor for one TD that drives KVM in QEMU's order: CREATE_VM, CAPABILITIES, INIT_VM,
/// CREATE_VCPU, GET_CPUID, SET_CPUID2, INIT_VCPU, INIT_MEM_REGION, FINALIZE_VM, RUN.
/// </summary>
public sealed partial class TdVmm
{
    private readonly KvmModule kvm;
    private readonly UserSpace user;
    private readonly SerialPort serial;
    private readonly ulong scratch;
    private readonly bool[] isHalted;

    /// <summary>A VMM process; nothing happens before <see cref="Build"/>.</summary>
    public TdVmm(KvmModule kvm, TdConfig config, IConsole console)
    {
        this.kvm = kvm;
        Config = config;
        user = new UserSpace(kvm.Kernel);
        serial = new SerialPort(console);
        scratch = user.Map(ScratchBytes);
        isHalted = new bool[config.Vcpus];
    }

    /// <summary>What was asked for.</summary>
    public TdConfig Config { get; }

    /// <summary>The TD; null before KVM_CREATE_VM.</summary>
    public KvmTdx? Td { get; private set; }

    /// <summary>The step of <see cref="Build"/> that failed, or null.</summary>
    public string? FailedStep { get; private set; }

    /// <summary>hw_error of the step that failed: RAX of the SEAMCALL, 0 when there is none.</summary>
    public ulong HwError { get; private set; }

    /// <summary>How it ended.</summary>
    public TdEnd End { get; private set; }

    /// <summary>What the guest wrote to port 0xF4; 0 is success.</summary>
    public uint? GuestCode { get; private set; }

    /// <summary>Why, in words, when the end is not a success.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>
    /// The CPUID the vCPUs were told: what GET_CPUID answered, or what the program believes where it reads nothing.
    /// </summary>
    public IReadOnlyList<KvmCpuidEntry2> Cpuid { get; private set; } = [];

    /// <summary>The configurable CPUID bits CAPABILITIES showed.</summary>
    public IReadOnlyList<KvmCpuidEntry2> Configurable { get; private set; } = [];

    /// <summary>MRTD, 48 bytes, once the TD is final; empty before.</summary>
    public byte[] Mrtd { get; private set; } = [];

    /// <summary>Private pages the TD started with.</summary>
    public int InitialPages { get; private set; }

    private HostKernel Kernel => kvm.Kernel;

    /// <summary>
    /// Creates, configures, fills and measures the TD. The first error ends it; then only Destroy is left.
    /// </summary>
    public async HostTask<Errno> Build(ICpu cpu)
    {
        (Errno error, KvmVm? vm) = kvm.CreateVm((ulong)KvmVmType.Tdx);
        if (error != Errno.Ok)
            return Failed(cpu, "KVM_CREATE_VM", error);
        Td = (KvmTdx)vm!;
        foreach ((string name, Func<ICpu, HostTask<Errno>> step) in Steps())
        {
            error = await step(cpu);
            if (error != Errno.Ok)
                return Failed(cpu, name, error);
        }
        return Errno.Ok;
    }

    /// <summary>Destroys the TD and ends the process.</summary>
    public async HostTask Destroy(ICpu cpu)
    {
        if (Td is not null)
            await Td.Destroy(cpu);
        user.Release();
    }

    private IEnumerable<(string Name, Func<ICpu, HostTask<Errno>> Step)> Steps()
    {
        yield return ("KVM_TDX_CAPABILITIES", ReadCapabilities);
        yield return ("KVM_ENABLE_CAP", EnableCapabilities);
        yield return ("KVM_TDX_INIT_VM", InitVm);
        yield return ("KVM_SET_USER_MEMORY_REGION2", AddMemory);
        yield return ("KVM_CREATE_VCPU", CreateVcpus);
        yield return ("KVM_SET_CPUID2", SetCpuid);
        yield return ("KVM_TDX_INIT_VCPU", InitVcpus);
        yield return ("KVM_TDX_INIT_MEM_REGION", FillMemory);
        yield return ("KVM_TDX_FINALIZE_VM", FinalizeVm);
        yield return ("reading MRTD", ReadMrtd);
    }

    private Errno Failed(ICpu cpu, string step, Errno error)
    {
        FailedStep = step;
        End = TdEnd.HostFailed;
        string detail = HwError == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", hw_error 0x{HwError:x}");
        if (Td is not null && Config.Vcpus > Td.CheckExtension(KvmCap.MaxVcpus))
            detail += string.Create(
                CultureInfo.InvariantCulture,
                $" ({Config.Vcpus} vCPUs wanted, KVM_CAP_MAX_VCPUS is {Td.CheckExtension(KvmCap.MaxVcpus)})");
        Reason = $"{step}: -{error}{detail}";
        Kernel.Log(cpu, $"vmm: {Config.Name}: {Reason}");
        return error;
    }

    private async HostTask<Errno> EnableCapabilities(ICpu cpu)
    {
        Errno error = Td!.EnableCap(KvmCap.SplitIrqchip, 0, 24);
        return error == Errno.Ok
            ? Td.EnableCap(KvmCap.ExitHypercall, 0, 1UL << (int)KvmUapi.HypercallMapGpaRange)
            : error;
    }

    private async HostTask<Errno> AddMemory(ICpu cpu)
    {
        Errno error = await AddSlot(cpu, 0, Config.MemoryBytes);
        foreach (GuestRegion region in Config.Guest.Regions)
            if (error == Errno.Ok && Td!.Memory.Find(region.Gpa) is null)
                error = await AddSlot(cpu, region.Gpa, PageBytes(region));
        return error;
    }

    private async HostTask<Errno> AddSlot(ICpu cpu, ulong gpa, ulong bytes)
    {
        MemorySlot slot = new(gpa, bytes, user, user.Map(bytes), Td!.CreateGuestMemfd());
        Errno error = Td.AddMemorySlot(slot);
        return error == Errno.Ok ? await Td.SetMemoryAttributes(cpu, gpa, bytes, isPrivate: true) : error;
    }

    private async HostTask<Errno> CreateVcpus(ICpu cpu)
    {
        for (int id = 0; id < Config.Vcpus; id++)
            if (Td!.CreateVcpu(id).Error is var error && error != Errno.Ok)
                return error;
        return Errno.Ok;
    }

    private async HostTask<Errno> InitVcpus(ICpu cpu)
    {
        foreach (VcpuTdx vcpu in Td!.TdVcpus)
            if (await InitVcpu(cpu, vcpu) is var error && error != Errno.Ok)
                return error;
        return Errno.Ok;
    }

    private async HostTask<Errno> FillMemory(ICpu cpu)
    {
        VcpuTdx first = Td!.TdVcpus.First();
        foreach ((ulong gpa, byte[] bytes, bool measured) in InitialContents())
        {
            ulong source = user.MapBytes(bytes);
            ulong region = user.MapBytes(new KvmTdxInitMemRegion(source, gpa, (ulong)bytes.Length >> 12).ToBytes());
            uint flags = measured ? KvmUapi.MeasureMemoryRegion : 0;
            Errno error = await Command(cpu, first, TdxCommand.InitMemRegion, region, flags);
            if (error != Errno.Ok)
                return error;
            InitialPages += bytes.Length >> 12;
            user.Unmap(source);
            user.Unmap(region);
        }
        return Errno.Ok;
    }

    private HostTask<Errno> FinalizeVm(ICpu cpu) => Command(cpu, null, TdxCommand.FinalizeVm, 0);

    private async HostTask<Errno> ReadMrtd(ICpu cpu)
    {
        byte[] mrtd = new byte[48];
        for (int qword = 0; qword < 6; qword++)
        {
            SeamcallResult result = await Kernel.Tdh.MngRd(cpu, Td!.Tdr, TdFields.Mrtd(qword));
            if (!result.Ok)
                return Errno.EIO;
            BitConverter.TryWriteBytes(mrtd.AsSpan(qword * 8), result.R8);
        }
        Mrtd = mrtd;
        return Errno.Ok;
    }

    private static ulong PageBytes(GuestRegion region) => ((ulong)region.Bytes.Length + 4095) & ~4095UL;

    /// <summary>The guest's regions, then zeroed RAM up to the initial size, in runs around the regions.</summary>
    private IEnumerable<(ulong Gpa, byte[] Bytes, bool Measured)> InitialContents()
    {
        List<(ulong Start, ulong End)> taken = [];
        foreach (GuestRegion region in Config.Guest.Regions)
        {
            byte[] bytes = new byte[PageBytes(region)];
            region.Bytes.Span.CopyTo(bytes);
            taken.Add((region.Gpa, region.Gpa + (ulong)bytes.Length));
            yield return (region.Gpa, bytes, region.Measured);
        }
        ulong end = Math.Min(Config.InitialBytes, Config.MemoryBytes) & ~4095UL;
        taken.Sort();
        ulong next = 0;
        foreach ((ulong start, ulong stop) in taken)
        {
            ulong gap = Math.Min(start, end);
            if (gap > next)
                yield return (next, new byte[gap - next], true);
            next = Math.Max(next, stop);
        }
        if (end > next)
            yield return (next, new byte[end - next], true);
    }
}
