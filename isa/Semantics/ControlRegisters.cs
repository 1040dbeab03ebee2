using Iced.Intel;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Semantics;

/// <summary>MOV to and from CR and DR, SMSW, LMSW, CLTS, XGETBV, XSETBV. SDM vol. 2 and vol. 3A, 2.5.</summary>
internal static unsafe class ControlRegisters
{
    private const ulong Cr0Writable = Cr0Bit.Pe | Cr0Bit.Mp | Cr0Bit.Em | Cr0Bit.Ts | Cr0Bit.Ne | Cr0Bit.Wp | Cr0Bit.Am
        | Cr0Bit.Nw | Cr0Bit.Cd | Cr0Bit.Pg;

    private const ulong FlushesTlb = Cr4Bit.Pse | Cr4Bit.Pae | Cr4Bit.Pge | Cr4Bit.La57 | Cr4Bit.Pcide | Cr4Bit.Smep
        | Cr4Bit.Smap;

    // What makes PAE paging read its PDPTEs again. SDM vol. 3A, 4.4.1.
    private const ulong ReloadsPdptes0 = Cr0Bit.Cd | Cr0Bit.Nw | Cr0Bit.Pg;
    private const ulong ReloadsPdptes4 = Cr4Bit.Pae | Cr4Bit.Pge | Cr4Bit.Pse | Cr4Bit.Smep;

    private const ulong NoFlush = 1UL << 63;

    public static Outcome MovToCr(Core core, in Instruction i, int cr)
    {
        if (cr is not (0 or 2 or 3 or 4 or 8))
            return core.Raise(Vector.UD);
        if (core.Cpl != 0)
            return core.RaiseGp0();
        ulong value = core.ReadOperand(i, 1);
        int gpr = i.Op1Register.GetNumber();
        if (core.InterceptsMovToCr(cr, gpr, value, i, out Outcome exit))
            return exit;
        core.ChargeOperation(Operation.CrAccess);
        return Load(core, cr, core.MergeGuestCr(cr, value));
    }

    public static Outcome MovFromCr(Core core, in Instruction i, int cr)
    {
        if (cr is not (0 or 2 or 3 or 4 or 8))
            return core.Raise(Vector.UD);
        if (core.Cpl != 0)
            return core.RaiseGp0();
        if (core.InterceptsMovFromCr(cr, i.Op0Register.GetNumber(), i, out Outcome exit))
            return exit;
        core.ChargeOperation(Operation.CrAccess);
        core.WriteRegister(i.Op0Register, cr switch
        {
            0 or 4 => core.VisibleCr(cr),
            2 => core.Lp->Cr2,
            3 => core.Lp->Cr3,
            _ => core.VisibleCr8,
        });
        return Outcome.Next;
    }

    public static Outcome MovDr(Core core, in Instruction i, int dr, bool from)
    {
        bool alias = dr is 4 or 5;
        if (dr > 7 || (alias && (core.Lp->Cr4 & Cr4Bit.De) != 0))
            return core.Raise(Vector.UD);
        if (core.Cpl != 0)
            return core.RaiseGp0();
        int gpr = (from ? i.Op0Register : i.Op1Register).GetNumber();
        if (core.InterceptsMovDr(dr, gpr, from, i, out Outcome exit))
            return exit;
        core.ChargeOperation(Operation.DrAccess);
        if ((core.Lp->Dr7 & DebugBit.GeneralDetect) != 0)
            return core.Raise(Vector.DB, 0, DebugBit.Access);
        ref ulong register = ref DebugRegister(core, alias ? dr + 2 : dr);
        if (from)
        {
            core.WriteRegister(i.Op0Register, register);
            return Outcome.Next;
        }
        ulong value = core.ReadOperand(i, 1);
        if (dr >= 4 && value >> 32 != 0)
            return core.RaiseGp0();
        register = dr switch
        {
            < 4 => value,
            4 or 6 => (value & DebugBit.Dr6Writable) | DebugBit.Dr6Ones,
            _ => (value & DebugBit.Dr7Writable) | DebugBit.Dr7Ones,
        };
        core.DebugRegistersChanged();
        return Outcome.Next;
    }

