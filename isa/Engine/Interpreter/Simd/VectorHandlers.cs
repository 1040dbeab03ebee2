using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Semantics.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter.Simd;

// Vector handlers without masks. T is the type of the register-or-memory operand as it is read, TRegister that of the
// destination. Rules of tail calls as in AluHandlers.

/// <summary>dst = op(…), lane by lane.</summary>
internal static unsafe class VectorLanes<TOp, TRegister, T, TSrc, TUpper>
    where TOp : struct, IVectorOperation where TRegister : unmanaged where T : unmanaged
    where TSrc : struct, IOperand where TUpper : struct, IUpper
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<T>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        T rm = TSrc.Read<T>(lp, op, from);
        if (TOp.RaisesExceptions)
            lp->SimdRaised = 0;
        byte* dst = (byte*)lp + op->VDst;
        Vector128<byte> result0 = Lane(lp, op, dst, rm, 0), result1 = default, result2 = default, result3 = default;
        if (sizeof(TRegister) > 16)
            result1 = Lane(lp, op, dst, rm, 1);
        if (sizeof(TRegister) > 32)
        {
            result2 = Lane(lp, op, dst, rm, 2);
            result3 = Lane(lp, op, dst, rm, 3);
        }
        if (TOp.RaisesExceptions && lp->SimdRaised != 0 && !Core.Of(lp).AcceptSimdExceptions())
            return Flow.Fault(lp, op);
        *(Vector128<byte>*)dst = result0;
        if (sizeof(TRegister) > 16 || TUpper.IsCleared)
            *(Vector128<byte>*)(dst + 16) = result1;
        if (sizeof(TRegister) > 32)
        {
            *(Vector128<byte>*)(dst + 32) = result2;
            *(Vector128<byte>*)(dst + 48) = result3;
        }
        else if (TUpper.IsCleared)
        {
            *(Vector256<byte>*)(dst + 32) = default;
        }
        if (TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Lane(LogicalProcessor* lp, Op* op, byte* dst, T rm, int lane) => TOp.Apply(lp,
        *(Vector128<byte>*)(dst + (16 * lane)), *(Vector128<byte>*)((byte*)lp + op->VA + (16 * lane)),
        *(Vector128<byte>*)((byte*)lp + op->VB + (16 * lane)), Lanes.Of(rm, lane),
        (uint)op->Imm >> (lane * TOp.ImmediateBitsPerLane));
}

