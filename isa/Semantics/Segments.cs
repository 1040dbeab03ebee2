using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>Loading and storing segment registers, and MOV's system forms. SDM vol. 2, "MOV", "LDS"; vol. 3A, 5.6-5.8.</summary>
internal static unsafe class Segments
{
    private const uint RealData = 0x93;

    public static Outcome Mov(Core core, in Instruction i)
    {
        Register first = i.Op0Kind == OpKind.Register ? i.Op0Register : Register.None;
        Register second = i.Op1Kind == OpKind.Register ? i.Op1Register : Register.None;
        if (first.IsCR())
            return ControlRegisters.MovToCr(core, i, first - Register.CR0);
        if (second.IsCR())
            return ControlRegisters.MovFromCr(core, i, second - Register.CR0);
        if (first.IsDR())
            return ControlRegisters.MovDr(core, i, first - Register.DR0, from: false);
        if (second.IsDR())
            return ControlRegisters.MovDr(core, i, second - Register.DR0, from: true);
        if (second.IsSegmentRegister())
            return core.TryWriteOperand(i, 0, core.ReadRegister(second)) ? Outcome.Next : Outcome.Fault;
        if (!first.IsSegmentRegister() || first == Register.CS)
            return core.Raise(Vector.UD);
        if (!core.TryReadOperand(i, 1, out ulong selector))
            return Outcome.Fault;
        return Load(core, first, (ushort)selector);
    }

    public static Outcome LoadFar(Core core, in Instruction i)
    {
        if (!FarPointer.TryRead(core, i, i.Op0Register.GetSize(), out FarPointer pointer))
            return Outcome.Fault;
        Register segment = i.Mnemonic switch
        {
            Mnemonic.Lss => Register.SS, Mnemonic.Lds => Register.DS, Mnemonic.Les => Register.ES,
            Mnemonic.Lfs => Register.FS, _ => Register.GS,
        };
        byte shadow = core.Lp->InterruptShadow;
        if (Load(core, segment, pointer.Selector) == Outcome.Fault)
            return Outcome.Fault;
        core.Lp->InterruptShadow = shadow; // LSS loads the stack pointer too: nothing to hold back
        core.WriteRegister(i.Op0Register, pointer.Offset);
        return Outcome.Next;
    }

    /// <summary>Loads ES, SS, DS, FS or GS; SS blocks interrupts for one instruction.</summary>
    public static Outcome Load(Core core, Register register, ushort selector)
    {
        Segment* segment = &(&core.Lp->Es)[Core.SegmentIndex(register)];
        Outcome outcome;
        if (core.HasRealSegments)
            outcome = LoadReal(core, segment, selector);
        else
            outcome = register == Register.SS ? LoadSs(core, selector) : LoadData(core, segment, selector);
        if (outcome == Outcome.Next && register == Register.SS)
            core.BlockInterruptsForOneInstruction(2);
        return outcome;
    }

    /// <summary>Real mode loads the base and leaves limit and size as they are; virtual-8086 mode loads all.</summary>
    private static Outcome LoadReal(Core core, Segment* segment, ushort selector)
    {
        if (core.InVirtual8086)
        {
            *segment = Segments8086.Of(selector);
            return Outcome.Next;
        }
        bool usable = (segment->AccessRights & SegmentBit.Unusable) == 0;
        uint kept = usable ? segment->AccessRights & (SegmentBit.Big | SegmentBit.Granularity) : 0;
        *segment = new Segment
        {
            Selector = selector, Base = (ulong)selector << 4, Limit = usable ? segment->Limit : 0xFFFF,
            AccessRights = RealData | kept,
        };
        return Outcome.Next;
    }

    private static Outcome LoadSs(Core core, ushort selector)
    {
        int rpl = selector & 3;
        if ((selector & ~3) == 0)
        {
            if (!core.LongMode64 || core.Cpl == 3 || rpl != core.Cpl)
                return core.RaiseGp0();
            core.SetNullSs(core.Cpl);
            core.Lp->Ss.Selector = selector;
            return Outcome.Next;
        }
        if (!core.TryReadDescriptor(selector, out Descriptor d))
            return Outcome.Fault;
        if (rpl != core.Cpl || !d.IsWritable || d.Dpl != core.Cpl)
            return core.Raise(Vector.GP, (uint)(selector & ~3));
        if (!d.Present)
            return core.Raise(Vector.SS, (uint)(selector & ~3));
        if (!core.TryMarkDescriptor(selector, d, d.Type | 1))
            return Outcome.Fault;
        core.Lp->Ss = d.ToSegment(selector);
        core.Lp->Ss.AccessRights |= SegmentBit.Accessed;
        return Outcome.Next;
    }

    private static Outcome LoadData(Core core, Segment* segment, ushort selector)
    {
        if ((selector & ~3) == 0)
        {
            *segment = new Segment { Selector = selector, AccessRights = SegmentBit.Unusable };
            return Outcome.Next;
        }
        if (!core.TryReadDescriptor(selector, out Descriptor d))
            return Outcome.Fault;
        bool privileged = !d.IsConforming && (d.Dpl < core.Cpl || d.Dpl < (selector & 3));
        if (!d.IsReadable || privileged)
            return core.Raise(Vector.GP, (uint)(selector & ~3));
        if (!d.Present)
            return core.Raise(Vector.NP, (uint)(selector & ~3));
        if (!core.TryMarkDescriptor(selector, d, d.Type | 1))
            return Outcome.Fault;
        *segment = d.ToSegment(selector);
        segment->AccessRights |= SegmentBit.Accessed;
        return Outcome.Next;
    }
}
