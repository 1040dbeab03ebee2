using Seamsim.Isa.State;

namespace Seamsim.Isa.Vmx;

/// <summary>Moves state between the logical processor and the guest-state area. SDM vol. 3C, 27.3.2 and 28.3.</summary>
internal static unsafe class GuestState
{
    /// <summary>
    /// CR0 bits that VM entry and VM exit leave alone: ET, CD, NW and the reserved ones. SDM vol. 3C, 27.3.2.1.
    /// </summary>
    public const ulong Cr0Untouched = 0xFFFF_FFFF_0000_0000 | Cr0Bit.Et | Cr0Bit.Nw | Cr0Bit.Cd | 0x1FFA_FFC0;

    /// <summary>VM exit: saves the guest's state. SDM vol. 3C, 28.3.</summary>
    public static void Save(Core core, Vmcs v, in ExitInformation exit)
    {
        LogicalProcessor* lp = core.Lp;
        SaveControlRegisters(core, v);
        for (int segment = 0; segment < SegmentFields.Count; segment++)
            SaveSegment(v, segment, in SegmentOf(lp, segment));
        v[VmcsField.GuestGdtrBase] = lp->GdtrBase;
        v[VmcsField.GuestGdtrLimit] = lp->GdtrLimit;
        v[VmcsField.GuestIdtrBase] = lp->IdtrBase;
        v[VmcsField.GuestIdtrLimit] = lp->IdtrLimit;
        v[VmcsField.GuestRip] = lp->Rip;
        v[VmcsField.GuestRsp] = core.Gpr(4);
        ulong rflags = core.Rflags;
        v[VmcsField.GuestRflags] = exit.ResumeFlag ? rflags | RflagsBit.Rf : rflags;
        SaveNonRegisterState(core, v);
        SaveMsrs(core, v);
        core.SaveGuestPdptes(v);
    }

    /// <summary>VM entry: loads the guest's state. SDM vol. 3C, 27.3.2.</summary>
    public static void Load(Core core, Vmcs v)
    {
        LogicalProcessor* lp = core.Lp;
        LoadControlRegisters(core, v);
        for (int segment = 0; segment < SegmentFields.Count; segment++)
            LoadSegment(v, segment, ref SegmentOf(lp, segment));
        // Unusable SS keeps its DPL, and a busy TR is always usable: nothing to fix up behind the checks.
        lp->GdtrBase = v[VmcsField.GuestGdtrBase];
        lp->GdtrLimit = v.Dword(VmcsField.GuestGdtrLimit);
        lp->IdtrBase = v[VmcsField.GuestIdtrBase];
        lp->IdtrLimit = v.Dword(VmcsField.GuestIdtrLimit);
        lp->Rip = v[VmcsField.GuestRip];
        core.Gpr(4) = v[VmcsField.GuestRsp];
        core.Rflags = v[VmcsField.GuestRflags];
        core.KeepResumeFlag();
        core.DiscardTrap();
        LoadNonRegisterState(core, v);
        LoadMsrs(core, v);
        core.LoadGuestPdptes(v);
    }

    /// <summary>The segment register with number <paramref name="segment"/> of <see cref="SegmentFields"/>.</summary>
    public static ref Segment SegmentOf(LogicalProcessor* lp, int segment)
    {
        switch (segment)
        {
            case SegmentFields.Es: return ref lp->Es;
            case SegmentFields.Cs: return ref lp->Cs;
            case SegmentFields.Ss: return ref lp->Ss;
            case SegmentFields.Ds: return ref lp->Ds;
            case SegmentFields.Fs: return ref lp->Fs;
            case SegmentFields.Gs: return ref lp->Gs;
            case SegmentFields.Ldtr: return ref lp->Ldtr;
            default: return ref lp->Tr;
        }
    }

    private static void SaveControlRegisters(Core core, Vmcs v)
    {
        LogicalProcessor* lp = core.Lp;
        v[VmcsField.GuestCr0] = lp->Cr0;
        v[VmcsField.GuestCr3] = lp->Cr3;
        v[VmcsField.GuestCr4] = lp->Cr4;
        uint entry = v.Dword(VmcsField.EntryControls) & ~EntryControls.Ia32eModeGuest;
        v[VmcsField.EntryControls] = entry | ((lp->Efer & EferBit.Lma) != 0 ? EntryControls.Ia32eModeGuest : 0);
    }

    private static void LoadControlRegisters(Core core, Vmcs v)
    {
        LogicalProcessor* lp = core.Lp;
        uint entry = v.Dword(VmcsField.EntryControls);
        lp->Cr0 = (lp->Cr0 & Cr0Untouched) | (v[VmcsField.GuestCr0] & ~Cr0Untouched);
        lp->Cr3 = v[VmcsField.GuestCr3];
        lp->Cr4 = v[VmcsField.GuestCr4];
        if ((entry & EntryControls.LoadDebugControls) != 0)
            lp->Dr7 = (v[VmcsField.GuestDr7] & DebugBit.Dr7Writable) | DebugBit.Dr7Ones;
        if ((entry & EntryControls.LoadEfer) != 0)
        {
            lp->Efer = v[VmcsField.GuestEfer];
            return;
        }
        bool long64 = (entry & EntryControls.Ia32eModeGuest) != 0;
        lp->Efer = long64 ? lp->Efer | EferBit.Lma | EferBit.Lme : lp->Efer & ~EferBit.Lma;
        if (!long64 && (lp->Cr0 & Cr0Bit.Pg) != 0)
            lp->Efer &= ~EferBit.Lme;
    }

