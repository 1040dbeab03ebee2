using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// Far JMP, CALL and RET through code segments. SDM vol. 2. Call gates and task gates are not modelled: #GP(selector).
/// </summary>
internal static unsafe class FarTransfer
{
    public static Outcome Jmp(Core core, in Instruction i)
    {
        if (!TryReadPointer(core, i, out ushort selector, out ulong offset, out _))
            return Outcome.Fault;
        if (IsReal(core))
            return EnterReal(core, selector, offset);
        if (!TryCheck(core, selector, out Descriptor code) || !TryTarget(core, code, offset))
            return Outcome.Fault;
        return Enter(core, selector, code, offset, core.Cpl);
    }

    public static Outcome Call(Core core, in Instruction i)
    {
        if (!TryReadPointer(core, i, out ushort selector, out ulong offset, out int bytes))
            return Outcome.Fault;
        Descriptor code = default;
        if (!IsReal(core) && (!TryCheck(core, selector, out code) || !TryTarget(core, code, offset)))
            return Outcome.Fault;
        ulong old = core.Lp->Gpr[4];
        if (!core.TryPush(core.Lp->Cs.Selector, bytes) || !core.TryPush(i.NextIP, bytes))
        {
            core.Lp->Gpr[4] = old;
            return Outcome.Fault;
        }
        return IsReal(core) ? EnterReal(core, selector, offset) : Enter(core, selector, code, offset, core.Cpl);
    }

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
        ushort selector = (ushort)raw;
        if (IsReal(core))
        {
            core.StackPointer += (ulong)(2 * bytes) + release;
            return EnterReal(core, selector, offset);
        }
        if (!TryCheckReturn(core, selector, out Descriptor code) || !TryTarget(core, code, offset))
            return Outcome.Fault;
        int cpl = selector & 3;
        if (cpl == core.Cpl)
        {
            core.StackPointer += (ulong)(2 * bytes) + release;
            return Enter(core, selector, code, offset, cpl);
        }
        int above = (2 * bytes) + (int)release;
        if (!core.TryReadStack(above, bytes, out ulong stack) || !core.TryReadStack(above + bytes, bytes, out ulong data))
            return Outcome.Fault;
        return ReturnOutward(core, selector, code, offset, (ushort)data, stack + release);
    }

    /// <summary>Loads CS:RIP and SS:RSP of an outer level. Shared with IRET.</summary>
    public static Outcome ReturnOutward(
        Core core, ushort selector, in Descriptor code, ulong offset, ushort stackSelector, ulong stack)
    {
        int cpl = selector & 3;
        if (!TryCheckStack(core, stackSelector, cpl, code.Is64Bit && core.LongModeActive, out Segment ss))
            return Outcome.Fault;
        core.Lp->Ss = ss;
        core.Lp->Gpr[4] = code.Is64Bit && core.LongModeActive ? stack : (uint)stack;
        DropInnerSegments(core, cpl);
        return Enter(core, selector, code, offset, cpl);
    }

    /// <summary>The stack segment a return to <paramref name="cpl"/> loads.</summary>
    public static bool TryCheckStack(Core core, ushort selector, int cpl, bool to64, out Segment segment)
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
        else
        {
            segment = d.ToSegment(selector);
            segment.AccessRights |= SegmentBit.Accessed;
            return true;
        }
        return false;
    }

    /// <summary>The code segment a far RET or IRET loads: RPL is the level it returns to.</summary>
    public static bool TryCheckReturn(Core core, ushort selector, out Descriptor code)
    {
        code = default;
        int rpl = selector & 3;
        if ((selector & ~3) == 0)
        {
            core.RaiseGp0();
            return false;
        }
        if (!core.TryReadDescriptor(selector, out code))
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

    /// <summary>A target beyond the limit, or not canonical in 64-bit code, is #GP(0).</summary>
    public static bool TryTarget(Core core, in Descriptor code, ulong offset)
    {
        bool to64 = core.LongModeActive && code.Is64Bit;
        if (to64 ? core.IsCanonical(offset) : offset <= code.Limit)
            return true;
        core.RaiseGp0();
        return false;
    }

    public static Outcome Enter(Core core, ushort selector, in Descriptor code, ulong offset, int cpl)
    {
        if (!core.TryMarkDescriptor(selector, code, code.Type | 1))
            return Outcome.Fault;
        core.SetCs(selector, code, cpl);
        core.Lp->Rip = offset;
        core.ModeChanged();
        return Outcome.Jumped;
    }

    public static bool IsReal(Core core) => (core.Lp->Cr0 & Cr0Bit.Pe) == 0;

    public static Outcome EnterReal(Core core, ushort selector, ulong offset)
    {
        if (offset > core.Lp->Cs.Limit)
            return core.RaiseGp0();
        core.Lp->Cs.Selector = selector;
        core.Lp->Cs.Base = (ulong)selector << 4;
        core.Lp->Rip = offset;
        core.ModeChanged();
        return Outcome.Jumped;
    }

    private static bool TryCheck(Core core, ushort selector, out Descriptor code)
    {
        code = default;
        if ((selector & ~3) == 0)
        {
            core.RaiseGp0();
            return false;
        }
        if (!core.TryReadDescriptor(selector, out code))
            return false;
        bool level = code.IsConforming ? code.Dpl <= core.Cpl : code.Dpl == core.Cpl && (selector & 3) <= core.Cpl;
        if (!code.IsCode || !level || (core.LongModeActive && code.Is64Bit && code.IsBig))
            core.Raise(Vector.GP, (uint)(selector & ~3));
        else if (!code.Present)
            core.Raise(Vector.NP, (uint)(selector & ~3));
        else
            return true;
        return false;
    }

    private static bool TryReadPointer(Core core, in Instruction i, out ushort selector, out ulong offset, out int bytes)
    {
        bytes = i.Op0Kind == OpKind.FarBranch16 ? 2 : 4;
        (selector, offset) = (0, 0);
        if (i.Op0Kind is OpKind.FarBranch16 or OpKind.FarBranch32)
        {
            selector = i.FarBranchSelector;
            offset = i.Op0Kind == OpKind.FarBranch16 ? i.FarBranch16 : i.FarBranch32;
            return true;
        }
        bytes = i.MemorySize.GetSize() - 2;
        Span<byte> pointer = stackalloc byte[10];
        if (!core.TryReadLinear(core.EffectiveAddress(i), pointer[..(bytes + 2)], core.Cpl))
            return false;
        for (int n = bytes - 1; n >= 0; n--)
            offset = (offset << 8) | pointer[n];
        selector = (ushort)(pointer[bytes] | (pointer[bytes + 1] << 8));
        return true;
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
