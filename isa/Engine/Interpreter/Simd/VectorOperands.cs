using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter.Simd;

/// <summary>The register-or-memory operand of a vector op as a register: any field of the LP struct.</summary>
internal readonly unsafe struct VectorReg : IOperand
{
    public static bool IsCareful => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Address(LogicalProcessor* lp, Op* op) => (ulong)lp + op->VRm;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotRead<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotWrite<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotUpdate<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged => *(T*)address;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(LogicalProcessor* lp, Op* op, ulong address, T value) where T : unmanaged =>
        *(T*)address = value;
}

/// <summary>A memory operand that has to be aligned to its size.</summary>
internal readonly unsafe struct AlignedMem<TAddress, TPath> : IOperand
    where TAddress : struct, IAddress
    where TPath : struct, IPath
{
    public static bool IsCareful => TPath.IsCareful;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Address(LogicalProcessor* lp, Op* op) => TAddress.Of(lp, op);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotRead<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        IsCareful
            ? !Core.Of(lp).CarefulReadAligned(address, sizeof(T), op->Segment)
            : (address & (ulong)(sizeof(T) - 1)) != 0 || TPath.CannotRead<T>(lp, op, address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotWrite<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        IsCareful
            ? !Core.Of(lp).CarefulPrepareWriteAligned(address, sizeof(T), op->Segment)
            : (address & (ulong)(sizeof(T) - 1)) != 0 || TPath.CannotWrite<T>(lp, op, address);

    public static bool CannotUpdate<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        CannotWrite<T>(lp, op, address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        TPath.Read<T>(lp, address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(LogicalProcessor* lp, Op* op, ulong address, T value) where T : unmanaged =>
        TPath.Write(lp, address, value);
}

/// <summary>What becomes of the destination register.</summary>
internal interface IUpper
{
    /// <summary>It is cleared above the result.</summary>
    static abstract bool IsCleared { get; }

    /// <summary>Bytes that are written of a result that is no whole number of lanes; 0 for vectors.</summary>
    static abstract int Short { get; }
}

/// <summary>Legacy SSE leaves the register alone above the result.</summary>
internal readonly struct KeepUpper : IUpper
{
    public static bool IsCleared => false;

    public static int Short => 0;
}

/// <summary>VEX and EVEX clear it.</summary>
internal readonly struct ClearUpper : IUpper
{
    public static bool IsCleared => true;

    public static int Short => 0;
}

/// <summary>A general register or an opmask register.</summary>
internal readonly struct WordResult : IUpper
{
    public static bool IsCleared => false;

    public static int Short => 8;
}

/// <summary>No destination.</summary>
internal readonly struct NoResult : IUpper
{
    public static bool IsCleared => false;

    public static int Short => -1;
}

/// <summary>128-bit lanes of operands; everything folds in a specialised handler.</summary>
internal static unsafe class Lanes
{
    /// <summary>
    /// A lane of a value. What is smaller than a lane is zero-extended; a single lane stands for all of them (shift counts).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Of<T>(T value, int lane) where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
            return Vector128.CreateScalar(Unsafe.BitCast<T, byte>(value));
        if (typeof(T) == typeof(ushort))
            return Vector128.CreateScalar(Unsafe.BitCast<T, ushort>(value)).AsByte();
        if (typeof(T) == typeof(uint))
            return Vector128.CreateScalar(Unsafe.BitCast<T, uint>(value)).AsByte();
        if (typeof(T) == typeof(ulong))
            return Vector128.CreateScalar(Unsafe.BitCast<T, ulong>(value)).AsByte();
        if (typeof(T) == typeof(Vector128<byte>))
            return Unsafe.BitCast<T, Vector128<byte>>(value);
        if (typeof(T) == typeof(Vector256<byte>))
        {
            Vector256<byte> half = Unsafe.BitCast<T, Vector256<byte>>(value);
            return (lane & 1) == 0 ? half.GetLower() : half.GetUpper();
        }
        Vector512<byte> whole = Unsafe.BitCast<T, Vector512<byte>>(value);
        Vector256<byte> part = lane < 2 ? whole.GetLower() : whole.GetUpper();
        return (lane & 1) == 0 ? part.GetLower() : part.GetUpper();
    }
}
