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
    public string Description => "series of 2024-08-12: configurable bits that KVM supports";

    /// <inheritdoc/>
    public ulong ExtraXfam => ProcessorTrace | CetUser | CetSupervisor;

    /// <inheritdoc/>
    public IReadOnlyList<CpuidConfig> Report(CpuidContext context) =>
    [
        .. context.Module.Select(config => config with
        {
            SubLeaf = config.Index,
            Mask = Configurable(context, config),
        }),
    ];

    /// <inheritdoc/>
    public Errno Fill(CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, Span<CpuidValue> slots)
    {
        for (int i = 0; i < context.Module.Count; i++)
        {
            CpuidConfig config = context.Module[i];
            foreach (KvmCpuidEntry2 entry in user)
            {
                if (!entry.Answers(config.Leaf, config.Index))
                    continue;
                if ((entry.Value & ~Configurable(context, config)) != default)
                    return Errno.EINVAL;
                slots[i] = AddressSizeLeaf.WithoutGuestBits(config.Leaf, entry.Value);
                break;
            }
        }
        return Errno.Ok;
    }

    /// <inheritdoc/>
    public async HostTask<CpuidReadout> ReadBack(CpuidContext context, ITdCpuid td)
    {
        List<KvmCpuidEntry2> entries = [];
        foreach (KvmCpuidEntry2 known in Widened(context))
        {
            uint? subleaf = known.IndexIsSignificant ? known.Index : null;
            if (await td.Read(known.Function, subleaf) is not { } value)
                continue;
            value &= known.Value;
            if (known.Function == AddressSizeLeaf.Leaf)
                value = AddressSizeLeaf.WithGuestBits(value, td.GuestPhysicalBits);
            entries.Add(known with { Value = value });
        }
        return new CpuidReadout(Errno.Ok, entries);
    }

    /// <summary>
    /// The module's mask cut to what KVM supports. In 0x80000008.EAX[23:16] the supported value is a number of bits
    /// that the series uses as if it were a mask, which is why a 46-bit host can configure neither 48 nor 52.
    /// </summary>
    private static CpuidValue Configurable(CpuidContext context, in CpuidConfig config)
    {
        CpuidValue mask = config.Mask;
        if (config.Leaf == AddressSizeLeaf.Leaf)
            mask = mask with { Eax = mask.Eax | AddressSizeLeaf.GuestBitsMask };
        foreach (KvmCpuidEntry2 known in Widened(context))
            if (known.Answers(config.Leaf, config.Index))
                return mask & known.Value;
        return default;
    }

    private static IEnumerable<KvmCpuidEntry2> Widened(CpuidContext context) =>
        context.Supported.Select(entry => entry with { Value = entry.Value | SupportedCpuid.Widening(entry) });
}