    private static void SaveSegment(Vmcs v, int segment, in Segment from)
    {
        v[SegmentFields.Selector(segment)] = from.Selector;
        v[SegmentFields.Base(segment)] = from.Base;
        v[SegmentFields.Limit(segment)] = from.Limit;
        v[SegmentFields.Rights(segment)] = from.AccessRights;
    }

    private static void LoadSegment(Vmcs v, int segment, ref Segment to)
    {
        to.Selector = (ushort)v[SegmentFields.Selector(segment)];
        to.Base = v[SegmentFields.Base(segment)];
        to.Limit = v.Dword(SegmentFields.Limit(segment));
        to.AccessRights = v.Dword(SegmentFields.Rights(segment));
    }

    private static void SaveNonRegisterState(Core core, Vmcs v)
    {
        LogicalProcessor* lp = core.Lp;
        v[VmcsField.GuestActivityState] = (ulong)lp->Activity;
        v[VmcsField.GuestInterruptibilityState] = lp->InterruptShadow | (lp->NmiBlocked ? 8u : 0u);
        // MOV SS holds the single step back: the field shows it, though it makes no trap of its own
        bool held = (lp->InterruptShadow & 2) != 0 && (lp->Rflags & RflagsBit.Tf) != 0;
        v[VmcsField.GuestPendingDebugExceptions] = lp->PendingDebug | (held ? DebugBit.SingleStep : 0);
        uint exit = v.Dword(VmcsField.ExitControls);
        if ((exit & ExitControls.SaveDebugControls) != 0)
        {
            v[VmcsField.GuestDr7] = lp->Dr7;
            v[VmcsField.GuestDebugctl] = core.SaveMsr(Msr.Debugctl);
        }
        if ((exit & ExitControls.SavePreemptionTimer) != 0 &&
            (v.Dword(VmcsField.PinBasedControls) & PinControls.ActivatePreemptionTimer) != 0)
            v[VmcsField.PreemptionTimerValue] = core.PreemptionTimerLeft;
    }

    private static void LoadNonRegisterState(Core core, Vmcs v)
    {
        LogicalProcessor* lp = core.Lp;
        uint interruptibility = v.Dword(VmcsField.GuestInterruptibilityState);
        lp->Activity = (ActivityState)v.Dword(VmcsField.GuestActivityState);
        lp->InterruptShadow = (byte)(interruptibility & 3);
        lp->NmiBlocked = (interruptibility & 8) != 0;
        bool held = (lp->InterruptShadow & 2) != 0 && (lp->Rflags & RflagsBit.Tf) != 0;
        lp->PendingDebug = v[VmcsField.GuestPendingDebugExceptions] & ~(held ? DebugBit.SingleStep : 0);
    }

    private static void SaveMsrs(Core core, Vmcs v)
    {
        uint exit = v.Dword(VmcsField.ExitControls);
        v[VmcsField.GuestSysenterCs] = core.SaveMsr(Msr.SysenterCs);
        v[VmcsField.GuestSysenterEsp] = core.SaveMsr(Msr.SysenterEsp);
        v[VmcsField.GuestSysenterEip] = core.SaveMsr(Msr.SysenterEip);
        foreach (MsrControl row in MsrControls.Guest)
            if ((exit & row.SaveControl) != 0)
                v[row.Field] = core.SaveMsr(row.Msr);
        if ((v.Dword(VmcsField.EntryControls) & EntryControls.LoadCetState) != 0)
        {
            v[VmcsField.GuestSCet] = core.SaveMsr(Msr.SCet);
            v[VmcsField.GuestSsp] = core.Lp->Ssp;
            v[VmcsField.GuestInterruptSspTable] = core.SaveMsr(Msr.InterruptSspTable);
        }
        if ((v.Dword(VmcsField.EntryControls) & EntryControls.LoadPkrs) != 0)
            v[VmcsField.GuestPkrs] = core.SaveMsr(Msr.Pkrs);
    }

    private static void LoadMsrs(Core core, Vmcs v)
    {
        uint entry = v.Dword(VmcsField.EntryControls);
        core.LoadMsr(Msr.SysenterCs, v[VmcsField.GuestSysenterCs]);
        core.LoadMsr(Msr.SysenterEsp, v[VmcsField.GuestSysenterEsp]);
        core.LoadMsr(Msr.SysenterEip, v[VmcsField.GuestSysenterEip]);
        core.LoadMsr(Msr.FsBase, v[VmcsField.GuestFsBase]);
        core.LoadMsr(Msr.GsBase, v[VmcsField.GuestGsBase]);
        foreach (MsrControl row in MsrControls.Guest)
            if (row.Msr != Msr.Efer && (entry & row.LoadControl) != 0)
                core.LoadMsr(row.Msr, v[row.Field]);
        if ((entry & EntryControls.LoadCetState) != 0)
        {
            core.LoadMsr(Msr.SCet, v[VmcsField.GuestSCet]);
            core.Lp->Ssp = v[VmcsField.GuestSsp];
            core.LoadMsr(Msr.InterruptSspTable, v[VmcsField.GuestInterruptSspTable]);
        }
    }
}
