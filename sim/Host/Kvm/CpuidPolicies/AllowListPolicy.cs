using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>
/// P7, proposed in June 2026 and not known to be merged: as Linux 6.16, but instead of a deny-list KVM has an
/// allow-list, so that a feature whose state KVM does not save cannot become usable by a module update alone.
/// </summary>
public sealed class AllowListPolicy : ICpuidPolicy
{
    /// <inheritdoc/>
    public string Id => "P7";

    /// <inheritdoc/>
    public string Name => "allow-list";

    /// <inheritdoc/>
    public string Description => "proposal of June 2026: as P6, configurable bits cut to an allow-list of KVM";

    /// <inheritdoc/>
    public KvmGeneration Generation => KvmGeneration.Linux616;

    /// <inheritdoc/>
    public ulong ExtraXfam => 0;

    /// <inheritdoc/>
    public IReadOnlyList<CpuidConfig> Report(CpuidContext context) => CpuidSlots.Shown(
        context, config => AddressSizeLeaf.WithGuestBitsMask(config.Leaf, config.Mask & Allowed(config)));

    /// <summary>A configurable bit outside the allow-list is refused; other bits are for the module to judge.</summary>
    public Errno InitVm(CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, TdFeatures td)
    {
        if (!context.Supports(td)
            || CpuidSlots.AnyOutside(context, user, config => ~(config.Mask & ~Allowed(config))))
            return Errno.EINVAL;
        return CpuidSlots.Fill(context, user, td) == user.Count ? Errno.Ok : Errno.EINVAL;
    }

    /// <inheritdoc/>
    public HostTask<CpuidReadout> GetCpuid(CpuidContext context, ITdCpuid module) => RawReadout.All(module);

    private static CpuidValue Allowed(in CpuidConfig config) => AllowedCpuid.Mask(config.Leaf, config.Index);
}
