using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Semantics;

/// <summary>LGDT, LIDT, SGDT, SIDT, LLDT, LTR, SLDT, STR. SDM vol. 2.</summary>
internal static unsafe class DescriptorTables
{
    private const int LdtType = 2, AvailableTss = 9, AvailableTss16 = 1, Busy = 2;

    public static Outcome Load(Core core, in Instruction i)
    {
        if (core.Cpl != 0)
            return core.RaiseGp0();
        if (core.Intercepts(ExitReason.GdtrOrIdtrAccess, i, out Outcome exit, i.MemoryDisplacement64))
            return exit;
        Span<byte> image = stackalloc byte[10];
        int bytes = core.LongMode64 ? 10 : 6;
        if (!core.TryReadLinear(core.EffectiveAddress(i), image[..bytes], core.Cpl, Core.SegmentIndex(i.MemorySegment)))
            return Outcome.Fault;
        ulong start = bytes == 10
            ? BinaryPrimitives.ReadUInt64LittleEndian(image[2..])
            : BinaryPrimitives.ReadUInt32LittleEndian(image[2..]);
        bool small = i.Code is Code.Lgdt_m1632_16 or Code.Lidt_m1632_16;
        if (small)
            start &= 0xFF_FFFF;
        if (core.LongMode64 && !Core.IsWidestCanonical(start))
            return core.RaiseGp0();
        uint limit = BinaryPrimitives.ReadUInt16LittleEndian(image);
        if (i.Mnemonic == Mnemonic.Lgdt)
            (core.Lp->GdtrBase, core.Lp->GdtrLimit) = (start, limit);
        else
            (core.Lp->IdtrBase, core.Lp->IdtrLimit) = (start, limit);
        return Outcome.Next;
    }

    public static Outcome Store(Core core, in Instruction i)
    {
        if (ControlRegisters.IsUserModeProtected(core))
            return core.RaiseGp0();
        if (core.Intercepts(ExitReason.GdtrOrIdtrAccess, i, out Outcome exit, i.MemoryDisplacement64))
            return exit;
        bool gdt = i.Mnemonic == Mnemonic.Sgdt;
        Span<byte> image = stackalloc byte[10];
        BinaryPrimitives.WriteUInt16LittleEndian(image, (ushort)(gdt ? core.Lp->GdtrLimit : core.Lp->IdtrLimit));
        BinaryPrimitives.WriteUInt64LittleEndian(image[2..], gdt ? core.Lp->GdtrBase : core.Lp->IdtrBase);
        int bytes = core.LongMode64 ? 10 : 6;
        return core.TryWriteLinear(core.EffectiveAddress(i), image[..bytes], core.Cpl, Core.SegmentIndex(i.MemorySegment))
            ? Outcome.Next
            : Outcome.Fault;
    }

    public static Outcome Lldt(Core core, in Instruction i)
    {
        if (!TryReadSelector(core, i, out ushort selector, out Outcome outcome))
            return outcome;
        if ((selector & ~3) == 0)
        {
            core.Lp->Ldtr = new Segment { Selector = selector, AccessRights = SegmentBit.Unusable };
            return Outcome.Next;
        }
        if (!TryReadSystemDescriptor(core, selector, out Descriptor d))
            return Outcome.Fault;
        if (d.IsCodeOrData || d.Type != LdtType || !IsWideWhole(core, d))
            return core.Raise(Vector.GP, (uint)(selector & ~3));
        if (!d.Present)
            return core.Raise(Vector.NP, (uint)(selector & ~3));
        core.Lp->Ldtr = d.ToSegment(selector);
        return Outcome.Next;
    }

    public static Outcome Ltr(Core core, in Instruction i)
    {
        if (!TryReadSelector(core, i, out ushort selector, out Outcome outcome))
            return outcome;
        if ((selector & ~3) == 0)
            return core.RaiseGp0();
        if (!TryReadSystemDescriptor(core, selector, out Descriptor d))
            return Outcome.Fault;
        bool available = d.Type == AvailableTss || (d.Type == AvailableTss16 && !core.LongModeActive);
        if (d.IsCodeOrData || !available || !IsWideWhole(core, d))
            return core.Raise(Vector.GP, (uint)(selector & ~3));
        if (!d.Present)
            return core.Raise(Vector.NP, (uint)(selector & ~3));
        if (!core.TryMarkDescriptor(selector, d, d.Type | Busy))
            return Outcome.Fault;
        core.Lp->Tr = d.ToSegment(selector);
        core.Lp->Tr.AccessRights |= Busy;
        return Outcome.Next;
    }

    public static Outcome StoreSelector(Core core, in Instruction i)
    {
        if (core.HasRealSegments)
            return core.Raise(Vector.UD);
        if (ControlRegisters.IsUserModeProtected(core))
            return core.RaiseGp0();
        if (core.Intercepts(ExitReason.LdtrOrTrAccess, i, out Outcome exit, i.MemoryDisplacement64))
            return exit;
        ushort selector = i.Mnemonic == Mnemonic.Str ? core.Lp->Tr.Selector : core.Lp->Ldtr.Selector;
        return core.TryWriteOperand(i, 0, selector) ? Outcome.Next : Outcome.Fault;
    }

    /// <summary>A 16-byte descriptor has a zero type in its upper half and a canonical base.</summary>
    private static bool IsWideWhole(Core core, in Descriptor d) =>
        !core.LongModeActive || (d.UpperType == 0 && Core.IsWidestCanonical(d.Base));

    private static bool TryReadSelector(Core core, in Instruction i, out ushort selector, out Outcome outcome)
    {
        selector = 0;
        if (core.HasRealSegments)
            outcome = core.Raise(Vector.UD);
        else if (core.Cpl != 0)
            outcome = core.RaiseGp0();
        else if (core.Intercepts(ExitReason.LdtrOrTrAccess, i, out outcome, i.MemoryDisplacement64))
            return false;
        else if (core.TryReadOperand(i, 0, out ulong value))
        {
            selector = (ushort)value;
            return true;
        }
        else
            outcome = Outcome.Fault;
        return false;
    }

    private static bool TryReadSystemDescriptor(Core core, ushort selector, out Descriptor descriptor)
    {
        descriptor = default;
        if ((selector & 4) == 0)
            return core.TryReadDescriptor(selector, out descriptor, wide: core.LongModeActive);
        core.Raise(Vector.GP, (uint)(selector & ~3)); // system descriptors live in the GDT
        return false;
    }
}
