using System.Globalization;
using Seamsim.Isa;

namespace Seamsim.Host.Kernel;

/// <summary>How far <see cref="TdxHost.Enable"/> came.</summary>
public enum TdxState
{
    /// <summary>Not tried.</summary>
    Uninitialized,

    /// <summary>TDs can be created.</summary>
    Initialized,

    /// <summary>Failed; the module cannot be configured twice, so this is for good.</summary>
    Error,
}

/// <summary>
/// TDX in the host kernel: boot-time detection, module load, per-processor and global initialization.
/// </summary>
/// <remarks>Linux arch/x86/virt/vmx/tdx/tdx.c and Documentation/arch/x86/tdx.rst.</remarks>
public sealed partial class TdxHost
{
    private const uint MsrKeyIdPartitioning = 0x87, MsrTmeActivate = 0x982, MsrVmxBasic = 0x480;
    private readonly HostKernel kernel;
    private readonly bool[] lpInitialized;
    private readonly SortedDictionary<int, Hpa> vmxonRegions = [];
    private Errno? sysInit;
    private bool booted;

    internal TdxHost(HostKernel kernel)
    {
        this.kernel = kernel;
        lpInitialized = new bool[kernel.Platform.Cpus.Count];
    }

    /// <summary>Whether the kernel was built to hibernate; TDX and hibernation exclude each other.</summary>
    public bool HibernationAvailable { get; set; }

    /// <summary>The private KeyIDs; null when boot found none or TDX is off.</summary>
    public KeyIdAllocator? KeyIds { get; private set; }

    /// <summary>Physical-address bits left for addresses: MAXPHYADDR without the KeyID bits.</summary>
    public int PhysicalBits { get; private set; }

    /// <summary>MAXPHYADDR as CPUID says it, KeyID bits included.</summary>
    public int MaxPhysicalAddress { get; private set; }

    /// <summary>Sapphire and Emerald Rapids: a partial write to a private page poisons it, so pages are cleared with
    /// MOVDIR64B before they are used again.</summary>
    public bool PartialWriteErratum { get; private set; }

    /// <summary>Whether ACPI S3 is off (it would lose the keys).</summary>
    public bool SuspendToRamDisabled { get; private set; }

    /// <summary>How far initialization came.</summary>
    public TdxState State { get; private set; }

    /// <summary>What the module says about itself; set by <see cref="Enable"/>.</summary>
    public TdxSysInfo Info { get; private set; } = new();

    /// <summary>The TDMRs handed to the module.</summary>
    public IReadOnlyList<Tdmr> Tdmrs { get; private set; } = [];

    /// <summary>RAM the module may use: what hot-added memory must lie in.</summary>
    public IReadOnlyList<(ulong Base, ulong Bytes)> MemoryList { get; private set; } = [];

    /// <summary>
    /// Boot, once: finds the private KeyIDs. Without at least two, TDX is off and nothing else happens.
    /// </summary>
    public async HostTask Boot(ICpu cpu)
    {
        if (booted)
            return;
        booted = true;
        CpuidValue sizes = await cpu.Cpuid(0x8000_0008);
        MaxPhysicalAddress = (int)(sizes.Eax & 0xFF);
        PhysicalBits = MaxPhysicalAddress - (int)((await cpu.Rdmsr(MsrTmeActivate) ?? 0) >> 32 & 0xF);
        if (await cpu.Rdmsr(MsrKeyIdPartitioning) is not { } partitioning || partitioning >> 32 == 0)
            return;
        KeyIds = KeyIdAllocator.FromPartitioning(partitioning);
        uint first = (uint)partitioning + 1, count = (uint)(partitioning >> 32);
        kernel.Log(cpu, string.Create(
            CultureInfo.InvariantCulture, $"virt/tdx: BIOS enabled: private KeyID range [{first}, {first + count})"));
        if (KeyIds is null)
        {
            kernel.Log(cpu, "virt/tdx: initialization failed: too few private KeyIDs available.");
            return;
        }
        if (HibernationAvailable)
        {
            kernel.Log(cpu, "virt/tdx: initialization failed: Hibernation support is enabled");
            KeyIds = null;
            return;
        }
        SuspendToRamDisabled = true;
        kernel.Log(cpu, "virt/tdx: Disable ACPI S3. Turn off TDX in the BIOS to use ACPI S3.");
        PartialWriteErratum = HasPartialWriteErratum((await cpu.Cpuid(1)).Eax);
    }

