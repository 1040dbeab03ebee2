using System.Runtime.CompilerServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>How an op's memory operand becomes a linear address.</summary>
internal unsafe interface IAddress
{
    static abstract ulong Of(LogicalProcessor* lp, Op* op);
}

/// <summary>64-bit code, no segment base: base + displacement (RIP-relative and absolute too, base = zero).</summary>
internal readonly unsafe struct BaseDisp : IAddress
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(LogicalProcessor* lp, Op* op) => *(ulong*)((byte*)lp + op->Base) + op->Disp;
}

/// <summary>64-bit code, no segment base: base + index × scale + displacement.</summary>
internal readonly unsafe struct BaseIndexDisp : IAddress
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(LogicalProcessor* lp, Op* op) =>
        *(ulong*)((byte*)lp + op->Base) + (*(ulong*)((byte*)lp + op->Index) << op->Shift) + op->Disp;
}

/// <summary>
/// Any other form (segment base, 16- or 32-bit addresses). Where a segment is not flat the address comes out
/// non-canonical, no TLB entry matches, and the careful path checks the limit.
/// </summary>
internal readonly unsafe struct AnyAddress : IAddress
{
    public static ulong Of(LogicalProcessor* lp, Op* op) => Segmentation.Fast(lp, op);
}

/// <summary>The careful path: as <see cref="AnyAddress"/>, with limit, type and null checks.</summary>
internal readonly unsafe struct CarefulAddress : IAddress
{
    public static ulong Of(LogicalProcessor* lp, Op* op) => Segmentation.Checked(lp, op);
}
