using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Ports;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// What handlers and block markers touch, in native memory that <see cref="Isa.State.LogicalProcessor.Timing"/> points
/// to. Handlers make no call and do not branch on what seldom happens more than they must: an access that the filter does
/// not answer goes into a queue, a branch that was predicted wrong into another, and the marker of a later block works
/// them off when some have gathered. What they cost is on the clock from then on, or from <see cref="CoreTiming.Settle"/>.
/// </summary>
/// <remarks>
/// The filter holds two lines for each set of an L1 cache: the linear lines of its slot that were used last. The first is
/// the most recently used one of its set, and another access to it changes nothing in the cache; the second, when it is
/// accessed, changes places with it, which every queued access tells. So the filter makes the model faster and not less
/// exact where L1D has at least 64 sets of two ways (but for the order of a page walk's loads among accesses queued
/// together). It is emptied when a translation changes or when somebody else touches the cache, and loses the lines of a
/// page that the DTLB has lost.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = StateBytes)]
internal unsafe struct TimingState
{
    /// <summary>Slots of a filter. Lines 4 KiB apart have the same slot, since L1 sets are chosen by page offset.</summary>
    public const int Slots = 64;

    /// <summary>Bytes of a line, and the bits of an address that name it.</summary>
    public const ulong LineBytes = 64, LineMask = ~(LineBytes - 1);

    private const ulong SlotMask = (Slots - 1) * sizeof(ulong);
    private const int StateBytes = 768, FilterWords = Slots + 1, ReadLines = StateBytes + DirectionPredictor.TableBytes;

    /// <summary>
    /// Words from the line that answers loads to that which answers stores, since no other processor has it; and to the
    /// line of the same slot that is second by use.
    /// </summary>
    public const int Written = FilterWords, Second = 2 * FilterWords;

    /// <summary>Bytes of the state and the tables behind it: of the direction predictor, and lines of loads and stores.</summary>
    public const int Bytes = (ReadLines + (4 * FilterWords * sizeof(ulong)) + 63) / 64 * 64;

    /// <summary>No line has this number; it is no canonical address either.</summary>
    public const ulong NoLine = 1UL << 63;

    /// <summary>Accesses that are worked off together; and with what one block may add, a power of two.</summary>
    public const int Gathered = 16, QueueLength = 1024;

    /// <summary>Bytes of a <see cref="QueuedAccess"/>.</summary>
    public const int QueueBytes = 32;

    /// <summary>Words of a wrong prediction, and how many are worked off together.</summary>
    public const int WrongWords = 2, WrongBytes = WrongWords * sizeof(ulong), WrongGathered = Gathered * QueueBytes / WrongBytes;

    /// <summary>The bits of <see cref="Queue"/> and of <see cref="Wrong"/> that are zero until enough is there.</summary>
    public const ulong EnoughMask = (QueueLength - Gathered) * QueueBytes;

    /// <summary>Sums over all blocks: cost, retiring and front-end parts in 1/256 cycles, then instructions.</summary>
    public Vector256<ulong> Spent;

    /// <summary>Where the next access is queued.</summary>
    public QueuedAccess* Queue;

    /// <summary>Its beginning.</summary>
    public QueuedAccess* QueueStart;

    /// <summary>Where the next wrong prediction is queued.</summary>
    public ulong* Wrong;

    /// <summary>Its beginning.</summary>
    public ulong* WrongStart;

    /// <summary>
    /// The branch behind the running block that asks for more than its direction, 0 when there is none: linear offset of
    /// the instruction after it (63:4), <see cref="BranchKind"/> (3:1), predicted right so far (0).
    /// </summary>
    public ulong Branch;

    /// <summary>Where it goes.</summary>
    public ulong Target;

    /// <summary>Directions of the last branches, as <see cref="DirectionPredictor"/> keeps them.</summary>
    public ulong History;

    /// <summary>Chooses which of several counters is given up.</summary>
    public uint Victim;

    /// <summary>The <see cref="ReturnStack"/>: its top, and the ends of its ring.</summary>
    public ulong* Returns, FirstReturn, LastReturn;

    /// <summary>Changes whenever <see cref="Fetched"/> does: a block that was entered since lies in lines it holds.</summary>
    public ulong Epoch;

    /// <summary>Branches that went another way than predicted, but for those queued.</summary>
    public ulong Mispredictions;

    /// <summary>Taken branches that the branch target buffer did not know.</summary>
    public ulong Resteers;

    /// <summary>What such a branch costs.</summary>
    public uint Misprediction, Resteer;

    /// <summary>Most recently used branch of each set of the branch target buffer.</summary>
    public ulong* Targets;

    /// <summary>Mask of <see cref="Targets"/>' index.</summary>
    public ulong TargetMask;

    /// <summary>Physical lines that fetches need not ask for.</summary>
    public fixed ulong Fetched[Slots];

    /// <summary>Instructions before the running block.</summary>
    public ulong Instructions => Spent.GetElement(3);

    /// <summary>Where the line that answers a load of an address would be: the one accessed last of its slot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong* LineRead(TimingState* t, ulong address) => (ulong*)((byte*)t + ReadLines + (address >> 3 & SlotMask));

    /// <summary>Empties the filter of stores, or that of loads too.</summary>
    public static void ForgetLines(TimingState* t, bool loads)
    {
        ulong* read = LineRead(t, 0);
        for (int i = 0; i < 4 * FilterWords; i++)
            if (loads || i / FilterWords % 2 != 0)
                read[i] = NoLine;
    }
}
