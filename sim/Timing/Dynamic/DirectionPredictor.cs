using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// Predicts the direction of conditional branches by counters: of sets chosen by the branch and the last few outcomes, one
/// that is always there and others tagged with more history, of which the one with the longest that matches decides.
/// </summary>
/// <remarks>
/// After A. Seznec and P. Michaud, "A case for (partially) TAgged GEometric history length branch prediction", JILP
/// 2006; sizes and lengths are not those of any product. The history is kept as its product with an odd number times 256:
/// the low byte is zero, bits 23:8 depend on the last 16 outcomes, bits 39:24 on the last 32 and the highest on the last
/// 56, so that with the branch mixed in they are the tags; bits 13:5 choose the set, by the branch and six outcomes. A set
/// has four counters for the long history, three for the middle and one for the short one, and one comparison of vectors
/// finds them all. A counter has three bits (2:0) and says "taken" from 4 on; two more say how useful it is (4:3): as often
/// as it was right. Bit 7 says that it was wrong the last time.
/// <para>
/// Nothing here branches on an outcome, since what the simulated processor cannot predict the host's cannot either. What
/// a wrong prediction leads to (<see cref="Learn"/>) is put off until some have gathered.
/// </para>
/// </remarks>
internal static unsafe class DirectionPredictor
{
    /// <summary>Sets of counters.</summary>
    public const int Sets = 512;

    /// <summary>Tagged counters of a set.</summary>
    public const int Ways = 8;

    /// <summary>Bytes of the tables, which lie behind the state.</summary>
    public const int TableBytes = (2 * States) + (Sets * SetBytes);

    /// <summary>Values of a counter with all that goes with it.</summary>
    private const int States = 256;

    private const ulong HistoryMix = 0x3779_B97F_4A7C_1500;
    private const int OutcomeBit = 8, WrongBit = 7;
    private const int Middle = 4, Short = 7; // first ways of their histories, behind those of the long one
    private const uint Counter = 7, OneUseful = 1 << 3, Useful = 3 * OneUseful, Direction = 4, Initial = 3;

    // A set is eight tags and eight words: their counters in the low bytes, the other one in the high byte of the last.
    private const int CountersInSet = Ways * sizeof(ushort), SetBytes = 2 * CountersInSet, Untagged = CountersInSet - 1;
    private const ulong SetMask = (Sets - 1) * SetBytes;

    // The ways of the next longer history, by the way that was wrong; 0 stands for the counter without a tag.
    private static ReadOnlySpan<byte> FirstLonger => [Short, 0, 0, 0, 0, 0, 0, Middle, 0, 0, 0, 0, 0, 0, 0, 0];

    private static ReadOnlySpan<byte> Longer => [1, 0, 0, 0, Middle, Middle, Middle, Short - Middle, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Counters as they are before the first branch: weakly not taken.</summary>
    public static void Reset(TimingState* t)
    {
        for (int set = 0; set < Sets; set++)
            SetOf(t, (ulong)(set * SetBytes))[CountersInSet + Untagged] = (byte)Initial;
        byte* states = (byte*)(t + 1);
        for (uint taken = 0; taken < 2; taken++)
            for (uint state = 0; state < States; state++)
                states[(taken * States) + state] = Next(state, taken);
    }

    /// <summary>Resolves a branch: its counter learns how it went, and the history does.</summary>
    /// <param name="t">The counters and the history.</param>
    /// <param name="next">Names the branch.</param>
    /// <param name="taken">How it went.</param>
    /// <returns>1 when it was predicted otherwise, else 0.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Resolve(TimingState* t, ulong next, bool taken)
    {
        ulong history = t->History, hash = history ^ TargetPredictor.Mixed(next);
        byte* set = SetOf(t, hash);
        uint hits = Vector128.Equals(Vector128.Load((ushort*)set), Wanted(hash)).AsByte().ExtractMostSignificantBits();
        byte* hit = set + (uint)BitOperations.TrailingZeroCount(hits | (1U << Untagged)) + CountersInSet;
        byte* states = (byte*)t + sizeof(TimingState) + (taken ? States : 0);
        ulong state = states[*hit];
        *hit = (byte)state;
        history = taken ? (history << 1) + HistoryMix : history << 1;
        t->History = history;
        ulong wrong = state >> WrongBit;
        ulong* record = t->Wrong;
        record[0] = hash;
        record[1] = history;
        t->Wrong = (ulong*)((byte*)record + (wrong * TimingState.WrongBytes));
        return wrong;
    }

    /// <summary>Adds to the history what else tells ways apart: a bit of where an indirect branch goes.</summary>
    public static void Push(TimingState* t, ulong bit) => t->History = (t->History << 1) + (HistoryMix * bit);

    /// <summary>
    /// After a wrong prediction: takes a counter of the next longer history, or makes all of them less useful.
    /// </summary>
    /// <param name="t">The counters.</param>
    /// <param name="hash">History and branch: first word of the record.</param>
    /// <param name="after">The history with the outcome: the second word.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Learn(TimingState* t, ulong hash, ulong after)
    {
        ushort* tags = (ushort*)SetOf(t, hash);
        Vector128<ushort> wanted = Wanted(hash);
        int way = BitOperations.TrailingZeroCount(Vector128.Equals(Vector128.Load(tags), wanted).ExtractMostSignificantBits());
        if (way < Middle)
            return;
        int first = FirstLonger[way & 15], ways = Longer[way & 15];
        t->Victim = (t->Victim * 5) + 1;
        way = first + (int)(((t->Victim >> 16) * (uint)ways) >> 16);
        uint old = (byte)tags[way + Ways], taken = (uint)(after >> OutcomeBit) & 1; // since the number is odd
        bool free = (old & Useful) == 0;
        ushort tag = free ? wanted.GetElement(first) : tags[way];
        old = free ? Direction - 1 + taken : old - OneUseful;
        tags[way] = tag;
        *(byte*)(tags + way + Ways) = (byte)old;
    }

    private static byte Next(uint state, uint taken)
    {
        uint counter = state & Counter, useful = state & Useful, wrong = (counter / Direction) ^ taken;
        counter = taken != 0 ? Math.Min(counter + 1, Counter) : counter - Math.Min(counter, 1);
        useful = wrong == 0 ? Math.Min(useful + OneUseful, Useful) : useful - Math.Min(useful, OneUseful);
        return (byte)(counter | useful | (wrong << WrongBit));
    }

    private static byte* SetOf(TimingState* t, ulong hash) => (byte*)t + sizeof(TimingState) + (2 * States) + (hash & SetMask);

    /// <summary>The tags of all ways of a set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Wanted(ulong hash) => Vector128.Shuffle(
        Vector128.CreateScalarUnsafe(hash).AsByte(),
        Vector128.Create((byte)6, 7, 6, 7, 6, 7, 6, 7, 3, 4, 3, 4, 3, 4, 1, 2)).AsUInt16();
}
