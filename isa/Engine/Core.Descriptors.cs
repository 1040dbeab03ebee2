using System.Buffers.Binary;
using Seamsim.Isa.Engine;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    private const ushort TableIndicator = 4;

    /// <summary>Where a descriptor lies; false when the selector points beyond its table or to an unusable LDT.</summary>
    internal bool TryLocateDescriptor(ushort selector, bool wide, out Gva address)
    {
        bool local = (selector & TableIndicator) != 0;
        uint offset = selector & 0xFFF8u;
        address = new Gva(Wrap((local ? Lp->Ldtr.Base : Lp->GdtrBase) + offset));
        bool usable = !local || (Lp->Ldtr.AccessRights & SegmentBit.Unusable) == 0;
        return usable && offset + (wide ? 15u : 7u) <= (local ? Lp->Ldtr.Limit : Lp->GdtrLimit);
    }

    /// <summary>Reads a descriptor from the GDT or LDT. Beyond the limit: #GP(selector) or <paramref name="beyond"/>.</summary>
    internal bool TryReadDescriptor(
        ushort selector, out Descriptor descriptor, Vector beyond = Vector.GP, uint ext = 0, bool wide = false)
    {
        descriptor = default;
        if (!TryLocateDescriptor(selector, wide, out Gva address))
        {
            Raise(beyond, (uint)(selector & ~3) | ext);
            return false;
        }
        Span<byte> raw = stackalloc byte[16];
        if (!TryReadSystem(address, raw[..(wide ? 16 : 8)]))
            return false;
        descriptor = new Descriptor(
            BinaryPrimitives.ReadUInt64LittleEndian(raw), wide ? BinaryPrimitives.ReadUInt64LittleEndian(raw[8..]) : 0);
        return true;
    }

    /// <summary>Sets the accessed (or TSS busy) bit of a descriptor in its table.</summary>
    internal bool TryMarkDescriptor(ushort selector, in Descriptor descriptor, int type)
    {
        if (descriptor.Type == type)
            return true;
        TryLocateDescriptor(selector, wide: false, out Gva address);
        Span<byte> access = [(byte)((descriptor.Low >> 40 & 0xF0) | (uint)type)];
        return TryWriteSystem(new Gva(Wrap(address.Value + 5)), access);
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
