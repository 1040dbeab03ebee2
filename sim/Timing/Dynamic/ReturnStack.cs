using System.Runtime.CompilerServices;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// Where calls return to, as far as the processor remembers: a ring, so that calls that are nested deeper overwrite the
/// outermost ones.
/// </summary>
internal static unsafe class ReturnStack
{
    /// <summary>A call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Push(TimingState* t, ulong next)
    {
        ulong* top = t->Returns == t->LastReturn ? t->FirstReturn : t->Returns + 1;
        *top = next;
        t->Returns = top;
    }

    /// <summary>A return: where it is expected to go.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Pop(TimingState* t)
    {
        ulong* top = t->Returns;
        t->Returns = top == t->FirstReturn ? t->LastReturn : top - 1;
        return *top;
    }
}