/// <summary>dst = op(…) on MMX registers: a pending x87 exception first, then the stack becomes a set of registers.</summary>
internal static unsafe class VectorMmx<TOp, T, TSrc>
    where TOp : struct, IVectorOperation where T : unmanaged where TSrc : struct, IOperand
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        if ((lp->Fsw & Mmx.ErrorSummary) != 0)
            return Mmx.Pending(lp, op);
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<T>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        byte* dst = (byte*)lp + op->VDst;
        Vector128<byte> result = TOp.Apply(lp, Vector128.CreateScalar(*(ulong*)dst).AsByte(),
            Vector128.CreateScalar(*(ulong*)((byte*)lp + op->VA)).AsByte(), default,
            Lanes.Of(TSrc.Read<T>(lp, op, from), 0), (uint)op->Imm);
        *(ulong*)dst = result.AsUInt64().ToScalar();
        *(ushort*)(dst + 8) = Mmx.Exponent;
        Mmx.Enter(lp);
        if (TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>dst = op(…) as a whole: the operation reads and writes by pointer.</summary>
internal static unsafe class VectorWhole<TOp, TRegister, T, TSrc, TUpper>
    where TOp : struct, IWholeOperation where TRegister : unmanaged where T : unmanaged
    where TSrc : struct, IOperand where TUpper : struct, IUpper
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<T>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        *(T*)&lp->SlowVector = TSrc.Read<T>(lp, op, from);
        lp->VectorResult = default;
        if (TOp.RaisesExceptions)
            lp->SimdRaised = 0;
        byte* dst = (byte*)lp + op->VDst;
        Apart<TOp>.Apply(lp, (byte*)&lp->VectorResult, dst, (byte*)lp + op->VA, (byte*)lp + op->VB,
            (byte*)&lp->SlowVector, sizeof(TRegister), (uint)op->Imm);
        if (TOp.RaisesExceptions && lp->SimdRaised != 0 && !Core.Of(lp).AcceptSimdExceptions())
            return Flow.Fault(lp, op);
        if (TUpper.IsCleared)
            *(Vector512<byte>*)dst = lp->VectorResult;
        else if (TUpper.Short > 0)
            *(ulong*)dst = *(ulong*)&lp->VectorResult;
        else if (TUpper.Short == 0)
            *(Vector128<byte>*)dst = *(Vector128<byte>*)&lp->VectorResult;
        if (TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>Flags of two registers, or a register and memory: COMISS and its kin.</summary>
internal static unsafe class VectorFlags<TOp, T, TSrc>
    where TOp : struct, IFlagsOperation where T : unmanaged where TSrc : struct, IOperand
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong from = TSrc.Address(lp, op);
        if (TSrc.CannotRead<T>(lp, op, from))
        {
            if (TSrc.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        lp->SimdRaised = 0;
        ulong flags = TOp.Apply(lp, *(Vector128<byte>*)((byte*)lp + op->VDst), Lanes.Of(TSrc.Read<T>(lp, op, from), 0));
        if (lp->SimdRaised != 0 && !Core.Of(lp).AcceptSimdExceptions())
            return Flow.Fault(lp, op);
        LazyFlags.Update(lp, RflagsBit.Arithmetic, flags);
        if (TSrc.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>An operation in a frame of its own: it may have locals with an address, which a handler may not.</summary>
internal static unsafe class Apart<TOp>
    where TOp : struct, IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm) =>
        TOp.Apply(lp, d, dst, a, b, rm, bytes, imm);
}

/// <summary>Stores a part of a vector register; memory = register.</summary>
internal static unsafe class VectorStore<T, TDst>
    where T : unmanaged where TDst : struct, IOperand
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        ulong to = TDst.Address(lp, op);
        if (TDst.CannotWrite<T>(lp, op, to))
        {
            if (TDst.IsCareful)
                return Flow.Fault(lp, op);
            return op->Careful(lp, op);
        }
        TDst.Write(lp, op, to, *(T*)((byte*)lp + op->VRm));
        if (TDst.IsCareful)
            return Flow.CarefulNext(lp, op);
        op++;
        return op->Fn(lp, op);
    }
}

/// <summary>Everything else: masks, broadcasts, embedded rounding, results that are not vector registers.</summary>
internal static unsafe class VectorGeneral
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Op* Run(LogicalProcessor* lp, Op* op)
    {
        if (!Core.Of(lp).ExecuteVector(op))
            return Flow.Fault(lp, op);
        return Flow.CarefulNext(lp, op);
    }
}

/// <summary>What every MMX instruction does beside its operation. SDM vol. 1, 9.5; vol. 3A, 13.2.</summary>
internal static unsafe class Mmx
{
    /// <summary>FSW.ES: an unmasked x87 exception is pending.</summary>
    public const ushort ErrorSummary = 0x80;

    /// <summary>Sign and exponent of an x87 register whose significand was written as an MMX register.</summary>
    public const ushort Exponent = 0xFFFF;

    private const ushort Top = 7 << 11;

    /// <summary>TOP = 0, and all registers are in use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Enter(LogicalProcessor* lp)
    {
        lp->Fsw = (ushort)(lp->Fsw & ~Top);
        lp->Ftw = 0xFF;
    }

    /// <summary>#MF.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Op* Pending(LogicalProcessor* lp, Op* op)
    {
        Core.Of(lp).Raise(Vector.MF);
        return Flow.Fault(lp, op);
    }
}
