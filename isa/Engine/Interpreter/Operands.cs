using System.Runtime.CompilerServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>Where an operand of a handler lives.</summary>
internal unsafe interface IOperand
{
    static abstract bool IsCareful { get; }

    /// <summary>Linear address, or host address of a register; computed once per op.</summary>
    static abstract ulong Address(LogicalProcessor* lp, Op* op);

    static abstract bool CannotRead<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged;

    static abstract bool CannotWrite<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged;

    static abstract bool CannotUpdate<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged;

    static abstract T Read<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged;

    static abstract void Write<T>(LogicalProcessor* lp, Op* op, ulong address, T value) where T : unmanaged;
}

/// <summary>Which register field of an op is meant.</summary>
internal unsafe interface IRegisterField
{
    static abstract byte Offset(Op* op);
}

/// <summary>The destination field.</summary>
internal readonly unsafe struct DstField : IRegisterField
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Offset(Op* op) => op->Dst;
}

/// <summary>The source field.</summary>
internal readonly unsafe struct SrcField : IRegisterField
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Offset(Op* op) => op->Src;
}

/// <summary>A general register. Writing 32 bits clears the upper half.</summary>
internal readonly unsafe struct Reg<TField> : IOperand
    where TField : struct, IRegisterField
{
    public static bool IsCareful => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Address(LogicalProcessor* lp, Op* op) => (ulong)lp + TField.Offset(op);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotRead<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotWrite<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotUpdate<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => *(T*)address;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(LogicalProcessor* lp, Op* op, ulong address, T value) where T : unmanaged
    {
        if (typeof(T) == typeof(uint))
            *(ulong*)address = Width.ZeroExtend(value);
        else
            *(T*)address = value;
    }
}

/// <summary>The immediate.</summary>
internal readonly unsafe struct Imm : IOperand
{
    public static bool IsCareful => false;

    public static ulong Address(LogicalProcessor* lp, Op* op) => 0;

    public static bool CannotRead<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => false;

    public static bool CannotWrite<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => true;

    public static bool CannotUpdate<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        Width.Truncate<T>(op->Imm);

    public static void Write<T>(LogicalProcessor* lp, Op* op, ulong address, T value) where T : unmanaged
    {
    }
}

/// <summary>CL, zero-extended: the count of a shift.</summary>
internal readonly unsafe struct Cl : IOperand
{
    public static bool IsCareful => false;

    public static ulong Address(LogicalProcessor* lp, Op* op) => 0;

    public static bool CannotRead<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => false;

    public static bool CannotWrite<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => true;

    public static bool CannotUpdate<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        Width.Truncate<T>((byte)lp->Gpr[1]);

    public static void Write<T>(LogicalProcessor* lp, Op* op, ulong address, T value) where T : unmanaged
    {
    }
}

/// <summary>The memory operand.</summary>
internal readonly unsafe struct Mem<TAddress, TPath> : IOperand
    where TAddress : struct, IAddress
    where TPath : struct, IPath
{
    public static bool IsCareful => TPath.IsCareful;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Address(LogicalProcessor* lp, Op* op) => TAddress.Of(lp, op);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotRead<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        TPath.CannotRead<T>(lp, op, address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotWrite<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        TPath.CannotWrite<T>(lp, op, address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotUpdate<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        TPath.CannotUpdate<T>(lp, op, address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        TPath.Read<T>(lp, address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(LogicalProcessor* lp, Op* op, ulong address, T value) where T : unmanaged =>
        TPath.Write(lp, address, value);
}
