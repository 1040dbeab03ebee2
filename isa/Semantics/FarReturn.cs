using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>Far RET, and the checks it shares with IRET. SDM vol. 2, "RET" and "IRET".</summary>
internal static unsafe class FarReturn
{
    public static Outcome Retf(Core core, in Instruction i)
    {
        int bytes = i.Code switch
        {
            Code.Retfq or Code.Retfq_imm16 => 8,
            Code.Retfd or Code.Retfd_imm16 => 4,
            _ => 2,
        };
        ulong release = i.OpCount > 0 ? i.GetImmediate(0) : 0;
        if (!core.TryReadStack(0, bytes, out ulong offset) || !core.TryReadStack(bytes, bytes, out ulong raw))
            return Outcome.Fault;
        var selector = (ushort)raw;
        ulong popped = (ulong)(2 * bytes) + release;
        if (core.HasRealSegments)
        {
            if (FarTransfer.EnterReal(core, selector, offset) == Outcome.Fault)
                return Outcome.Fault;
            core.StackPointer += popped;
            return Outcome.Jumped;
        }
        if (!TryCheckCode(core, selector, out Descriptor code) || !FarTransfer.TryTarget(core, code, offset))
            return Outcome.Fault;
        if ((selector & 3) != core.Cpl)
            return ReturnOutward(core, selector, code, offset, bytes, (int)popped, release);
        int address = core.StackAddressBytes;
        ulong pointer = core.StackPointer + popped;
        var shadow = ShadowOf(core, selector, code, offset);
        if (!shadow.TryPrepare(core.Cpl, iret: false)
            || FarTransfer.Enter(core, selector, code, offset, core.Cpl) == Outcome.Fault)
            return Outcome.Fault;
        shadow.Commit();
        core.SetStackPointer(pointer, address);
        return Outcome.Jumped;
    }

    /// <summary>Pops SS:RSP <paramref name="above"/> bytes up and goes to an outer level.</summary>
    /// <param name="core">The processor.</param>
    /// <param name="selector">The checked code segment selector; its RPL is the new level.</param>
    /// <param name="code">Its descriptor.</param>
    /// <param name="offset">The checked target.</param>
    /// <param name="bytes">Size of a stack slot.</param>
    /// <param name="above">Where the stack pointer lies, from the top of the current stack.</param>
    /// <param name="release">Bytes of parameters to drop from the outer stack.</param>
    /// <param name="iret">IRET, whose level may stay the same.</param>
    public static Outcome ReturnOutward(
        Core core, ushort selector, in Descriptor code, ulong offset, int bytes, int above, ulong release, bool iret = false)
    {
        if (!core.TryReadStack(above, bytes, out ulong stack) || !core.TryReadStack(above + bytes, bytes, out ulong data))
            return Outcome.Fault;
        int cpl = selector & 3;
        bool to64 = core.LongModeActive && code.Is64Bit;
        var shadow = ShadowOf(core, selector, code, offset);
        if (!TryCheckStack(core, (ushort)data, cpl, to64, out Segment ss)
            || !shadow.TryPrepare(cpl, iret)
            || !core.TryMarkDescriptor(selector, code, code.Type | 1))
            return Outcome.Fault;
        shadow.Commit();
        core.Lp->Ss = ss;
        core.SetStackPointer(stack + release, to64 ? 8 : Core.StackBytesOf(ss));
        DropInnerSegments(core, cpl);
        return FarTransfer.Enter(core, selector, code with { Low = code.Low | Descriptor.AccessedBit }, offset, cpl);
    }

    /// <summary>The shadow-stack part of a return to a checked target.</summary>
    public static ShadowReturn ShadowOf(Core core, ushort selector, in Descriptor code, ulong offset)
    {
        bool wide = core.LongModeActive && code.Is64Bit;
        return new ShadowReturn(core, selector, wide ? offset : (uint)(code.Base + offset), wide);
    }

    /// <summary>The code segment a far RET or IRET loads: RPL is the level it returns to.</summary>
    public static bool TryCheckCode(Core core, ushort selector, out Descriptor code)
    {
        int rpl = selector & 3;
        if (!FarTransfer.TryRead(core, selector, out code))
            return false;
        bool level = code.IsConforming ? code.Dpl <= rpl : code.Dpl == rpl;
        if (!code.IsCode || rpl < core.Cpl || !level || (core.LongModeActive && code.Is64Bit && code.IsBig))
            core.Raise(Vector.GP, (uint)(selector & ~3));
        else if (!code.Present)
            core.Raise(Vector.NP, (uint)(selector & ~3));
        else
            return true;
        return false;
    }

    /// <summary>The stack segment a return to <paramref name="cpl"/> loads; null only in 64-bit code below level 3.</summary>
    private static bool TryCheckStack(Core core, ushort selector, int cpl, bool to64, out Segment segment)
    {
        segment = new Segment { Selector = selector, AccessRights = SegmentBit.Unusable | ((uint)cpl << 5) };
        if ((selector & ~3) == 0)
        {
            if (to64 && cpl != 3 && (selector & 3) == cpl)
                return true;
            core.RaiseGp0();
            return false;
        }
        if (!core.TryReadDescriptor(selector, out Descriptor d))
            return false;
        if ((selector & 3) != cpl || !d.IsWritable || d.Dpl != cpl)
            core.Raise(Vector.GP, (uint)(selector & ~3));
        else if (!d.Present)
            core.Raise(Vector.SS, (uint)(selector & ~3));
        else if (core.TryMarkDescriptor(selector, d, d.Type | 1))
        {
            segment = d.ToSegment(selector);
            segment.AccessRights |= SegmentBit.Accessed;
            return true;
        }
        return false;
    }

    /// <summary>Data segments more privileged than the level returned to become null.</summary>
    private static void DropInnerSegments(Core core, int cpl)
    {
        foreach (int register in (ReadOnlySpan<int>)[0, 3, 4, 5])
        {
            Segment* s = &(&core.Lp->Es)[register];
            bool conforming = (s->AccessRights & (SegmentBit.Code | SegmentBit.Conforming))
                == (SegmentBit.Code | SegmentBit.Conforming);
            bool usable = (s->AccessRights & SegmentBit.Unusable) == 0;
            if (usable && !conforming && ((s->AccessRights >> 5) & 3) < cpl)
                *s = new Segment { AccessRights = SegmentBit.Unusable, Base = s->Base };
        }
    }
}
