using System.Runtime.CompilerServices;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// Predicts the direction of conditional branches by counters: one by branch alone, and three tables of them tagged with
/// branch and history, of which the one with the longest matching history decides.
/// </summary>
/// <remarks>
/// After A. Seznec and P. Michaud, "A case for (partially) TAgged GEometric history length branch prediction", JILP
/// 2006. Sizes and lengths are not those of any product. An entry is a tag (31:16), two bits of usefulness (9:8) and a
/// three-bit counter (2:0) that says "taken" from 4 on. A counter that is saturated and right learns nothing; an
/// entry is useful as often as it was right, and a new one that is undecided leaves it to the branch alone.
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
    private const uint Counter = 7, Useful = 3 << 8, OneUseful = 1 << 8, Direction = 4;
    private const int TagShift = 16;

    /// <summary>Learns how a branch went: 1 when it was predicted otherwise, else 0.</summary>
    /// <param name="t">The tables and the history.</param>
    /// <param name="next">Names the branch.</param>
    /// <param name="taken">1 or 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Resolve(TimingState* t, ulong next, uint taken)
    {
        ulong branch = next * Mix, history = t->History;
        t->History = (history << 1) | taken;
        uint* counters = t->Counters;
        uint settled = (0 - taken) & Counter;
        ulong h3 = branch ^ (history * Mix3), h2 = branch ^ ((history & Middle) * Mix2);
        uint* hit = counters + Index(3, h3);
        int table = 3;
        if (!Matches(*hit, h3))
        {
            hit = counters + Index(2, h2);
            table = 2;
            if (!Matches(*hit, h2))
            {
                ulong h1 = branch ^ ((history & Short) * Mix1);
                hit = counters + Index(1, h1);
                table = 1;
                if (!Matches(*hit, h1))
                {
                    hit = counters + Index(0, branch);
                    table = 0;
                }
            }
        }
        return (*hit & Counter) == settled ? 0 : Learn(counters, hit, table, branch, history, taken);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint Learn(uint* counters, uint* hit, int table, ulong branch, ulong history, uint taken)
    {
        uint entry = *hit, counter = entry & Counter, says = counter / Direction, right = says ^ taken ^ 1;
        entry += (taken * (counter != Counter ? 1u : 0)) - ((taken ^ 1) * (counter != 0 ? 1u : 0));
        if (table != 0)
        {
            uint useful = entry & Useful;
            entry += (right * (useful != Useful ? OneUseful : 0)) - ((right ^ 1) * (useful != 0 ? OneUseful : 0));
            // a new entry that has not made up its mind leaves it to the branch alone
            if (useful == 0 && counter is 3 or 4)
                right = (counters[Index(0, branch)] & Counter) / Direction ^ taken ^ 1;
        }
        *hit = entry;
        if (right == 0 && table + 1 < Tables)
            Allocate(counters, table + 1, branch, history, taken);
        return right ^ 1;
    }

    /// <summary>Takes the entry of the next longer history, or makes it less useful.</summary>
    private static void Allocate(uint* counters, int table, ulong branch, ulong history, uint taken)
    {
        ulong hash = Hash(table, branch, history);
        uint* entry = counters + Index(table, hash);
        if ((*entry & Useful) == 0)
            *entry = (Tag(hash) << TagShift) | (Direction - (taken ^ 1));
        else
            *entry -= OneUseful;
    }

    private static ulong Hash(int table, ulong branch, ulong history) => table switch
    {
        1 => branch ^ ((history & Short) * Mix1),
        2 => branch ^ ((history & Middle) * Mix2),
        _ => branch ^ (history * Mix3),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Index(int table, ulong hash) => ((uint)table << IndexBits) + (uint)(hash >> (64 - IndexBits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Tag(ulong hash) => (uint)(hash >> 32 & 0xFFFF) | 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Matches(uint entry, ulong hash) => entry >> TagShift == Tag(hash);
}
