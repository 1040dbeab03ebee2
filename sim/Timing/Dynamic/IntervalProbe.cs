using System.Runtime.CompilerServices;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Timing.Dynamic;

/// <summary>What handlers tell the interval model: accesses that the filter does not answer, and branches.</summary>
internal readonly unsafe struct IntervalProbe : IProbe
{
    /// <summary>Where the offset begins in <see cref="TimingState.Branch"/>.</summary>
    public const int BranchShift = 4;

    /// <inheritdoc/>
    public static bool IsClock => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Access((TimingState*)lp->Timing, address, sizeof(T), write: false,
            sizeof(T) == sizeof(ulong) ? Unsafe.BitCast<T, ulong>(value)
            : sizeof(T) == sizeof(uint) ? Unsafe.BitCast<T, uint>(value) : 0);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Written<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Access((TimingState*)lp->Timing, address, sizeof(T), write: true, 0);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Branched(LogicalProcessor* lp, BranchKind kind, bool taken, ulong next, ulong target)
    {
        TimingState* t = (TimingState*)lp->Timing;
        ulong wrong = 0;
        if (kind == BranchKind.Conditional)
            wrong = DirectionPredictor.Resolve(t, next, taken);
        else if (kind is BranchKind.Call or BranchKind.IndirectCall)
            ReturnStack.Push(t, next);
        else if (kind == BranchKind.Return)
            wrong = ReturnStack.Pop(t) == target ? 0UL : 1;
        bool asks = kind is BranchKind.Indirect or BranchKind.IndirectCall || (kind == BranchKind.Return && wrong != 0);
        if (taken && (asks || *TargetPredictor.Recent(t, next) != next))
        {
            t->Branch = (next << BranchShift) | ((ulong)kind << 1) | (wrong ^ 1);
            t->Target = target;
        }
    }

    /// <summary>An access of 1..64 bytes within a page; all but address and value is constant in a handler.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Access(TimingState* t, ulong address, int bytes, bool write, ulong value)
    {
        ulong* read = TimingState.LineRead(t, address), line = write ? read + TimingState.Written : read;
        ulong other = *line ^ address, aligned = TimingState.LineMask | (uint)(bytes - 1);
        if ((other & aligned) == 0)
            return; // whatever the size, an address without these bits is not too near the line's end
        if (bytes > 1 && (other & TimingState.LineMask) == 0 && !Crosses(address, bytes))
            return;
        if (((line[TimingState.Second] ^ address) & aligned) == 0)
            Exchange(read, read + TimingState.Written);
        else
            Enqueue(t, address, bytes, write, value);
    }

    /// <summary>The second line of a slot by use becomes the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exchange(ulong* read, ulong* written)
    {
        (read[0], read[TimingState.Second]) = (read[TimingState.Second], read[0]);
        (written[0], written[TimingState.Second]) = (written[TimingState.Second], written[0]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Enqueue(TimingState* t, ulong address, int bytes, bool write, ulong value)
    {
        QueuedAccess* at = t->Queue;
        t->Queue = at + 1;
        ulong* read = TimingState.LineRead(t, address), written = read + TimingState.Written;
        ulong before = read[0], line = address & TimingState.LineMask;
        at->Linear = address;
        at->Before = before;
        at->Value = value;
        at->Position = (uint)t->Instructions;
        at->BytesAndWrite = bytes | (write ? QueuedAccess.Write : 0);
        if (before != line)
        {
            read[TimingState.Second] = before;
            written[TimingState.Second] = written[0];
        }
        read[0] = line;
        written[0] = write ? line : TimingState.NoLine;
        if (bytes == 1 || !Crosses(address, bytes))
            return;
        at->Value = read[1];
        read[1] = read[1 + TimingState.Second] = written[1] = written[1 + TimingState.Second] = TimingState.NoLine;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Crosses(ulong address, int bytes) =>
        (address & ~TimingState.LineMask) > TimingState.LineBytes - (uint)bytes;
}
