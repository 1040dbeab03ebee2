using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm;

/// <summary>kvm_intel, loaded with tdx=1: what TDX is worth on this host, and /dev/kvm.</summary>
public sealed class KvmModule
{
    private const uint MsrEptVpidCap = 0x48C;
    private const ulong EptFourLevels = 1UL << 6, EptFiveLevels = 1UL << 7, EptAccessedDirty = 1UL << 21;
    private const ulong Xcr0OfKvm = 0x606FF, TopologyEnum = 1UL << 20;
    private readonly List<KvmTdx> vms = [];

    private KvmModule(HostKernel kernel, KvmOptions options)
    {
        Kernel = kernel;
        Options = options;
        kernel.Cpus.GoingDown = FlushVcpusOf;
    }

    /// <summary>The kernel below.</summary>
    public HostKernel Kernel { get; }

    /// <summary>Which KVM this is.</summary>
    public KvmOptions Options { get; }

    /// <summary>Whether TDs can be created; false leaves ordinary VMs.</summary>
    public bool TdxEnabled { get; private set; }

    /// <summary>Whether the processors have five-level EPT (IA32_VMX_EPT_VPID_CAP bit 7).</summary>
    public bool HasFiveLevelEpt { get; private set; }

    /// <summary>Levels of the largest EPT.</summary>
    public int MaxTdpLevel => HasFiveLevelEpt ? 5 : 4;

    /// <summary>XFAM bits of the host's XCR0 and XSS that KVM supports.</summary>
    public ulong HostXfeatures { get; private set; }

    /// <summary>KVM_GET_SUPPORTED_CPUID.</summary>
    public IReadOnlyList<KvmCpuidEntry2> SupportedCpuid { get; private set; } = [];

    /// <summary>TD attributes user space may set; 0 when the module forces one KVM does not know.</summary>
    public ulong SupportedAttributes => Supported(
        Options.SupportedAttributes, Kernel.Tdx.Info.AttributesFixed0, Kernel.Tdx.Info.AttributesFixed1);

    /// <summary>XFAM bits user space may set; 0 when the module forces one KVM does not know.</summary>
    public ulong SupportedXfam => Supported(
        HostXfeatures | Options.CpuidPolicy.ExtraXfam, Kernel.Tdx.Info.XfamFixed0, Kernel.Tdx.Info.XfamFixed1);

    /// <summary>What a CPUID policy looks at.</summary>
    public CpuidContext CpuidContext => new(
        Kernel.Tdx.Info.CpuidConfigs, SupportedCpuid, SupportedAttributes, SupportedXfam);

    /// <summary>TDs that hold a cgroup charge.</summary>
    internal int CgroupCharge { get; set; }

    /// <summary>
    /// Loads kvm_intel with tdx=1. A missing precondition or a missing module leaves TDX off; with Linux 6.16 any later
    /// failure of bring-up fails the load, with the series it also only leaves TDX off.
    /// </summary>
    /// <returns>The error of the load, and KVM when there is none.</returns>
    public static async HostTask<(Errno Error, KvmModule? Kvm)> Load(
        HostKernel kernel, ICpu cpu, KvmOptions options, TdxModuleImage? module)
    {
        KvmModule kvm = new(kernel, options);
        await kvm.ProbeProcessor(cpu);
        Errno error = await Missing(cpu) is { } missing
            ? kvm.Say(cpu, $"tdx: {missing} is required for TDX", Errno.ENODEV)
            : await kernel.Tdx.BringUp(cpu, module);
        if (error == Errno.Ok)
            error = kvm.CheckModule(cpu);
        kvm.TdxEnabled = error == Errno.Ok;
        bool fatal = error is not (Errno.Ok or Errno.ENODEV) && options.Flavour == KvmFlavour.Upstream;
        return fatal ? (error, null) : (Errno.Ok, kvm);
    }

