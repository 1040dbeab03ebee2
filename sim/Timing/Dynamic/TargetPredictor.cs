using System.Numerics;
using System.Runtime.CompilerServices;
using Seamsim.Isa.Ports;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// Predicts where branches go: a branch target buffer, and for indirect branches three tables tagged with branch
/// and long, short or no history. Returns are predicted by <see cref="ReturnStack"/>.
/// </summary>
/// <remarks>After A. Seznec, "A 64-Kbytes ITTAGE indirect branch predictor", JWAC-2 2011; sizes are parameters.</remarks>
internal sealed unsafe class TargetPredictor
{
    private const int IndirectBits = 10;
    private const int BranchMix = 0x2C1B_3C6D, IndexShift = 16;
    private const ulong Mix = 0x9E37_79B9_7F4A_7C15, ShortHistory = (1UL << 8) - 1, LongHistory = (1UL << 28) - 1;
    private readonly LruCache buffer;
    private readonly (ulong Tag, ulong Target)[] far = new (ulong, ulong)[1 << IndirectBits];
    private readonly (ulong Tag, ulong Target)[] near = new (ulong, ulong)[1 << IndirectBits];
    private readonly (ulong Tag, ulong Target)[] last = new (ulong, ulong)[1 << IndirectBits];

    public TargetPredictor(CoreParameters p)
    {
        int ways = (int)p[CoreParameter.BtbWays];
        Sets = (int)p[CoreParameter.BtbEntries] / ways;
        buffer = new LruCache(Sets, ways);
    }

    /// <summary>Sets of the buffer, a power of two.</summary>
    public int Sets { get; }

    /// <summary>
    /// A number for a branch whose middle bits depend on all lower ones of its address: code is aligned, and addresses
    /// alone would leave sets empty.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mixed(ulong branch) => (ulong)((long)branch * BranchMix);

    /// <summary>Where the most recently used branch of the set of a branch is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong* Recent(TimingState* t, ulong branch) => t->Targets + (Mixed(branch) >> IndexShift & t->TargetMask);

    /// <summary>A taken branch is looked up in the buffer and stays there; whether it was.</summary>
    public bool Knows(ulong branch) => buffer.Touch(BitOperations.RotateRight(Mixed(branch), IndexShift));

    /// <summary>An indirect branch learns its target; whether it was predicted.</summary>
    public bool Indirect(ulong branch, ulong history, ulong target)
    {
        ref (ulong Tag, ulong Target) longer = ref Entry(far, branch, history & LongHistory, out ulong longTag);
        ref (ulong Tag, ulong Target) shorter = ref Entry(near, branch, history & ShortHistory, out ulong shortTag);
        ref (ulong Tag, ulong Target) plain = ref Entry(last, branch, 0, out ulong plainTag);
        bool isLong = longer.Tag == longTag, isShort = shorter.Tag == shortTag, isPlain = plain.Tag == plainTag;
        bool right = isLong ? longer.Target == target
            : isShort ? shorter.Target == target
            : isPlain && plain.Target == target;
        if (isLong || (!right && isShort))
            longer = (longTag, target);
        if (isShort || (!right && isPlain))
            shorter = (shortTag, target);
        plain = (plainTag, target);
        return right;
    }

    private static ref (ulong Tag, ulong Target) Entry(
        (ulong Tag, ulong Target)[] table, ulong branch, ulong history, out ulong tag)
    {
        tag = ((branch * Mix) ^ (history * (Mix | 2))) | 1;
        return ref table[tag >> (64 - IndirectBits)];
    }
}
