using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>The two operands of an arithmetic or compare instruction, and where the first came from.</summary>
internal readonly record struct X87Pair(int Destination, FloatValue First, FloatValue Second, bool Empty);

/// <summary>
/// Operands of x87 instructions: stack registers, and memory in each of its formats. SDM vol. 1, 8.1.2 and 8.2.
/// </summary>
internal static unsafe class X87Operands
{
    /// <summary>Position in the stack of operand <paramref name="n"/>.</summary>
    public static int Index(in Instruction i, int n) => i.GetOpRegister(n) - Register.ST0;

    /// <summary>
    /// Reads both operands; without a second register the second operand is memory. False = fault recorded.
    /// </summary>
    public static bool TryRead(Core core, in Instruction i, X87Stack st, out X87Pair pair)
    {
        pair = default;
        if (i.Op0Kind == OpKind.Memory)
        {
            if (!TryReadNumber(core, i, out FloatValue memory))
                return false;
            pair = new X87Pair(0, st.Value(0), memory, st.IsEmpty(0));
            return true;
        }
        int first = i.OpCount == 0 ? 0 : Index(i, 0), second = i.OpCount < 2 ? 1 : Index(i, 1);
        pair = new X87Pair(first, st.Value(first), st.Value(second), st.IsEmpty(first) || st.IsEmpty(second));
        return true;
    }

    /// <summary>A number in memory: single, double or integer.</summary>
    public static bool TryReadNumber(Core core, in Instruction i, out FloatValue value)
    {
        value = default;
        if (!core.TryReadOperand(i, 0, out ulong bits))
            return false;
        value = i.MemorySize switch
        {
            MemorySize.Float32 => FloatFormat.Binary32.Unpack(bits, denormalsAreZeros: false),
            MemorySize.Float64 => FloatFormat.Binary64.Unpack(bits, denormalsAreZeros: false),
            MemorySize.Int16 => FromSigned((short)bits),
            MemorySize.Int32 => FromSigned((int)bits),
            _ => FromSigned((long)bits),
        };
        return true;
    }

    /// <summary>A number in memory in the extended format.</summary>
    public static bool TryReadExtended(Core core, in Instruction i, out Extended80 value)
    {
        Span<byte> bytes = stackalloc byte[10];
        bool ok = TryReadBytes(core, i, bytes);
        value = new Extended80(
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        return ok;
    }

    /// <summary>Stores a number in the extended format; false = fault recorded.</summary>
    public static bool TryWriteExtended(Core core, in Instruction i, Extended80 value)
    {
        Span<byte> bytes = stackalloc byte[10];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value.Significand);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], value.SignExponent);
        return TryWriteBytes(core, i, bytes);
    }

    /// <summary>Reads a memory operand of any size.</summary>
    public static bool TryReadBytes(Core core, in Instruction i, Span<byte> bytes) =>
        TryReach(core, i, bytes.Length, out Gva at) && core.TryReadLinear(at, bytes, core.Cpl);

    /// <summary>Writes a memory operand of any size.</summary>
    public static bool TryWriteBytes(Core core, in Instruction i, ReadOnlySpan<byte> bytes) =>
        TryReach(core, i, bytes.Length, out Gva at) && core.TryWriteLinear(at, bytes, core.Cpl);

    private static bool TryReach(Core core, in Instruction i, int bytes, out Gva at)
    {
        int segment = Core.SegmentIndex(i.MemorySegment);
        at = new Gva(Segmentation.Linear(core, segment, core.EffectiveOffset(i), (uint)bytes));
        if (Flow.IsCanonical(core.Lp, at.Value) && Flow.IsCanonical(core.Lp, at.Value + (ulong)(bytes - 1)))
            return true;
        core.Raise(i.MemorySegment == Register.SS ? Vector.SS : Vector.GP);
        return false;
    }

    private static FloatValue FromSigned(long value) =>
        FloatValue.FromMagnitude(value < 0, value < 0 ? 0 - (ulong)value : (ulong)value);
}
