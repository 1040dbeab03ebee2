using System.Runtime.CompilerServices;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// Predicts the direction of conditional branches by counters: one by branch alone, and three tables of them tagged with
/// branch and history, of which the one with the longest matching history decides.
/// </summary>
/// <remarks>
/// After A. Seznec and P. Michaud, "A case for (partially) TAgged GEometric history length branch prediction", JILP
/// 2006. Sizes and lengths are not those of any product. An entry is a tag (31:16), two bits of usefulness (9:8) and a
/// three-bit counter (2:0) that says "taken" from 4 on. The code has no branches of its own: they would follow the guest's
/// data and disturb the host's prediction of the handlers.
/// </remarks>
internal static unsafe class DirectionPredictor
{
    /// <summary>Tables of counters; the first has no tags.</summary>
    public const int Tables = 4;

    /// <summary>Bits of a table's index.</summary>
    public const int IndexBits = 11;

    /// <summary>What an entry of the first table begins with: weakly not taken.</summary>
    public const uint Initial = 3;

    private const ulong Short = (1UL << 8) - 1, Middle = (1UL << 24) - 1;
    private const ulong Mix = 0x9E37_79B9_7F4A_7C15, Mix1 = 0xBF58_476D_1CE4_E5B9, Mix2 = 0x94D0_49BB_1331_11EB;
    private const ulong Mix3 = 0xA076_1D64_78BD_642F;
    private const uint Counter = 7, Useful = 3, WeaklyTaken = 4;
    private const int UsefulShift = 8, TagShift = 16;

    /// <summary>Learns how a branch went: 1 when it was predicted otherwise, else 0.</summary>
    /// <param name="t">The tables and the history.</param>
    /// <param name="next">Names the branch.</param>
    /// <param name="taken">1 or 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Resolve(TimingState* t, ulong next, uint taken)
    {
        ulong branch = next * Mix, history = t->History;
        t->History = (history << 1) | taken;
        ulong h1 = branch ^ ((history & Short) * Mix1), h2 = branch ^ ((history & Middle) * Mix2);
        ulong h3 = branch ^ (history * Mix3);
        uint* counters = t->Counters;
        uint at = Index(0, branch), at1 = Index(1, h1), at2 = Index(2, h2), at3 = Index(3, h3);
        uint entry = counters[at], entry1 = counters[at1], entry2 = counters[at2], entry3 = counters[at3];
        uint match1 = Match(entry1, h1), match2 = Match(entry2, h2), match3 = Match(entry3, h3);

        // the longest match decides; other is the next shorter one; longer is where a wrong one is helped out
        uint other = entry;
        uint longer = Choose(match3, at3, Choose(match2, at3, Choose(match1, at2, at1)));
        ulong hash = match2 != 0 ? h3 : match1 != 0 ? h2 : h1;
        (at, entry) = (Choose(match1, at1, at), Choose(match1, entry1, entry));
        other = Choose(match2, entry, other);
        (at, entry) = (Choose(match2, at2, at), Choose(match2, entry2, entry));
        other = Choose(match3, entry, other);
        (at, entry) = (Choose(match3, at3, at), Choose(match3, entry3, entry));

        uint counter = entry & Counter, says = counter >> 2, otherSays = (other & Counter) >> 2;
        uint useful = (entry >> UsefulShift) & Useful;
        uint isNew = IsZero(useful) & (IsZero(counter ^ 3) | IsZero(counter ^ 4));
        uint differs = says ^ otherSays, right = (says ^ taken) ^ 1;
        // saturating steps: the counter towards the outcome, usefulness up when only this table was right
        uint up = taken & (IsZero(counter ^ 7) ^ 1), down = (taken ^ 1) & (IsZero(counter) ^ 1);
        uint more = differs & right & (IsZero(useful ^ Useful) ^ 1), less = differs & (right ^ 1) & (IsZero(useful) ^ 1);
        counters[at] = entry + up - down + (more << UsefulShift) - (less << UsefulShift);
        uint wrong = ((isNew & otherSays) | ((isNew ^ 1) & says)) ^ taken;

        // a wrong prediction takes the entry of the next longer history, or makes it less useful
        uint old = counters[longer], oldUseful = (old >> UsefulShift) & Useful;
        uint fresh = (Tag(hash) << TagShift) | (WeaklyTaken - (taken ^ 1));
        uint instead = Choose(0 - IsZero(oldUseful), fresh, old - (1 << UsefulShift));
        counters[longer] = Choose((0 - wrong) & ~match3, instead, old);
        return wrong;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Index(uint table, ulong hash) => (table << IndexBits) + (uint)(hash >> (64 - IndexBits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Tag(ulong hash) => (uint)(hash >> 32 & 0xFFFF) | 1;

    /// <summary>All ones when the entry's tag is that of the hash.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Match(uint entry, ulong hash) => 0 - IsZero((entry >> TagShift) ^ Tag(hash));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Choose(uint mask, uint ifSet, uint otherwise) => otherwise ^ ((otherwise ^ ifSet) & mask);

    /// <summary>1 for zero, 0 for other numbers below 2^31.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint IsZero(uint value) => (value - 1) >> 31;
}