    public static Outcome Smsw(Core core, in Instruction i)
    {
        if (IsUserModeProtected(core))
            return core.RaiseGp0();
        return core.TryWriteOperand(i, 0, core.VisibleCr(0)) ? Outcome.Next : Outcome.Fault;
    }

    public static Outcome Lmsw(Core core, in Instruction i)
    {
        if (core.Cpl != 0)
            return core.RaiseGp0();
        if (!core.TryReadOperand(i, 0, out ulong value))
            return Outcome.Fault;
        ulong linear = i.Op0Kind == OpKind.Memory ? core.EffectiveAddress(i).Value : 0;
        if (core.InterceptsLmsw((ushort)value, i, out Outcome exit, linear))
            return exit;
        // LMSW sets PE but never clears it
        ulong wanted = (core.Lp->Cr0 & ~0xEUL) | (value & 0xF) | (core.Lp->Cr0 & Cr0Bit.Pe);
        return Load(core, 0, core.MergeGuestCr(0, wanted));
    }

    public static Outcome Clts(Core core, in Instruction i)
    {
        if (core.Cpl != 0)
            return core.RaiseGp0();
        if (core.InterceptsClts(i, out Outcome exit))
            return exit;
        core.Lp->Cr0 = core.MergeGuestCr(0, core.Lp->Cr0 & ~Cr0Bit.Ts);
        core.VectorModeChanged();
        return Outcome.Next;
    }

    public static Outcome Xgetbv(Core core, in Instruction i)
    {
        if ((core.Lp->Cr4 & Cr4Bit.Osxsave) == 0)
            return core.Raise(Vector.UD);
        ulong value = core.Lp->Xcr0;
        if ((uint)core.Lp->Gpr[1] == 1 && HasInUse(core))
            value &= core.Extended.InUse;
        else if ((uint)core.Lp->Gpr[1] != 0)
            return core.RaiseGp0();
        (core.Lp->Gpr[0], core.Lp->Gpr[2]) = ((uint)value, value >> 32);
        return Outcome.Next;
    }

    public static Outcome Xsetbv(Core core, in Instruction i)
    {
        if ((core.Lp->Cr4 & Cr4Bit.Osxsave) == 0)
            return core.Raise(Vector.UD);
        if (core.Intercepts(ExitReason.Xsetbv, i, out Outcome exit))
            return exit;
        ulong value = (uint)core.Lp->Gpr[0] | (core.Lp->Gpr[2] << 32);
        if (core.Cpl != 0 || (uint)core.Lp->Gpr[1] != 0 || !core.TryWriteXcr0(value))
            return core.RaiseGp0();
        core.ChargeOperation(Operation.Xsetbv);
        return Outcome.Next;
    }

    /// <summary>UMIP keeps user code from reading system registers.</summary>
    public static bool IsUserModeProtected(Core core) => core.Cpl != 0 && (core.Lp->Cr4 & Cr4Bit.Umip) != 0;

    /// <summary>XGETBV with ECX = 1: CPUID.(0DH,1):EAX[2].</summary>
    private static bool HasInUse(Core core) => !core.IsOnPlatform || (core.Cpuid(0xD, 1).Eax & 4) != 0;

    private static ref ulong DebugRegister(Core core, int dr)
    {
        switch (dr)
        {
            case 0: return ref core.Lp->Dr0;
            case 1: return ref core.Lp->Dr1;
            case 2: return ref core.Lp->Dr2;
            case 3: return ref core.Lp->Dr3;
            case 6: return ref core.Lp->Dr6;
            default: return ref core.Lp->Dr7;
        }
    }

    private static Outcome Load(Core core, int cr, ulong value)
    {
        switch (cr)
        {
            case 0: return LoadCr0(core, value);
            case 3: return LoadCr3(core, value);
            case 4: return LoadCr4(core, value);
            case 2:
                core.Lp->Cr2 = value;
                return Outcome.Next;
            default:
                if (value > 15)
                    return core.RaiseGp0();
                if (!core.WritesVirtualCr8(value))
                    core.Lp->Cr8 = value;
                return Outcome.Next;
        }
    }

