using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>
/// P3, the CPUID series of August 2024 (patches 19 to 21, 24, 25): only bits KVM itself supports may be configured, and
/// only leaves and bits KVM knows are read back.
/// </summary>
public sealed class SeriesPolicy : ICpuidPolicy
{
    private const ulong ProcessorTrace = 1UL << 8, CetUser = 1UL << 11, CetSupervisor = 1UL << 12;

    /// <inheritdoc/>
    public string Id => "P3";

    /// <inheritdoc/>
    public string Name => "poc2";

    /// <inheritdoc/>
    public string Description => "series of 2024-08-12: configurable bits that KVM supports";

    /// <inheritdoc/>
    public KvmGeneration Generation => KvmGeneration.Series;

    /// <inheritdoc/>
    public ulong ExtraXfam => ProcessorTrace | CetUser | CetSupervisor;

    /// <inheritdoc/>
    public IReadOnlyList<CpuidConfig> Report(CpuidContext context) =>
        CpuidSlots.Shown(context, config => Configurable(context, config));

    /// <summary>Entries without a slot are ignored.</summary>
    public Errno InitVm(CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, TdFeatures td)
    {
        if (!context.Supports(td) || CpuidSlots.AnyOutside(context, user, config => Configurable(context, config)))
            return Errno.EINVAL;
        CpuidSlots.Fill(context, user, td);
        return Errno.Ok;
    }

    /// <inheritdoc/>
    public async HostTask<CpuidReadout> GetCpuid(CpuidContext context, ITdCpuid module)
    {
        List<KvmCpuidEntry2> entries = [];
        foreach (KvmCpuidEntry2 known in Widened(context))
        {
            uint? subleaf = known.IndexIsSignificant ? known.Index : null;
            if (await module.Read(known.Function, subleaf) is not { } value)
                continue;
            value &= known.Value;
            if (known.Function == AddressSizeLeaf.Leaf)
                value = AddressSizeLeaf.WithGuestBits(value, module.GuestPhysicalBits);
            entries.Add(known with { Value = value });
        }
        return new CpuidReadout(Errno.Ok, entries);
    }

    /// <inheritdoc/>
    public CpuidValue Visible(CpuidContext context, uint leaf, uint index)
    {
        foreach (KvmCpuidEntry2 known in Widened(context))
            if (known.Answers(leaf, index))
                return known.Value;
        return default;
    }

    /// <summary>
    /// The module's mask cut to what KVM supports. In 0x80000008.EAX[23:16] the supported value is a number of bits
    /// that the series uses as if it were a mask, which is why a 46-bit host can configure neither 48 nor 52.
    /// </summary>
    private CpuidValue Configurable(CpuidContext context, in CpuidConfig config) =>
        AddressSizeLeaf.WithGuestBitsMask(config.Leaf, config.Mask) & Visible(context, config.Leaf, config.Index);

    private static IEnumerable<KvmCpuidEntry2> Widened(CpuidContext context) =>
        context.Supported.Select(entry => entry with { Value = entry.Value | SupportedCpuid.Widening(entry) });
}