    /// <summary>KVM_CREATE_VM: type 0 or 5; no SEAMCALL. -EINVAL for another type, or 5 without TDX.</summary>
    public (Errno Error, KvmVm? Vm) CreateVm(ulong type)
    {
        switch ((KvmVmType)type)
        {
            case KvmVmType.Default:
                return (Errno.Ok, new KvmDefaultVm(this));
            case KvmVmType.Tdx when TdxEnabled:
                KvmTdx vm = new(this);
                vms.Add(vm);
                return (Errno.Ok, vm);
            default:
                return (Errno.EINVAL, null);
        }
    }

    /// <summary>KVM_CHECK_EXTENSION on /dev/kvm.</summary>
    public int CheckExtension(KvmCap capability) => capability switch
    {
        KvmCap.MaxVcpus => KvmUapi.MaxVcpus,
        KvmCap.VmTypes => 1 | (TdxEnabled ? 1 << (int)KvmVmType.Tdx : 0),
        KvmCap.SplitIrqchip => 1,
        KvmCap.ExitHypercall => 1 << (int)KvmUapi.HypercallMapGpaRange,
        _ => 0,
    };

    internal void Forget(KvmTdx vm) => vms.Remove(vm);

    private async HostTask ProbeProcessor(ICpu cpu)
    {
        HasFiveLevelEpt = ((await cpu.Rdmsr(MsrEptVpidCap) ?? 0) & EptFiveLevels) != 0;
        CpuidValue xsave = await cpu.Cpuid(0xD);
        HostXfeatures = ((ulong)xsave.Edx << 32 | xsave.Eax) & Xcr0OfKvm;
        SortedDictionary<(uint, uint), CpuidValue> native = [];
        foreach ((uint leaf, uint subleaf) in CpuidPolicies.SupportedCpuid.NativeLeaves)
            native[(leaf, subleaf)] = await cpu.Cpuid(leaf, subleaf);
        SupportedCpuid = CpuidPolicies.SupportedCpuid.Build(
            (leaf, subleaf) => native.GetValueOrDefault((leaf, subleaf)), HasFiveLevelEpt);
    }

    private static async HostTask<string?> Missing(ICpu cpu)
    {
        ulong ept = await cpu.Rdmsr(MsrEptVpidCap) ?? 0;
        if ((ept & EptFourLevels) == 0)
            return "EPT";
        if ((ept & EptAccessedDirty) == 0)
            return "EPT accessed and dirty flags";
        CpuidValue features = await cpu.Cpuid(1), extended = await cpu.Cpuid(7);
        if ((features.Ecx & 1U << 26) == 0)
            return "XSAVE";
        if ((features.Edx & 1U << 27) == 0)
            return "self-snoop";
        return (extended.Ecx & 1U << 28) == 0 ? "MOVDIR64B" : null;
    }

    private Errno CheckModule(ICpu cpu)
    {
        TdxSysInfo info = Kernel.Tdx.Info;
        if (SupportedAttributes == 0 && info.AttributesFixed1 != 0)
            return Say(cpu, "tdx: the module forces attributes KVM does not know", Errno.EIO);
        if (SupportedXfam == 0)
            return Say(cpu, "tdx: the module forces extended features KVM does not know", Errno.EIO);
        if (Options.RequireTopologyEnum && (info.Features0 & TopologyEnum) == 0)
            return Say(cpu, "tdx: the module does not support TOPOLOGY_ENUM", Errno.EINVAL);
        if (Options.Flavour == KvmFlavour.Upstream && info.MaxVcpusPerTd < Kernel.Platform.Cpus.Count)
            return Say(cpu, "tdx: the module supports fewer vCPUs per TD than there are CPUs", Errno.EINVAL);
        return Errno.Ok;
    }

    private Errno Say(ICpu cpu, string text, Errno error)
    {
        Kernel.Log(cpu, "kvm_intel: " + text);
        return error;
    }

    private async HostTask<Errno> FlushVcpusOf(ICpu cpu)
    {
        foreach (KvmTdx vm in vms)
            foreach (VcpuTdx vcpu in vm.TdVcpus)
                if (vcpu.AssociatedCpu == cpu)
                    await vcpu.Flush(cpu);
        return Errno.Ok;
    }

    private static ulong Supported(ulong known, ulong fixed0, ulong fixed1) =>
        (fixed1 & ~known) != 0 ? 0 : known & fixed0;
}