    private static Outcome LoadCr0(Core core, ulong value)
    {
        LogicalProcessor* lp = core.Lp;
        bool pe = (value & Cr0Bit.Pe) != 0, pg = (value & Cr0Bit.Pg) != 0;
        if (value >> 32 != 0 || (pg && !pe) || ((value & Cr0Bit.Nw) != 0 && (value & Cr0Bit.Cd) == 0))
            return core.RaiseGp0();
        if (core.InVmxOperation && !core.IsCr0AllowedInVmx(value))
            return core.RaiseGp0();
        ulong old = lp->Cr0;
        bool enables = pg && (old & Cr0Bit.Pg) == 0, disables = !pg && (old & Cr0Bit.Pg) != 0;
        bool longMode = (lp->Efer & EferBit.Lme) != 0;
        bool codeIsLong = (lp->Cs.AccessRights & SegmentBit.Long) != 0;
        bool taskIs16 = (lp->Tr.AccessRights & 8) == 0;
        if (enables && longMode && ((lp->Cr4 & Cr4Bit.Pae) == 0 || codeIsLong || taskIs16))
            return core.RaiseGp0();
        if (disables && (core.LongMode64 || (lp->Cr4 & Cr4Bit.Pcide) != 0))
            return core.RaiseGp0();
        if ((value & Cr0Bit.Wp) == 0 && (lp->Cr4 & Cr4Bit.Cet) != 0)
            return core.RaiseGp0();
        bool pae = pg && (lp->Cr4 & Cr4Bit.Pae) != 0 && !longMode;
        if (pae && ((old ^ value) & ReloadsPdptes0) != 0 && !core.TryLoadPdptes(lp->Cr3))
            return Outcome.Fault;
        lp->Cr0 = (value & Cr0Writable) | Cr0Bit.Et;
        if (enables && longMode)
            lp->Efer |= EferBit.Lma;
        else if (disables)
            lp->Efer &= ~EferBit.Lma;
        if (((old ^ value) & (Cr0Bit.Pg | Cr0Bit.Wp | Cr0Bit.Pe)) != 0)
            core.FlushTlb();
        else
            core.VectorModeChanged();
        return Outcome.Next;
    }

    private static Outcome LoadCr3(Core core, ulong value)
    {
        LogicalProcessor* lp = core.Lp;
        bool pcids = (lp->Cr4 & Cr4Bit.Pcide) != 0;
        bool keeps = pcids && (value & NoFlush) != 0;
        if (pcids)
            value &= ~NoFlush;
        if (core.LongModeActive && !core.IsLegalCr3(value))
            return core.RaiseGp0();
        if (core.HasPdptes && !core.TryLoadPdptes(value))
            return Outcome.Fault;
        lp->Cr3 = value;
        if (keeps)
            core.ModeChanged();
        else
            core.FlushTlbContext(value & 0xFFF, allPcids: !pcids);
        return Outcome.Next;
    }

    private static Outcome LoadCr4(Core core, ulong value)
    {
        LogicalProcessor* lp = core.Lp;
        ulong old = lp->Cr4, changed = old ^ value;
        bool lma = core.LongModeActive;
        if ((value & ~core.LegalCr4) != 0 || (lma && (value & Cr4Bit.Pae) == 0) || (lma && (changed & Cr4Bit.La57) != 0))
            return core.RaiseGp0();
        bool pcideRises = (changed & value & Cr4Bit.Pcide) != 0;
        if (pcideRises && (!lma || (lp->Cr3 & 0xFFF) != 0))
            return core.RaiseGp0();
        if ((value & Cr4Bit.Cet) != 0 && (lp->Cr0 & Cr0Bit.Wp) == 0)
            return core.RaiseGp0();
        if (core.InVmxOperation && !core.IsCr4AllowedInVmx(value))
            return core.RaiseGp0();
        bool pae = (value & Cr4Bit.Pae) != 0 && (lp->Cr0 & Cr0Bit.Pg) != 0 && !lma;
        if (pae && (changed & ReloadsPdptes4) != 0 && !core.TryLoadPdptes(lp->Cr3))
            return Outcome.Fault;
        lp->Cr4 = value;
        if ((changed & FlushesTlb) != 0)
            core.FlushTlb();
        else
            core.ModeChanged();
        return Outcome.Next;
    }
}