    /// <summary>
    /// From reset to a usable module: boot detection, VMXON, module load (unless firmware did it), SYS.INIT, LP.INIT,
    /// <see cref="Enable"/>. -ENODEV when the platform has no TDX or no module is loaded.
    /// </summary>
    public async HostTask<Errno> BringUp(ICpu cpu, TdxModuleImage? module)
    {
        await Boot(cpu);
        if (KeyIds is null)
            return Errno.ENODEV;
        Errno error = await kernel.OnEachCpu(cpu, VirtualizationOn);
        if (error == Errno.Ok && module is not null)
            error = await new SeamLoader(kernel).Install(cpu, module);
        if (error == Errno.Ok)
            error = await InitializeCpus(cpu);
        return error == Errno.Ok ? await Enable(cpu) : error;
    }

    /// <summary>VMXON on every online processor, then SYS.INIT once and SYS.LP.INIT everywhere.</summary>
    public async HostTask<Errno> InitializeCpus(ICpu cpu)
    {
        Errno error = await kernel.OnEachCpu(cpu, VirtualizationOn);
        return error == Errno.Ok ? await kernel.OnEachCpu(cpu, InitializeLp) : error;
    }

    /// <summary>VMXON on this processor.</summary>
    public async HostTask<Errno> VirtualizationOn(ICpu cpu)
    {
        if (vmxonRegions.ContainsKey(cpu.Index))
            return Errno.Ok;
        if (!kernel.TryZeroedPage(out Hpa region))
            return Errno.ENOMEM;
        ulong revision = (await cpu.Rdmsr(MsrVmxBasic) ?? 0) & 0x7FFF_FFFF;
        kernel.Platform.Memory.Write(region, BitConverter.GetBytes((uint)revision));
        cpu.Gpr(0) = region.Value;
        await cpu.Execute(Stub.Vmxon);
        if (cpu.StubException >= 0 || (cpu.Rflags & 0x41) != 0)
        {
            kernel.Pages.Free(region);
            kernel.Log(cpu, string.Create(CultureInfo.InvariantCulture, $"kvm_intel: VMXON failed on CPU {cpu.Index}"));
            return Errno.EIO;
        }
        vmxonRegions.Add(cpu.Index, region);
        return Errno.Ok;
    }

    /// <summary>VMXOFF on this processor.</summary>
    public async HostTask<Errno> VirtualizationOff(ICpu cpu)
    {
        if (!vmxonRegions.Remove(cpu.Index, out Hpa region))
            return Errno.Ok;
        await cpu.Execute(Stub.Vmxoff);
        kernel.Pages.Free(region);
        return Errno.Ok;
    }

    /// <summary>What a processor does when it comes online: VMXON, and LP.INIT if TDX is in use.</summary>
    public async HostTask<Errno> CpuComesOnline(ICpu cpu)
    {
        Errno error = await VirtualizationOn(cpu);
        return error == Errno.Ok && sysInit is not null ? await InitializeLp(cpu) : error;
    }

    /// <summary>
    /// Memory hot-add after TDX is on: only RAM the module already covers (patch-independent, Linux tdx.rst).
    /// </summary>
    public Errno HotAddMemory(ICpu cpu, ulong start, ulong bytes)
    {
        if (State != TdxState.Initialized)
            return Errno.Ok;
        foreach ((ulong low, ulong size) in MemoryList)
            if (start >= low && start + bytes <= low + size)
                return Errno.Ok;
        kernel.Log(cpu, string.Create(
            CultureInfo.InvariantCulture, $"virt/tdx: memory 0x{start:x}+0x{bytes:x} is not TDX memory"));
        return Errno.EPERM;
    }

    private async HostTask<Errno> InitializeLp(ICpu cpu)
    {
        if (lpInitialized[cpu.Index])
            return Errno.Ok;
        // The result of the one SYS.INIT is kept, good or bad: the module refuses a second try.
        sysInit ??= Report(cpu, SeamcallLeaf.TDH_SYS_INIT, default, await kernel.Tdh.SysInit(cpu));
        if (sysInit != Errno.Ok)
            return sysInit.Value;
        Errno error = Report(cpu, SeamcallLeaf.TDH_SYS_LP_INIT, default, await kernel.Tdh.SysLpInit(cpu));
        lpInitialized[cpu.Index] = error == Errno.Ok;
        return error;
    }

    private Errno Report(ICpu cpu, SeamcallLeaf leaf, in SeamcallArguments arguments, in SeamcallResult result)
    {
        Errno error = SoftwareStatus.ToErrno(result.Status);
        switch (error)
        {
            case Errno.Ok:
                break;
            case Errno.ENODEV:
                kernel.Log(cpu, "virt/tdx: module not loaded");
                break;
            default:
                kernel.Printer.Print(cpu, leaf, arguments, result, 3);
                break;
        }
        return error;
    }

    private static bool HasPartialWriteErratum(uint signature)
    {
        uint family = signature >> 8 & 0xF, model = (signature >> 4 & 0xF) | (signature >> 12 & 0xF0);
        return family == 6 && model is 0x8F or 0xCF;
    }
}
