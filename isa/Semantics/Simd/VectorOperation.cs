using System.Runtime.Intrinsics;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Simd;

/// <summary>An operation for instructions that are executed out of line, on operands in memory of the host.</summary>
internal abstract unsafe class VectorOperation
{
    /// <summary>It may raise SIMD floating-point exceptions.</summary>
    public abstract bool RaisesExceptions { get; }

    /// <summary>
    /// Computes <paramref name="bytes"/> bytes at <paramref name="d"/>. All operands have room for 16 bytes at least; an
    /// operand <paramref name="rm"/> of <paramref name="rmBytes"/> ≤ 16 stands for all lanes.
    /// </summary>
    public abstract void Apply(
        LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int rmBytes, int bytes, uint imm);

    /// <summary>The operation that a struct of a row is.</summary>
    public static VectorOperation Of(Type operation)
    {
        Type argument = AsArgument(operation);
        Type definition = argument.IsAssignableTo(typeof(IWholeOperation)) ? typeof(Whole<>) : typeof(InLanes<>);
        return (VectorOperation)Activator.CreateInstance(definition.MakeGenericType(argument))!;
    }

    /// <summary>The operation as a type argument of handlers.</summary>
    public static Type AsArgument(Type operation) =>
        operation.IsAssignableTo(typeof(IUnary)) ? typeof(Unary<>).MakeGenericType(operation)
        : operation.IsAssignableTo(typeof(IBinary)) ? typeof(Binary<>).MakeGenericType(operation)
        : operation.IsAssignableTo(typeof(IBinaryByLane)) ? typeof(BinaryByLane<>).MakeGenericType(operation)
        : operation.IsAssignableTo(typeof(ITernary)) ? typeof(Ternary<>).MakeGenericType(operation)
        : operation.IsAssignableTo(typeof(ISelect)) ? typeof(Select<>).MakeGenericType(operation)
        : operation;

    private sealed class InLanes<TOp> : VectorOperation
        where TOp : struct, IVectorOperation
    {
        public override bool RaisesExceptions => TOp.RaisesExceptions;

        public override void Apply(
            LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int rmBytes, int bytes, uint imm)
        {
            int step = rmBytes > 16 ? 16 : 0;
            for (int at = 0, lane = 0; at < bytes; at += 16, lane++)
                TOp.Apply(lp, Vector128.Load(dst + at), Vector128.Load(a + at), Vector128.Load(b + at),
                    Vector128.Load(rm + (step * lane)), imm >> (lane * TOp.ImmediateBitsPerLane)).Store(d + at);
        }
    }

    private sealed class Whole<TOp> : VectorOperation
        where TOp : struct, IWholeOperation
    {
        public override bool RaisesExceptions => TOp.RaisesExceptions;

        public override void Apply(
            LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int rmBytes, int bytes, uint imm) =>
            TOp.Apply(lp, d, dst, a, b, rm, bytes, imm);
    }
}
