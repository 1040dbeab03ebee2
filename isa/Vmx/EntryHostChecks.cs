using Seamsim.Isa.State;
using static Seamsim.Isa.Vmx.VmInstructionError;

namespace Seamsim.Isa.Vmx;

/// <summary>Checks on host state. SDM vol. 3C, 27.2.2 to 27.2.4.</summary>
internal static class EntryHostChecks
{
    private const ulong EferDefined = EferBit.Sce | EferBit.Lme | EferBit.Lma | EferBit.Nxe;

    public static EntryRule[] All =>
    [
        Cr0HonoursFixedBits, Cr4HonoursFixedBits, CetNeedsWriteProtect, Cr3FitsWidth, SysenterIsCanonical, PatIsValid,
        EferIsConsistent, CetStateIsValid, PkrsFits, SelectorsAreFlat, CodeAndTaskSelectorsAreSet, BasesAreCanonical,
        ModeMatchesProcessor, ModeMatchesControls, RipFitsMode,
    ];

    /// <summary>CR0 against its fixed bits; NW and CD are not checked.</summary>
    [EntryCheck("host.cr0.fixed", EntryInvalidHostState)]
    private static bool Cr0HonoursFixedBits(in EntryContext c) =>
        (c.Cap.Cr0Fixed0 & ~c[VmcsField.HostCr0]) == 0 && (c[VmcsField.HostCr0] & ~c.Cap.Cr0Fixed1) == 0;

    [EntryCheck("host.cr4.fixed", EntryInvalidHostState)]
    private static bool Cr4HonoursFixedBits(in EntryContext c) =>
        (c.Cap.Cr4Fixed0 & ~c[VmcsField.HostCr4]) == 0 && (c[VmcsField.HostCr4] & ~c.Cap.Cr4Fixed1) == 0;

    [EntryCheck("host.cr4.cet", EntryInvalidHostState)]
    private static bool CetNeedsWriteProtect(in EntryContext c) =>
        (c[VmcsField.HostCr4] & Cr4Bit.Cet) == 0 || (c[VmcsField.HostCr0] & Cr0Bit.Wp) != 0;

    [EntryCheck("host.cr3", EntryInvalidHostState)]
    private static bool Cr3FitsWidth(in EntryContext c) => c[VmcsField.HostCr3] >> c.Cap.PhysicalAddressBits == 0;

    [EntryCheck("host.sysenter", EntryInvalidHostState)]
    private static bool SysenterIsCanonical(in EntryContext c) =>
        c.IsCanonical(VmcsField.HostSysenterEsp) && c.IsCanonical(VmcsField.HostSysenterEip);

    [EntryCheck("host.pat", EntryInvalidHostState)]
    private static bool PatIsValid(in EntryContext c) =>
        (c.Exit & ExitControls.LoadPat) == 0 || IsValidPat(c[VmcsField.HostPat]);

    [EntryCheck("host.efer", EntryInvalidHostState)]
    private static bool EferIsConsistent(in EntryContext c)
    {
        if ((c.Exit & ExitControls.LoadEfer) == 0)
            return true;
        ulong efer = c[VmcsField.HostEfer];
        bool lma = (efer & EferBit.Lma) != 0, lme = (efer & EferBit.Lme) != 0;
        return (efer & ~EferDefined) == 0 && lma == c.HostLong && lme == c.HostLong;
    }

    [EntryCheck("host.cet", EntryInvalidHostState)]
    private static bool CetStateIsValid(in EntryContext c) =>
        (c.Exit & ExitControls.LoadCetState) == 0 || c.IsCanonical(VmcsField.HostSCet) &&
        c.IsCanonical(VmcsField.HostSsp) && (c[VmcsField.HostSsp] & 3) == 0 &&
        c.IsCanonical(VmcsField.HostInterruptSspTable) && (c[VmcsField.HostSCet] & 0x3C0) == 0;

    [EntryCheck("host.pkrs", EntryInvalidHostState)]
    private static bool PkrsFits(in EntryContext c) =>
        (c.Exit & ExitControls.LoadPkrs) == 0 || c[VmcsField.HostPkrs] >> 32 == 0;

    [EntryCheck("host.selectors", EntryInvalidHostState)]
    private static bool SelectorsAreFlat(in EntryContext c)
    {
        for (int segment = SegmentFields.Es; segment <= SegmentFields.Gs; segment++)
            if ((c[SegmentFields.HostSelector(segment)] & 7) != 0)
                return false;
        return (c[VmcsField.HostTrSelector] & 7) == 0;
    }

    [EntryCheck("host.selectors.null", EntryInvalidHostState)]
    private static bool CodeAndTaskSelectorsAreSet(in EntryContext c) =>
        c[VmcsField.HostCsSelector] != 0 && c[VmcsField.HostTrSelector] != 0 &&
        (c.HostLong || c[VmcsField.HostSsSelector] != 0);

    [EntryCheck("host.bases", EntryInvalidHostState)]
    private static bool BasesAreCanonical(in EntryContext c) =>
        c.IsCanonical(VmcsField.HostFsBase) && c.IsCanonical(VmcsField.HostGsBase) &&
        c.IsCanonical(VmcsField.HostGdtrBase) && c.IsCanonical(VmcsField.HostIdtrBase) &&
        c.IsCanonical(VmcsField.HostTrBase);

    [EntryCheck("host.mode", EntryInvalidHostState)]
    private static unsafe bool ModeMatchesProcessor(in EntryContext c)
    {
        bool lma = (c.Core.Lp->Efer & EferBit.Lma) != 0;
        return lma ? c.HostLong : !c.HostLong && !c.Ia32eGuest;
    }

    [EntryCheck("host.mode.controls", EntryInvalidHostState)]
    private static bool ModeMatchesControls(in EntryContext c) => c.HostLong
        ? (c[VmcsField.HostCr4] & Cr4Bit.Pae) != 0
        : !c.Ia32eGuest && (c[VmcsField.HostCr4] & Cr4Bit.Pcide) == 0;

    [EntryCheck("host.rip", EntryInvalidHostState)]
    private static bool RipFitsMode(in EntryContext c) =>
        c.HostLong ? c.IsCanonical(VmcsField.HostRip) : c[VmcsField.HostRip] >> 32 == 0;

    /// <summary>Each byte of a PAT value is a memory type. SDM vol. 3A, 12.12.</summary>
    public static bool IsValidPat(ulong pat)
    {
        for (int i = 0; i < 8; i++)
            if ((byte)(pat >> (8 * i)) is 2 or 3 or > 7)
                return false;
        return true;
    }
}
