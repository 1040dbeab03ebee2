using Seamsim.Firmware.Abi;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm;

/// <summary>Which KVM the model follows where the two differ.</summary>
public enum KvmFlavour
{
    /// <summary>Linux 6.16.</summary>
    Upstream,

    /// <summary>The 25 patches of 2024-08-12; memory and finalize commands, which it lacks, as in Linux 6.16.</summary>
    Series,
}

/// <summary>Switches of the KVM model; the default is Linux 6.16.</summary>
public sealed record KvmOptions
{
    /// <summary>Linux 6.16.</summary>
    public static KvmOptions Linux616 => new();

    /// <summary>The series as posted, all 25 patches applied.</summary>
    public static KvmOptions PostedSeries => new()
    {
        Flavour = KvmFlavour.Series,
        CpuidPolicy = new SeriesPolicy(),
        TdpLevelRule = TdpLevelRule.GuestPhysicalAddressOrMax,
        Layout = CapabilitiesLayout.Patch11,
    };

    /// <summary>
    /// The KVM a policy belongs to: P0 and P1 before the series, P2 to P5 with the series' interface, P6 and P7 with
    /// that of Linux 6.16.
    /// </summary>
    public static KvmOptions For(ICpuidPolicy policy) => policy.Generation switch
    {
        KvmGeneration.BeforeSeries => PostedSeries with
        {
            CpuidPolicy = policy,
            GpawRule = GpawRule.MaxPhysicalAddress,
            TdpLevelRule = TdpLevelRule.MaxPhysicalAddress,
            Layout = CapabilitiesLayout.Patch09,
            InitVmLayout = InitVmLayout.BeforeSeries,
        },
        KvmGeneration.Series => PostedSeries with { CpuidPolicy = policy },
        _ => Linux616 with { CpuidPolicy = policy },
    };

    /// <summary>Command numbers and error rows.</summary>
    public KvmFlavour Flavour { get; init; } = KvmFlavour.Upstream;

    /// <summary>How user space shapes CPUID.</summary>
    public ICpuidPolicy CpuidPolicy { get; init; } = new UpstreamPolicy();

    /// <summary>How INIT_VM finds the GPA width.</summary>
    public GpawRule GpawRule { get; init; } = GpawRule.GuestPhysicalAddress;

    /// <summary>How the level of the shared EPT is found.</summary>
    public TdpLevelRule TdpLevelRule { get; init; } = TdpLevelRule.GuestPhysicalAddress;

    /// <summary>Layout of struct kvm_tdx_capabilities.</summary>
    public CapabilitiesLayout Layout { get; init; } = CapabilitiesLayout.Linux616;

    /// <summary>Layout of struct kvm_tdx_init_vm.</summary>
    public InitVmLayout InitVmLayout { get; init; } = InitVmLayout.Series;

    /// <summary>
    /// Refuse modules without TOPOLOGY_ENUM (TDX_FEATURES0 bit 20), as Linux 6.16 does. Off, so that module 1.5.01,
    /// which is older than the feature, can be used.
    /// </summary>
    public bool RequireTopologyEnum { get; init; }

    /// <summary>
    /// Compare VP.ENTER statuses with the literals of Linux 6.16's header instead of the module's table; two differ, so
    /// that a triple fault becomes an internal error there.
    /// </summary>
    public bool LiteralStatusValues { get; init; }

    /// <summary>TD attributes KVM supports.</summary>
    public ulong SupportedAttributes { get; init; } = TdAttributes.SeptVeDisable;

    /// <summary>
    /// TDs the misc cgroup controller allows; null: as many as there are KeyIDs. 0 is capacity 0 (-EINVAL).
    /// </summary>
    public int? CgroupLimit { get; init; }

    /// <summary>TSC frequency TDs get, in kHz (KVM_SET_TSC_KHZ default).</summary>
    public int DefaultTscKhz { get; init; } = 2_000_000;

    /// <summary>
    /// The number of a sub-command of KVM_MEMORY_ENCRYPT_OP, or null when the kernel does not have it.
    /// </summary>
    public TdxCommand? CommandOf(uint id) => Flavour == KvmFlavour.Upstream
        ? id switch
        {
            0 => TdxCommand.Capabilities,
            1 => TdxCommand.InitVm,
            2 => TdxCommand.InitVcpu,
            3 => TdxCommand.InitMemRegion,
            4 => TdxCommand.FinalizeVm,
            5 => TdxCommand.GetCpuid,
            _ => null,
        }
        : id switch
        {
            0 => TdxCommand.Capabilities,
            1 => TdxCommand.InitVm,
            2 => TdxCommand.InitVcpu,
            3 => TdxCommand.GetCpuid,
            // Assumed: the posting ends at 3, and its tree needs the two to run a TD. Before it, too: no source at hand
            // gives the numbers of those versions.
            4 => TdxCommand.FinalizeVm,
            5 => TdxCommand.InitMemRegion,
            _ => null,
        };

    /// <summary>The number user space has to use for a sub-command.</summary>
    public uint IdOf(TdxCommand command)
    {
        for (uint id = 0; ; id++)
            if (CommandOf(id) == command)
                return id;
    }
}
