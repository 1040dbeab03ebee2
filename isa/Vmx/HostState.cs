using Seamsim.Isa.State;

namespace Seamsim.Isa.Vmx;

/// <summary>VM exit: loads the host state. SDM vol. 3C, 28.5.</summary>
internal static unsafe class HostState
{
    private const uint FlatData = 0x3 | SegmentBit.S | SegmentBit.Present | SegmentBit.Big | SegmentBit.Granularity;
    private const uint FlatCode = 0xB | SegmentBit.S | SegmentBit.Present | SegmentBit.Granularity;
    private const uint BusyTss = 0xB | SegmentBit.Present;

    public static void Load(Core core, Vmcs v)
    {
        uint exit = v.Dword(VmcsField.ExitControls);
        bool long64 = (exit & ExitControls.HostAddressSpaceSize) != 0;
        LoadControlRegisters(core, v, long64);
        LoadSegments(core.Lp, v, long64);
        core.Lp->Rip = v[VmcsField.HostRip];
        core.Gpr(4) = v[VmcsField.HostRsp];
        core.Rflags = RflagsBit.Fixed1;
        core.Lp->Activity = ActivityState.Active;
        core.Lp->InterruptShadow = 0;
        core.Lp->PendingDebug = 0;
        core.DiscardTrap();
        LoadMsrs(core, v, exit);
    }

    private static void LoadControlRegisters(Core core, Vmcs v, bool long64)
    {
        LogicalProcessor* lp = core.Lp;
        lp->Cr0 = (lp->Cr0 & GuestState.Cr0Untouched) | (v[VmcsField.HostCr0] & ~GuestState.Cr0Untouched);
        lp->Cr3 = v[VmcsField.HostCr3];
        lp->Cr4 = v[VmcsField.HostCr4] | (long64 ? Cr4Bit.Pae : 0);
        if (!long64)
            lp->Cr4 &= ~Cr4Bit.Pcide;
        lp->Dr7 = DebugBit.Dr7Ones;
        if ((v.Dword(VmcsField.ExitControls) & ExitControls.LoadEfer) != 0)
            lp->Efer = v[VmcsField.HostEfer];
        else
            lp->Efer = long64 ? lp->Efer | EferBit.Lma | EferBit.Lme : lp->Efer & ~(EferBit.Lma | EferBit.Lme);
    }

    private static void LoadSegments(LogicalProcessor* lp, Vmcs v, bool long64)
    {
        lp->Cs = Flat(v, SegmentFields.Cs, FlatCode | (long64 ? SegmentBit.Long : SegmentBit.Big));
        lp->Ss = Flat(v, SegmentFields.Ss, FlatData);
        lp->Ds = Flat(v, SegmentFields.Ds, FlatData);
        lp->Es = Flat(v, SegmentFields.Es, FlatData);
        lp->Fs = Flat(v, SegmentFields.Fs, FlatData);
        lp->Gs = Flat(v, SegmentFields.Gs, FlatData);
        lp->Fs.Base = v[VmcsField.HostFsBase];
        lp->Gs.Base = v[VmcsField.HostGsBase];
        lp->Tr = new Segment
        {
            Selector = (ushort)v[VmcsField.HostTrSelector], Base = v[VmcsField.HostTrBase], Limit = 0x67,
            AccessRights = BusyTss,
        };
        lp->Ldtr = new Segment { AccessRights = SegmentBit.Unusable };
        lp->GdtrBase = v[VmcsField.HostGdtrBase];
        lp->IdtrBase = v[VmcsField.HostIdtrBase];
        lp->GdtrLimit = lp->IdtrLimit = 0xFFFF;
    }

    private static Segment Flat(Vmcs v, int segment, uint rights)
    {
        var selector = (ushort)v[SegmentFields.HostSelector(segment)];
        bool unusable = selector == 0 && segment is not SegmentFields.Cs and not SegmentFields.Ss;
        return new Segment
        {
            Selector = selector, Limit = uint.MaxValue, AccessRights = rights | (unusable ? SegmentBit.Unusable : 0),
        };
    }

    private static void LoadMsrs(Core core, Vmcs v, uint exit)
    {
        core.LoadMsr(Msr.Debugctl, 0);
        core.LoadMsr(Msr.SysenterCs, v[VmcsField.HostSysenterCs]);
        core.LoadMsr(Msr.SysenterEsp, v[VmcsField.HostSysenterEsp]);
        core.LoadMsr(Msr.SysenterEip, v[VmcsField.HostSysenterEip]);
        foreach (MsrControl row in MsrControls.Host)
            if (row.Msr != Msr.Efer && (exit & row.LoadControl) != 0)
                core.LoadMsr(row.Msr, v[row.Field]);
        if ((exit & ExitControls.ClearBndcfgs) != 0)
            core.LoadMsr(Msr.Bndcfgs, 0);
        if ((exit & ExitControls.ClearRtitCtl) != 0)
            core.LoadMsr(Msr.RtitCtl, 0);
        if ((exit & ExitControls.ClearLbrCtl) != 0)
            core.LoadMsr(Msr.LbrCtl, 0);
        if ((exit & ExitControls.LoadCetState) == 0)
            return;
        core.LoadMsr(Msr.SCet, v[VmcsField.HostSCet]);
        core.Lp->Ssp = v[VmcsField.HostSsp];
        core.LoadMsr(Msr.InterruptSspTable, v[VmcsField.HostInterruptSspTable]);
    }
}
