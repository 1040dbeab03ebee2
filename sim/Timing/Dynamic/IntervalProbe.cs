using System.Runtime.CompilerServices;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Timing.Dynamic;

/// <summary>What handlers tell the interval model: accesses that a filter does not answer, and the last branch.</summary>
internal readonly unsafe struct IntervalProbe : IProbe
{
    /// <summary>Where the offset begins in <see cref="TimingState.Branch"/>.</summary>
    public const int BranchShift = 4;

    private const int LineBits = 6, LineBytes = 1 << LineBits;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged
    {
        TimingState* t = (TimingState*)lp->Timing;
        ulong line = address >> LineBits;
        if (t->Read[line & (TimingState.Slots - 1)] == line && !Crosses<T>(address))
            return;
        if (Crosses<T>(address))
            Forget(t, line + 1);
        t->Read[line & (TimingState.Slots - 1)] = line;
        t->Written[line & (TimingState.Slots - 1)] = TimingState.NoLine;
        ulong* at = t->Queue;
        at[0] = QueuedAccess.Of<T>(address, write: false);
        at[1] = sizeof(T) == sizeof(ulong) ? Unsafe.BitCast<T, ulong>(value) : 0;
        t->Queue = at + 2;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Written<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged
    {
        TimingState* t = (TimingState*)lp->Timing;
        ulong line = address >> LineBits;
        if (t->Written[line & (TimingState.Slots - 1)] == line && !Crosses<T>(address))
            return;
        if (Crosses<T>(address))
            Forget(t, line + 1);
        t->Read[line & (TimingState.Slots - 1)] = line;
        t->Written[line & (TimingState.Slots - 1)] = line;
        ulong* at = t->Queue;
        at[0] = QueuedAccess.Of<T>(address, write: true);
        at[1] = 0;
        t->Queue = at + 2;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Branched(LogicalProcessor* lp, BranchKind kind, bool taken, ulong next)
    {
        ((TimingState*)lp->Timing)->Branch = (next << BranchShift) | ((ulong)kind << 1) | (taken ? 1UL : 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Forget(TimingState* t, ulong line)
    {
        t->Read[line & (TimingState.Slots - 1)] = TimingState.NoLine;
        t->Written[line & (TimingState.Slots - 1)] = TimingState.NoLine;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Crosses<T>(ulong address) where T : unmanaged =>
        sizeof(T) > 1 && (address & (LineBytes - 1)) > LineBytes - (ulong)sizeof(T);
}
