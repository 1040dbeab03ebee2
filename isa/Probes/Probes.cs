using System.Runtime.CompilerServices;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Probes;

/// <summary>Appends the address of every data access.</summary>
internal readonly unsafe struct AddressProbe : IProbe
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Append(lp, ProbeWord.Access<T>(address, write: false));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Written<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Append(lp, ProbeWord.Access<T>(address, write: true));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Append(LogicalProcessor* lp, ulong word)
    {
        ProbeCursor* cursor = lp->Probe;
        ulong* at = cursor->Next;
        *at = word;
        cursor->Next = at + 1;
    }
}

/// <summary>Appends address and value of every data access.</summary>
internal readonly unsafe struct ValueProbe : IProbe
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Append(lp, ProbeWord.Access<T>(address, write: false), Width.ZeroExtend(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Written<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Append(lp, ProbeWord.Access<T>(address, write: true), Width.ZeroExtend(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Append(LogicalProcessor* lp, ulong word, ulong value)
    {
        ProbeCursor* cursor = lp->Probe;
        ulong* at = cursor->Next;
        at[0] = word;
        at[1] = value;
        cursor->Next = at + 2;
    }
}
