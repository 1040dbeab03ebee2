using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Ports;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// What handlers and block markers touch, in native memory that <see cref="Isa.State.LogicalProcessor.Timing"/> points
/// to. Handlers make no call: an access that a filter does not answer is put into the queue, and the marker of the next
/// block works it off.
/// </summary>
/// <remarks>
/// A filter holds one line for each set of an L1 cache: the linear line accessed last among the lines of its slot. It
/// is then the most recently used line of its set, and another access to it changes nothing in the cache, so that the
/// filters make the model faster and not less exact (but for the order of a page walk's loads among the accesses of one
/// block). They are emptied when a translation changes or when somebody else
/// touches the cache.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TimingState
{
    /// <summary>Slots of a filter. Lines 4 KiB apart have the same slot, since L1 sets are chosen by page offset.</summary>
    public const int Slots = 64;

    /// <summary>Accesses the queue holds: more than one block can make.</summary>
    public const int QueueLength = 1024;

    /// <summary>No line has this number.</summary>
    public const ulong NoLine = ulong.MaxValue;

    /// <summary>Sums over all blocks: cost, retiring and front-end parts in 1/256 cycles, then instructions.</summary>
    public Vector256<ulong> Spent;

    /// <summary>Where the next access is queued: two words, <see cref="QueuedAccess"/> and the value read.</summary>
    public ulong* Queue;

    /// <summary>Its beginning.</summary>
    public ulong* QueueStart;

    /// <summary>
    /// The branch behind the running block, 0 when it has none so far: linear offset of the instruction after it (63:4),
    /// <see cref="BranchKind"/> (3:1), taken (0).
    /// </summary>
    public ulong Branch;

    /// <summary>Directions of the last 64 branches, the latest in bit 0.</summary>
    public ulong History;

    /// <summary>The tables of the direction predictor, one behind the other.</summary>
    public uint* Counters;

    /// <summary>Branches that went another way than predicted.</summary>
    public ulong Mispredictions;

    /// <summary>Taken branches that the branch target buffer did not know.</summary>
    public ulong Resteers;

    /// <summary>What such a branch costs.</summary>
    public uint Misprediction, Resteer;

    /// <summary>Most recently used branch of each set of the branch target buffer.</summary>
    public ulong* Targets;

    /// <summary>Mask of <see cref="Targets"/>' index.</summary>
    public ulong TargetMask;

    /// <summary>Lines that loads need not ask for.</summary>
    public fixed ulong Read[Slots];

    /// <summary>Lines that stores need not ask for: no other processor has them.</summary>
    public fixed ulong Written[Slots];

    /// <summary>Physical lines that fetches need not ask for.</summary>
    public fixed ulong Fetched[Slots];
}
