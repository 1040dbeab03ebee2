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
    private const uint MaxSubleaf = 0x7F;

    /// <inheritdoc/>
    public string Id => "P6";

    /// <inheritdoc/>
    public string Description => "Linux 6.16: configurable bits minus TSX and WAITPKG, the module decides";

    /// <inheritdoc/>
    public ulong ExtraXfam => 0;

    /// <inheritdoc/>
    public IReadOnlyList<CpuidConfig> Report(CpuidContext context) =>
    [
        .. context.Module.Select(config => config with
        {
            SubLeaf = config.Index,
            Mask = Shown(config),
        }),
    ];

    /// <inheritdoc/>
    public Errno Fill(CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, Span<CpuidValue> slots)
    {
        int copied = 0;
        for (int i = 0; i < context.Module.Count; i++)
        {
            CpuidConfig config = context.Module[i];
            int found = IndexOf(user, config);
            if (found < 0)
                continue;
            if (IsRefused(user[found]))
                return Errno.EINVAL;
            slots[i] = AddressSizeLeaf.WithoutGuestBits(config.Leaf, user[found].Value);
            copied++;
        }
        // Counts, not names: a duplicate or an entry that fills several slots is refused as well.
        return copied == user.Count ? Errno.Ok : Errno.EINVAL;
    }

    /// <inheritdoc/>
    public async HostTask<CpuidReadout> ReadBack(CpuidContext context, ITdCpuid td)
    {
        List<KvmCpuidEntry2> entries = [];
        foreach (uint root in (uint[])[0, 0x8000_0000])
        {
            if (await td.Read(root, null) is not { } first)
                return new CpuidReadout(Errno.EIO, []);
            entries.Add(new KvmCpuidEntry2(root, 0, 0, first));
            for (uint leaf = root + 1; leaf <= first.Eax && leaf > root; leaf++)
                await ReadLeaf(td, leaf, entries);
        }
        return new CpuidReadout(Errno.Ok, entries);
    }

    private static async HostTask ReadLeaf(ITdCpuid td, uint leaf, List<KvmCpuidEntry2> entries)
    {
        if (entries.Count >= KvmUapi.MaxCpuidEntries)
            return;
        if (await td.Read(leaf, null) is { } whole)
        {
            if (leaf == AddressSizeLeaf.Leaf)
                whole = AddressSizeLeaf.WithGuestBits(whole, td.GuestPhysicalBits);
            entries.Add(new KvmCpuidEntry2(leaf, 0, 0, whole));
            return;
        }
        for (uint subleaf = 0; subleaf <= MaxSubleaf && entries.Count < KvmUapi.MaxCpuidEntries; subleaf++)
        {
            if (await td.Read(leaf, subleaf) is not { } value)
                return;
            entries.Add(new KvmCpuidEntry2(leaf, subleaf, KvmUapi.CpuidFlagSignificantIndex, value));
        }
    }

    private static CpuidValue Shown(in CpuidConfig config) => (config.Leaf, config.Index) switch
    {
        (AddressSizeLeaf.Leaf, _) => config.Mask with { Eax = config.Mask.Eax | AddressSizeLeaf.GuestBitsMask },
        (7, 0) => config.Mask with { Ebx = config.Mask.Ebx & ~HleAndRtm, Ecx = config.Mask.Ecx & ~Waitpkg },
        _ => config.Mask,
    };

    private static bool IsRefused(in KvmCpuidEntry2 entry) =>
        entry.Function == 7 && entry.Index == 0
        && ((entry.Value.Ebx & HleAndRtm) != 0 || (entry.Value.Ecx & Waitpkg) != 0);

    private static int IndexOf(IReadOnlyList<KvmCpuidEntry2> user, in CpuidConfig config)
    {
        for (int i = 0; i < user.Count; i++)
            if (user[i].Answers(config.Leaf, config.Index))
                return i;
        return -1;
    }
}
