using System.Buffers.Binary;
using Seamsim.Isa.Engine;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    private const ushort TableIndicator = 4;

    /// <summary>Reads a descriptor from the GDT or LDT. Beyond the limit: #GP(selector) or <paramref name="beyond"/>.</summary>
    internal bool TryReadDescriptor(
        ushort selector, out Descriptor descriptor, Vector beyond = Vector.GP, uint ext = 0, bool wide = false)
    {
        descriptor = default;
        bool local = (selector & TableIndicator) != 0;
        ulong start = local ? Lp->Ldtr.Base : Lp->GdtrBase;
        uint limit = local ? Lp->Ldtr.Limit : Lp->GdtrLimit;
        uint offset = selector & 0xFFF8u;
        bool usable = !local || (Lp->Ldtr.AccessRights & SegmentBit.Unusable) == 0;
        if (!usable || offset + (wide ? 15 : 7) > limit)
        {
            Raise(beyond, (uint)(selector & ~3) | ext);
            return false;
        }
        Span<byte> raw = stackalloc byte[16];
        if (!TryReadSystem(new Gva(start + offset), raw[..(wide ? 16 : 8)]))
            return false;
        descriptor = new Descriptor(
            BinaryPrimitives.ReadUInt64LittleEndian(raw), wide ? BinaryPrimitives.ReadUInt32LittleEndian(raw[8..]) : 0);
        return true;
    }

    /// <summary>Sets the accessed (or TSS busy) bit of a descriptor in its table.</summary>
    internal bool TryMarkDescriptor(ushort selector, in Descriptor descriptor, int type)
    {
        if (descriptor.Type == type)
            return true;
        ulong start = (selector & TableIndicator) != 0 ? Lp->Ldtr.Base : Lp->GdtrBase;
        Span<byte> access = [(byte)((descriptor.Low >> 40 & 0xF0) | (uint)type)];
        return TryWriteSystem(new Gva(start + (selector & 0xFFF8u) + 5), access);
    }

    /// <summary>Loads CS with a checked descriptor at a privilege level.</summary>
    internal void SetCs(ushort selector, in Descriptor descriptor, int cpl)
    {
        Lp->Cs = descriptor.ToSegment((ushort)((selector & ~3) | cpl));
        Lp->Cs.AccessRights |= SegmentBit.Accessed;
    }

    /// <summary>SS after a privilege change in IA-32e mode: null, with RPL = DPL = the new level.</summary>
    internal void SetNullSs(int cpl) => Lp->Ss = new Segment
    {
        Selector = (ushort)cpl, AccessRights = SegmentBit.Unusable | ((uint)cpl << 5),
    };
}
