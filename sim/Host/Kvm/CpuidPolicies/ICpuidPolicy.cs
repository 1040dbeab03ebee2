using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>
/// How KVM lets user space shape the CPUID of a trust domain, command by command: what CAPABILITIES shows, what INIT_VM
/// accepts, what INIT_VCPU does with its data, whether there is a GET_CPUID, what KVM_SET_CPUID2 refuses. A policy
/// keeps nothing; what INIT_VM leaves for later is in <see cref="TdFeatures"/>.
/// </summary>
public interface ICpuidPolicy
{
    /// <summary>Short name, <c>P0</c> to <c>P7</c>.</summary>
    string Id { get; }

    /// <summary>The name people use, e.g. <c>upstream</c>.</summary>
    string Name { get; }

    /// <summary>What it does, in one line.</summary>
    string Description { get; }

    /// <summary>The user interface it came with.</summary>
    KvmGeneration Generation { get; }

    /// <summary>XFAM bits supported besides those of the host's XCR0 and XSS.</summary>
    ulong ExtraXfam { get; }

    /// <summary>Who writes KVM's copy of a vCPU's CPUID.</summary>
    VcpuCpuidSource VcpuCpuid => VcpuCpuidSource.SetCpuid2;

    /// <summary>Whether KVM_SET_CPUID2 has to repeat the values INIT_VM had.</summary>
    bool RepeatsInitVm => false;

    /// <summary>Whether there is a command GET_CPUID.</summary>
    bool HasGetCpuid => true;

    /// <summary>The configurable bits CAPABILITIES shows.</summary>
    IReadOnlyList<CpuidConfig> Report(CpuidContext context);

    /// <summary>
    /// INIT_VM: checks attributes, XFAM and entries of user space and makes of them what the module gets. -EINVAL when
    /// something is not acceptable.
    /// </summary>
    Errno InitVm(CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, TdFeatures td);

    /// <summary>
    /// INIT_VCPU with user space's entries. -EINVAL where it is not the writer of the vCPU's CPUID.
    /// </summary>
    async HostTask<VcpuCpuid> InitVcpu(
        CpuidContext context, TdFeatures td, ITdCpuid module, IReadOnlyList<KvmCpuidEntry2> user) =>
        new(Errno.EINVAL, [], null);

    /// <summary>GET_CPUID: the TD's values, asked from the module.</summary>
    HostTask<CpuidReadout> GetCpuid(CpuidContext context, ITdCpuid module);

    /// <summary>What KVM_SET_CPUID2 says to new entries of a vCPU.</summary>
    Errno SetCpuid2(TdFeatures td, IReadOnlyList<KvmCpuidEntry2> entries) => Errno.Ok;

    /// <summary>The bits of a leaf that reading back can show; the others always read as 0.</summary>
    CpuidValue Visible(CpuidContext context, uint leaf, uint index) => ~default(CpuidValue);
}

/// <summary>Generations of the TDX user interface.</summary>
public enum KvmGeneration
{
    /// <summary>Before the CPUID series: raw fixed bits, 8-KiB INIT_VM without XFAM, GPA width from EAX[7:0].</summary>
    BeforeSeries,

    /// <summary>The series of 2024-08-12.</summary>
    Series,

    /// <summary>Linux 6.16.</summary>
    Linux616,
}

/// <summary>Who writes KVM's copy of a vCPU's CPUID.</summary>
public enum VcpuCpuidSource
{
    /// <summary>KVM_SET_CPUID2, as for every VM.</summary>
    SetCpuid2,

    /// <summary>INIT_VCPU: user space names leaves, KVM reads them from the TD.</summary>
    InitVcpuReads,

    /// <summary>INIT_VCPU: user space gives all values, KVM compares them with the TD.</summary>
    InitVcpuVerifies,
}

