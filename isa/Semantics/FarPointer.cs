using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>A far pointer operand. SDM vol. 1, 4.3.</summary>
/// <param name="Selector">The selector.</param>
/// <param name="Offset">The offset.</param>
/// <param name="Bytes">Size of the offset: 2, 4 or 8.</param>
internal readonly record struct FarPointer(ushort Selector, ulong Offset, int Bytes)
{
    /// <summary>Reads m16:16, m16:32 or m16:64: the offset lies first; false = fault recorded.</summary>
    public static bool TryRead(Core core, in Instruction i, int bytes, out FarPointer pointer)
    {
        pointer = default;
        Span<byte> raw = stackalloc byte[10];
        if (!core.TryReadLinear(core.EffectiveAddress(i), raw[..(bytes + 2)], core.Cpl, Core.SegmentIndex(i.MemorySegment)))
            return false;
        ulong offset = 0;
        for (int n = bytes - 1; n >= 0; n--)
            offset = (offset << 8) | raw[n];
        pointer = new FarPointer((ushort)(raw[bytes] | (raw[bytes + 1] << 8)), offset, bytes);
        return true;
    }
}
