using System.Runtime.CompilerServices;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Probes;

/// <summary>Appends the address of every data access.</summary>
internal readonly unsafe struct AddressProbe : IProbe
{
    public static bool IsClock => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Append(lp, ProbeWord.Access<T>(address, write: false));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Written<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Append(lp, ProbeWord.Access<T>(address, write: true));

    public static void Branched(LogicalProcessor* lp, BranchKind kind, bool taken, ulong next, ulong target)
    {
    }

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
    public static bool IsClock => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Append(lp, ProbeWord.Access<T>(address, write: false), value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Written<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Append(lp, ProbeWord.Access<T>(address, write: true), value);

    public static void Branched(LogicalProcessor* lp, BranchKind kind, bool taken, ulong next, ulong target)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Append<T>(LogicalProcessor* lp, ulong word, T value) where T : unmanaged
    {
        ProbeCursor* cursor = lp->Probe;
        ulong* at = cursor->Next;
        at[0] = word;
        if (sizeof(T) > 8)
            *(T*)(at + 1) = value;
        else
            at[1] = Width.ZeroExtend(value);
        cursor->Next = at + 1 + ((sizeof(T) + 7) / 8);
    }
}

/// <summary>Two probes that see the same.</summary>
internal readonly unsafe struct BothProbes<TFirst, TSecond> : IProbe
    where TFirst : struct, IProbe where TSecond : struct, IProbe
{
    public static bool IsClock => TFirst.IsClock || TSecond.IsClock;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged
    {
        TFirst.Read(lp, address, value);
        TSecond.Read(lp, address, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Written<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged
    {
        TFirst.Written(lp, address, value);
        TSecond.Written(lp, address, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Branched(LogicalProcessor* lp, BranchKind kind, bool taken, ulong next, ulong target)
    {
        TFirst.Branched(lp, kind, taken, next, target);
        TSecond.Branched(lp, kind, taken, next, target);
    }
}
