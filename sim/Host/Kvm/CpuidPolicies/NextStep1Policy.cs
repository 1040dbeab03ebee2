using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>
/// P4, the first step after the series as its cover letter proposes it: KVM shows and takes whatever the module calls
/// configurable, and reads back unfiltered.
/// </summary>
public sealed class NextStep1Policy : ICpuidPolicy
{
    /// <inheritdoc/>
    public string Id => "P4";

    /// <inheritdoc/>
    public string Name => "next1";

    /// <inheritdoc/>
    public string Description => "next step 1: the module decides, values are read back unfiltered";

    /// <inheritdoc/>
    public KvmGeneration Generation => KvmGeneration.Series;

    /// <inheritdoc/>
    public ulong ExtraXfam => PreV19Policy.ExtraComponents;

    /// <inheritdoc/>
    public IReadOnlyList<CpuidConfig> Report(CpuidContext context) =>
        CpuidSlots.Shown(context, config => AddressSizeLeaf.WithGuestBitsMask(config.Leaf, config.Mask));

    /// <summary>Entries without a slot are ignored, as in the series.</summary>
    public Errno InitVm(CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, TdFeatures td)
    {
        if (!context.Supports(td))
            return Errno.EINVAL;
        CpuidSlots.Fill(context, user, td);
        return Errno.Ok;
    }

    /// <summary>All leaves the TD has; assumed to be those Linux 6.16 asks for.</summary>
    public HostTask<CpuidReadout> GetCpuid(CpuidContext context, ITdCpuid module) => RawReadout.All(module);
}