/// <summary>What a policy knows about module and host.</summary>
/// <param name="Module">The module's configurable leaves, in slot order.</param>
/// <param name="Supported">KVM_GET_SUPPORTED_CPUID of this host.</param>
/// <param name="SupportedAttributes">TD attributes KVM and the module have in common.</param>
/// <param name="SupportedXfam">XFAM bits KVM and the module have in common.</param>
public sealed record CpuidContext(
    IReadOnlyList<CpuidConfig> Module,
    IReadOnlyList<KvmCpuidEntry2> Supported,
    ulong SupportedAttributes = 0,
    ulong SupportedXfam = 0)
{
    /// <summary>Whether attributes and XFAM stay within what is supported.</summary>
    public bool Supports(TdFeatures td) =>
        (td.Attributes & ~SupportedAttributes) == 0 && (td.Xfam & ~SupportedXfam) == 0;
}

/// <summary>A TD's features on their way from INIT_VM to TD_PARAMS, and what KVM keeps of them for the vCPUs.</summary>
/// <param name="slots">How many slots TD_PARAMS.CPUID_CONFIG has.</param>
public sealed class TdFeatures(int slots)
{
    /// <summary>ATTRIBUTES; what user space asked for until a policy changes it.</summary>
    public ulong Attributes { get; set; }

    /// <summary>XFAM; likewise.</summary>
    public ulong Xfam { get; set; }

    /// <summary>TD_PARAMS.CPUID_CONFIG, one element per element of <see cref="CpuidContext.Module"/>.</summary>
    public CpuidValue[] Slots { get; } = new CpuidValue[slots];

    /// <summary>Entries of INIT_VM a policy wants again when the vCPUs come.</summary>
    public IReadOnlyList<KvmCpuidEntry2> Kept { get; set; } = [];
}

/// <summary>A TD's CPUID as the module keeps it.</summary>
public interface ITdCpuid
{
    /// <summary>Guest-physical address bits: index of the shared bit + 1.</summary>
    int GuestPhysicalBits { get; }

    /// <summary>
    /// Values of a leaf; null when the module does not let them be read. <paramref name="subleaf"/> null: none.
    /// </summary>
    HostTask<CpuidValue?> Read(uint leaf, uint? subleaf);
}

/// <summary>The answer to GET_CPUID.</summary>
/// <param name="Error">-EIO when a leaf that must be readable is not.</param>
/// <param name="Entries">The entries.</param>
public sealed record CpuidReadout(Errno Error, IReadOnlyList<KvmCpuidEntry2> Entries);

/// <summary>What INIT_VCPU made of user space's entries.</summary>
/// <param name="Error">-EINVAL when it refuses them.</param>
/// <param name="Installed">The vCPU's CPUID from now on.</param>
/// <param name="Answer">What goes back into user space's buffer; null: nothing.</param>
public sealed record VcpuCpuid(
    Errno Error, IReadOnlyList<KvmCpuidEntry2> Installed, IReadOnlyList<KvmCpuidEntry2>? Answer);

/// <summary>CPUID leaf 0x80000008, whose EAX[23:16] user space sets to choose the GPA width.</summary>
internal static class AddressSizeLeaf
{
    internal const uint Leaf = 0x8000_0008;
    internal const uint GuestBitsMask = 0x00FF_0000;

    internal static CpuidValue WithGuestBits(CpuidValue value, int bits) =>
        value with { Eax = (value.Eax & ~GuestBitsMask) | (uint)bits << 16 };

    internal static CpuidValue WithoutGuestBits(uint leaf, CpuidValue value) =>
        leaf == Leaf ? value with { Eax = value.Eax & ~GuestBitsMask } : value;

    /// <summary>A mask of configurable bits with the GPA width, which no module calls configurable.</summary>
    internal static CpuidValue WithGuestBitsMask(uint leaf, CpuidValue mask) =>
        leaf == Leaf ? mask with { Eax = mask.Eax | GuestBitsMask } : mask;
}

/// <summary>Leaves in which a hypervisor describes itself. Linux Documentation/virt/kvm/x86/cpuid.rst.</summary>
internal static class ParavirtualLeaves
{
    private const uint First = 0x4000_0000, Last = 0x4000_00FF;

    internal static bool Contains(uint leaf) => leaf is >= First and <= Last;
}
