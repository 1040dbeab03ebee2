using System.Numerics;
using System.Runtime.CompilerServices;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Probes;

/// <summary>Writes the address of every data access to the probe stream.</summary>
internal readonly unsafe struct AddressProbe : IProbe
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Append(lp, address, Tag<T>(0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Written<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Append(lp, address, Tag<T>(ProbeWord.Write));

    /// <summary>A constant in a specialised handler.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Tag<T>(ulong write) where T : unmanaged =>
        ((ulong)BitOperations.Log2((uint)sizeof(T)) << (int)ProbeWord.SizeShift) | write;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Append(LogicalProcessor* lp, ulong address, ulong tag)
    {
        ulong* at = lp->ProbeNext;
        *at = ProbeWord.Of(tag, address);
        lp->ProbeNext = at + 1;
    }
}

/// <summary>Writes address and value of every data access to the probe stream.</summary>
internal readonly unsafe struct ValueProbe : IProbe
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Append(lp, address, AddressProbe.Tag<T>(0), Engine.Interpreter.Width.ZeroExtend(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Written<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged =>
        Append(lp, address, AddressProbe.Tag<T>(ProbeWord.Write), Engine.Interpreter.Width.ZeroExtend(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Append(LogicalProcessor* lp, ulong address, ulong tag, ulong value)
    {
        ulong* at = lp->ProbeNext;
        at[0] = ProbeWord.Of(tag, address);
        at[1] = value;
        lp->ProbeNext = at + 2;
    }
}
