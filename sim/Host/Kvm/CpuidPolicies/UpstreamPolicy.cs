using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>
/// P6, Linux 6.16: the module decides. KVM refuses only features whose MSRs it does not save (TSX, WAITPKG) and entries
/// the module has no slot for; values are read back unfiltered.
/// </summary>
public sealed class UpstreamPolicy : ICpuidPolicy
{
    private const uint HleAndRtm = 1U << 4 | 1U << 11, Waitpkg = 1U << 5;

    /// <inheritdoc/>
    public string Id => "P6";

    /// <inheritdoc/>
    public string Name => "upstream";

    /// <inheritdoc/>
    public string Description => "Linux 6.16: configurable bits minus TSX and WAITPKG, the module decides";

    /// <inheritdoc/>
    public KvmGeneration Generation => KvmGeneration.Linux616;

    /// <inheritdoc/>
    public ulong ExtraXfam => 0;

    /// <inheritdoc/>
    public IReadOnlyList<CpuidConfig> Report(CpuidContext context) =>
        CpuidSlots.Shown(context, config => Shown(config));

    /// <inheritdoc/>
    public Errno InitVm(CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, TdFeatures td)
    {
        if (!context.Supports(td))
            return Errno.EINVAL;
        foreach (CpuidConfig config in context.Module)
            if (CpuidSlots.Find(user, config) is { } entry && IsRefused(entry))
                return Errno.EINVAL;
        // Counts, not names: a duplicate or an entry that fills several slots is refused as well.
        return CpuidSlots.Fill(context, user, td) == user.Count ? Errno.Ok : Errno.EINVAL;
    }

    /// <inheritdoc/>
    public HostTask<CpuidReadout> GetCpuid(CpuidContext context, ITdCpuid module) => RawReadout.All(module);

    private static CpuidValue Shown(in CpuidConfig config) => (config.Leaf, config.Index) switch
    {
        (AddressSizeLeaf.Leaf, _) => AddressSizeLeaf.WithGuestBitsMask(config.Leaf, config.Mask),
        (7, 0) => config.Mask with { Ebx = config.Mask.Ebx & ~HleAndRtm, Ecx = config.Mask.Ecx & ~Waitpkg },
        _ => config.Mask,
    };

    private static bool IsRefused(in KvmCpuidEntry2 entry) =>
        entry.Function == 7 && entry.Index == 0
        && ((entry.Value.Ebx & HleAndRtm) != 0 || (entry.Value.Ecx & Waitpkg) != 0);
}
