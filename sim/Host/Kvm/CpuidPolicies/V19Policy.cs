using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>
/// P1, v19: as before v19, but KVM keeps INIT_VM's entries, and KVM_SET_CPUID2 may not contradict them.
/// </summary>
public sealed class V19Policy : ICpuidPolicy
{
    /// <inheritdoc/>
    public string Id => "P1";

    /// <inheritdoc/>
    public string Name => "v19";

    /// <inheritdoc/>
    public string Description => "v19: as P0, and KVM_SET_CPUID2 must repeat the leaves of INIT_VM";

    /// <inheritdoc/>
    public KvmGeneration Generation => KvmGeneration.BeforeSeries;

    /// <inheritdoc/>
    public ulong ExtraXfam => PreV19Policy.ExtraComponents;

    /// <summary>Derive attributes (PKS) from CPUID as well, as the cover letter has it; they are added.</summary>
    public bool DerivesAttributes { get; init; }

    /// <inheritdoc/>
    public bool RepeatsInitVm => true;

    /// <inheritdoc/>
    public bool HasGetCpuid => false;

    /// <inheritdoc/>
    public IReadOnlyList<CpuidConfig> Report(CpuidContext context) => context.Module;

    /// <inheritdoc/>
    public Errno InitVm(CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, TdFeatures td)
    {
        PreV19Policy.Derive(context, user, td, DerivesAttributes);
        td.Kept = user;
        return Errno.Ok;
    }

    /// <inheritdoc/>
    public async HostTask<CpuidReadout> GetCpuid(CpuidContext context, ITdCpuid module) => new(Errno.EINVAL, []);

    /// <summary>
    /// -EINVAL when a leaf INIT_VM had too has another value. Leaves only one of the two has are nobody's business.
    /// </summary>
    public Errno SetCpuid2(TdFeatures td, IReadOnlyList<KvmCpuidEntry2> entries)
    {
        foreach (KvmCpuidEntry2 entry in entries)
            foreach (KvmCpuidEntry2 kept in td.Kept)
                if (kept.Function == entry.Function && kept.Index == entry.Index && kept.Value != entry.Value)
                    return Errno.EINVAL;
        return Errno.Ok;
    }
}
