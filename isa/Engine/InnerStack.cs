using System.Buffers.Binary;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

/// <summary>
/// The stack of a more privileged level, from the task-state segment. SDM vol. 3A, 6.8.5 and 6.12.1; vol. 2, "CALL".
/// </summary>
internal static unsafe class InnerStack
{
    private const int PointersIn32 = 4, PointersIn16 = 2, IstIn64 = 36;

    /// <summary>SS:ESP of a level outside IA-32e mode, with all checks of the stack segment; false = fault recorded.</summary>
    public static bool TryLoad(Core core, int cpl, uint ext, out Segment stack, out uint pointer)
    {
        stack = default;
        pointer = 0;
        bool wide = (core.Lp->Tr.AccessRights & 8) != 0;
        int bytes = wide ? 6 : 4;
        Span<byte> raw = stackalloc byte[8];
        if (!TryRead(core, (uint)(wide ? PointersIn32 + (8 * cpl) : PointersIn16 + (4 * cpl)), raw[..bytes], ext))
            return false;
        pointer = wide ? BinaryPrimitives.ReadUInt32LittleEndian(raw) : BinaryPrimitives.ReadUInt16LittleEndian(raw);
        ushort selector = BinaryPrimitives.ReadUInt16LittleEndian(raw[(bytes - 2)..]);
        return TryCheck(core, selector, cpl, ext, out stack);
    }

    /// <summary>RSP of a level in IA-32e mode.</summary>
    public static bool TryLoadRsp(Core core, int cpl, uint ext, out ulong pointer) =>
        TryLoad64(core, (uint)(PointersIn32 + (8 * cpl)), ext, out pointer);

    /// <summary>An entry of the interrupt stack table, 0 for IST1.</summary>
    public static bool TryLoadIst(Core core, int entry, uint ext, out ulong pointer) =>
        TryLoad64(core, (uint)(IstIn64 + (8 * entry)), ext, out pointer);

    private static bool TryLoad64(Core core, uint offset, uint ext, out ulong pointer)
    {
        Span<byte> raw = stackalloc byte[8];
        bool ok = TryRead(core, offset, raw, ext);
        pointer = BinaryPrimitives.ReadUInt64LittleEndian(raw);
        return ok;
    }

    private static bool TryRead(Core core, uint offset, Span<byte> raw, uint ext)
    {
        if (offset + raw.Length - 1 <= core.Lp->Tr.Limit)
            return core.TryReadSystem(new Gva(core.Lp->Tr.Base + offset), raw);
        core.Raise(Vector.TS, (uint)(core.Lp->Tr.Selector & ~3) | ext);
        return false;
    }

    private static bool TryCheck(Core core, ushort selector, int cpl, uint ext, out Segment stack)
    {
        stack = default;
        uint error = (uint)(selector & ~3) | ext;
        if ((selector & ~3) == 0)
        {
            core.Raise(Vector.TS, ext);
            return false;
        }
        if (!core.TryReadDescriptor(selector, out Descriptor data, Vector.TS, ext))
            return false;
        if ((selector & 3) != cpl || data.Dpl != cpl || !data.IsWritable)
            core.Raise(Vector.TS, error);
        else if (!data.Present)
            core.Raise(Vector.SS, error);
        else if (core.TryMarkDescriptor(selector, data, data.Type | 1))
        {
            stack = data.ToSegment(selector);
            stack.AccessRights |= SegmentBit.Accessed;
            return true;
        }
        return false;
    }
}
