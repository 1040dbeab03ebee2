using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

/// <summary>Memory operands with a segment base, or with 16- or 32-bit addresses. SDM vol. 3A, 5.2 and 5.3.</summary>
internal static unsafe class Segmentation
{
    /// <summary>Never canonical, so never in the TLB.</summary>
    public const ulong Nowhere = 1UL << 63;

    private const int Fs = 4;

    /// <summary>Linear address, or <see cref="Nowhere"/> when only <see cref="Checked"/> can tell.</summary>
    public static ulong Fast(LogicalProcessor* lp, Op* op)
    {
        ulong offset = Offset(lp, op);
        if (Core.Of(lp).LongMode64)
            return op->Segment >= Fs ? (&lp->Es)[op->Segment].Base + offset : offset;
        Segment* segment = &(&lp->Es)[op->Segment];
        const uint plain = SegmentBit.Present | SegmentBit.S | SegmentBit.Writable;
        bool flat = segment->Base == 0 && segment->Limit == uint.MaxValue
            && (segment->AccessRights & (plain | SegmentBit.Code | SegmentBit.ExpandDown | SegmentBit.Unusable)) == plain;
        return flat ? offset : Nowhere;
    }

    /// <summary>Linear address, or <see cref="Nowhere"/> on a violation (#SS for the stack segment, otherwise #GP).</summary>
    public static ulong Checked(LogicalProcessor* lp, Op* op) =>
        Linear(Core.Of(lp), op->Segment, Offset(lp, op), (op->Mode >> OpMode.BytesShift) & 0xFF);

    /// <summary>As <see cref="Checked"/> for any segment register and offset.</summary>
    public static ulong Linear(Core core, int register, ulong offset, uint bytes)
    {
        Segment* segment = &(&core.Lp->Es)[register];
        if (core.LongMode64)
            return register >= Fs ? segment->Base + offset : offset;
        return Within(*segment, offset, bytes);
    }

    /// <summary>Outside 64-bit mode: the linear address of an offset in a segment that need not be loaded yet.</summary>
    public static ulong Within(in Segment segment, ulong offset, uint bytes)
    {
        uint last = (uint)offset + bytes - 1, rights = segment.AccessRights;
        bool expandDown = (rights & (SegmentBit.Code | SegmentBit.ExpandDown)) == SegmentBit.ExpandDown;
        uint top = (rights & SegmentBit.Big) != 0 ? uint.MaxValue : ushort.MaxValue;
        bool inside = expandDown
            ? (uint)offset > segment.Limit && last <= top
            : last <= segment.Limit;
        if ((rights & SegmentBit.Unusable) != 0 || !inside || (bytes != 0 && last < (uint)offset))
            return Nowhere;
        return (uint)(segment.Base + offset);
    }

    /// <summary>
    /// Whether the segment's type lets the access be: protected mode outside 64-bit code writes only to writable data
    /// segments and reads code segments only when they are readable. SDM vol. 3A, 5.5.
    /// </summary>
    public static bool Permits(in Segment segment, bool write)
    {
        uint rights = segment.AccessRights;
        bool code = (rights & SegmentBit.Code) != 0;
        return write ? !code && (rights & SegmentBit.Writable) != 0 : !code || (rights & SegmentBit.Readable) != 0;
    }

    /// <summary>The op's effective address, cut to its address size.</summary>
    public static ulong Offset(LogicalProcessor* lp, Op* op)
    {
        ulong offset = BaseIndexDisp.Of(lp, op);
        return ((op->Mode >> OpMode.AddressSizeShift) & 3) switch
        {
            0 => offset,
            1 => (uint)offset,
            _ => (ushort)offset,
        };
    }
}
