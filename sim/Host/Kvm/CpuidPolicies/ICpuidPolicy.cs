using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>
/// How KVM lets user space shape the CPUID of a trust domain: what it reports, checks and reads back.
/// </summary>
public interface ICpuidPolicy
{
    /// <summary>Short name, e.g. <c>P6</c>.</summary>
    string Id { get; }

    /// <summary>Whose policy it is.</summary>
    string Description { get; }

    /// <summary>XFAM bits supported besides those of the host's XCR0 and XSS.</summary>
    ulong ExtraXfam { get; }

    /// <summary>The configurable bits CAPABILITIES shows.</summary>
    IReadOnlyList<CpuidConfig> Report(CpuidContext context);

    /// <summary>
    /// INIT_VM: checks user space's entries and fills the slots of TD_PARAMS, one per element of
    /// <see cref="CpuidContext.Module"/>. -EINVAL when an entry is not acceptable.
    /// </summary>
    Errno Fill(CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, Span<CpuidValue> slots);

    /// <summary>GET_CPUID: the TD's values, asked from the module.</summary>
    HostTask<CpuidReadout> ReadBack(CpuidContext context, ITdCpuid td);
}

/// <summary>What a policy knows about module and host.</summary>
/// <param name="Module">The module's configurable leaves, in slot order.</param>
/// <param name="Supported">KVM_GET_SUPPORTED_CPUID of this host.</param>
public sealed record CpuidContext(IReadOnlyList<CpuidConfig> Module, IReadOnlyList<KvmCpuidEntry2> Supported);

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

/// <summary>CPUID leaf 0x80000008, whose EAX[23:16] user space sets to choose the GPA width.</summary>
internal static class AddressSizeLeaf
{
    internal const uint Leaf = 0x8000_0008;
    internal const uint GuestBitsMask = 0x00FF_0000;

    internal static CpuidValue WithGuestBits(CpuidValue value, int bits) =>
        value with { Eax = (value.Eax & ~GuestBitsMask) | (uint)bits << 16 };

    internal static CpuidValue WithoutGuestBits(uint leaf, CpuidValue value) =>
        leaf == Leaf ? value with { Eax = value.Eax & ~GuestBitsMask } : value;
}
