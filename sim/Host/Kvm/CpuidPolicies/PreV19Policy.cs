using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>
/// P0, the patches before v19: user space hands in the guest's whole CPUID, KVM passes on what the module calls
/// configurable, drops the rest without a word and derives XFAM from feature bits. Nothing is checked afterwards.
/// </summary>
public sealed class PreV19Policy : ICpuidPolicy
{
    /// <summary>XFAM bits KVM offered TDs whatever its own XSS: PT and CET. Assumed: those of the series.</summary>
    internal const ulong ExtraComponents = 1UL << 8 | 1UL << 11 | 1UL << 12;

    /// <inheritdoc/>
    public string Id => "P0";

    /// <inheritdoc/>
    public string Name => "pre-v19";

    /// <inheritdoc/>
    public string Description => "before v19: whole CPUID in, the rest silently dropped, XFAM derived";

    /// <inheritdoc/>
    public KvmGeneration Generation => KvmGeneration.BeforeSeries;

    /// <inheritdoc/>
    public ulong ExtraXfam => ExtraComponents;

    /// <summary>Derive attributes (PKS) from CPUID as well, as the cover letter has it; they are added.</summary>
    public bool DerivesAttributes { get; init; }

    /// <inheritdoc/>
    public bool HasGetCpuid => false;

    /// <inheritdoc/>
    public IReadOnlyList<CpuidConfig> Report(CpuidContext context) => context.Module;

    /// <inheritdoc/>
    public Errno InitVm(CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, TdFeatures td)
    {
        Derive(context, user, td, DerivesAttributes);
        return Errno.Ok;
    }

    /// <inheritdoc/>
    public async HostTask<CpuidReadout> GetCpuid(CpuidContext context, ITdCpuid module) => new(Errno.EINVAL, []);

    /// <summary>
    /// Configurable bits, and XFAM as far as supported. Attributes go to the module as they are: KVM only reported the
    /// module's fixed bits (assumed).
    /// </summary>
    internal static void Derive(
        CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, TdFeatures td, bool attributes)
    {
        CpuidSlots.Fill(context, user, td);
        for (int i = 0; i < td.Slots.Length; i++)
            td.Slots[i] &= context.Module[i].Mask;
        td.Xfam = DerivedFeatures.Xfam(user) & context.SupportedXfam;
        if (attributes)
            td.Attributes |= DerivedFeatures.Attributes(user);
    }
}
