using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Vmx;

/// <summary>
/// Checks on guest control registers, MSRs, descriptor tables, RIP and RFLAGS. SDM vol. 3C, 27.3.1.1, .3, .4.
/// </summary>
internal static class EntryGuestRegisterChecks
{
    private const ulong EferDefined = EferBit.Sce | EferBit.Lme | EferBit.Lma | EferBit.Nxe;
    private const ulong DebugctlDefined = 0xFFC7;

    public static EntryRule[] All =>
    [
        Cr0HonoursFixedBits, PagingNeedsProtection, Cr4HonoursFixedBits, CetNeedsWriteProtect, DebugctlIsDefined,
        Ia32eModeNeedsPaging, PcidNeedsIa32eMode, Cr3FitsWidth, Dr7Fits, SysenterIsCanonical, PatIsValid,
        EferIsConsistent,
        BndcfgsIsValid, CetStateIsValid, PkrsFits, TablesAreCanonical, TableLimitsFit, RipFitsMode,
        RflagsReservedBits, RflagsVirtual8086, RflagsInterruptible,
    ];

    [EntryCheck("guest.cr0.fixed")]
    private static bool Cr0HonoursFixedBits(in EntryContext c)
    {
        ulong free = c.Has2(ProcControls2.UnrestrictedGuest) ? Cr0Bit.Pe | Cr0Bit.Pg : 0;
        ulong cr0 = c[VmcsField.GuestCr0], ignored = Cr0Bit.Nw | Cr0Bit.Cd;
        return (c.Cap.Cr0Fixed0 & ~cr0 & ~free) == 0 && (cr0 & ~c.Cap.Cr0Fixed1 & ~ignored) == 0;
    }

    [EntryCheck("guest.cr0.paging")]
    private static bool PagingNeedsProtection(in EntryContext c) =>
        (c[VmcsField.GuestCr0] & Cr0Bit.Pg) == 0 || (c[VmcsField.GuestCr0] & Cr0Bit.Pe) != 0;

    [EntryCheck("guest.cr4.fixed")]
    private static bool Cr4HonoursFixedBits(in EntryContext c) =>
        (c.Cap.Cr4Fixed0 & ~c[VmcsField.GuestCr4]) == 0 && (c[VmcsField.GuestCr4] & ~c.Cap.Cr4Fixed1) == 0;

    [EntryCheck("guest.cr4.cet")]
    private static bool CetNeedsWriteProtect(in EntryContext c) =>
        (c[VmcsField.GuestCr4] & Cr4Bit.Cet) == 0 || (c[VmcsField.GuestCr0] & Cr0Bit.Wp) != 0;

    [EntryCheck("guest.debugctl")]
    private static bool DebugctlIsDefined(in EntryContext c) =>
        (c.Entry & EntryControls.LoadDebugControls) == 0 || (c[VmcsField.GuestDebugctl] & ~DebugctlDefined) == 0;

    [EntryCheck("guest.ia32e-mode")]
    private static bool Ia32eModeNeedsPaging(in EntryContext c) =>
        !c.Ia32eGuest || (c[VmcsField.GuestCr0] & Cr0Bit.Pg) != 0 && (c[VmcsField.GuestCr4] & Cr4Bit.Pae) != 0;

    [EntryCheck("guest.cr4.pcide")]
    private static bool PcidNeedsIa32eMode(in EntryContext c) =>
        c.Ia32eGuest || (c[VmcsField.GuestCr4] & Cr4Bit.Pcide) == 0;

    [EntryCheck("guest.cr3")]
    private static bool Cr3FitsWidth(in EntryContext c) => c[VmcsField.GuestCr3] >> c.Cap.PhysicalAddressBits == 0;

    [EntryCheck("guest.dr7")]
    private static bool Dr7Fits(in EntryContext c) =>
        (c.Entry & EntryControls.LoadDebugControls) == 0 || c[VmcsField.GuestDr7] >> 32 == 0;

    [EntryCheck("guest.sysenter")]
    private static bool SysenterIsCanonical(in EntryContext c) =>
        c.IsCanonical(VmcsField.GuestSysenterEsp) && c.IsCanonical(VmcsField.GuestSysenterEip);

    [EntryCheck("guest.pat")]
    private static bool PatIsValid(in EntryContext c) =>
        (c.Entry & EntryControls.LoadPat) == 0 || EntryHostChecks.IsValidPat(c[VmcsField.GuestPat]);

    [EntryCheck("guest.efer")]
    private static bool EferIsConsistent(in EntryContext c)
    {
        if ((c.Entry & EntryControls.LoadEfer) == 0)
            return true;
        ulong efer = c[VmcsField.GuestEfer];
        bool lma = (efer & EferBit.Lma) != 0, lme = (efer & EferBit.Lme) != 0;
        bool paging = (c[VmcsField.GuestCr0] & Cr0Bit.Pg) != 0;
        return (efer & ~EferDefined) == 0 && lma == c.Ia32eGuest && (!paging || lma == lme);
    }

    [EntryCheck("guest.bndcfgs")]
    private static bool BndcfgsIsValid(in EntryContext c) =>
        (c.Entry & EntryControls.LoadBndcfgs) == 0 ||
        (c[VmcsField.GuestBndcfgs] & 0xFFC) == 0 && c.IsCanonical(VmcsField.GuestBndcfgs);

    [EntryCheck("guest.cet")]
    private static bool CetStateIsValid(in EntryContext c) =>
        (c.Entry & EntryControls.LoadCetState) == 0 || c.IsCanonical(VmcsField.GuestSCet) &&
        (c[VmcsField.GuestSCet] & 0x3C0) == 0 && c.IsCanonical(VmcsField.GuestSsp) &&
        (c[VmcsField.GuestSsp] & 3) == 0 &&
        c.IsCanonical(VmcsField.GuestInterruptSspTable);

    [EntryCheck("guest.pkrs")]
    private static bool PkrsFits(in EntryContext c) =>
        (c.Entry & EntryControls.LoadPkrs) == 0 || c[VmcsField.GuestPkrs] >> 32 == 0;

    [EntryCheck("guest.descriptor-tables.base")]
    private static bool TablesAreCanonical(in EntryContext c) =>
        c.IsCanonical(VmcsField.GuestGdtrBase) && c.IsCanonical(VmcsField.GuestIdtrBase);

    [EntryCheck("guest.descriptor-tables.limit")]
    private static bool TableLimitsFit(in EntryContext c) =>
        c[VmcsField.GuestGdtrLimit] >> 16 == 0 && c[VmcsField.GuestIdtrLimit] >> 16 == 0;

    [EntryCheck("guest.rip")]
    private static bool RipFitsMode(in EntryContext c)
    {
        bool code64 = c.Ia32eGuest && (c[VmcsField.GuestCsAccessRights] & SegmentBit.Long) != 0;
        return code64 ? c.IsCanonical(VmcsField.GuestRip) : c[VmcsField.GuestRip] >> 32 == 0;
    }

    [EntryCheck("guest.rflags.reserved")]
    private static bool RflagsReservedBits(in EntryContext c)
    {
        ulong reserved = ~(RflagsBit.Defined | RflagsBit.Fixed1);
        return (c[VmcsField.GuestRflags] & reserved) == 0 && (c[VmcsField.GuestRflags] & RflagsBit.Fixed1) != 0;
    }

    [EntryCheck("guest.rflags.vm")]
    private static bool RflagsVirtual8086(in EntryContext c) =>
        (c[VmcsField.GuestRflags] & RflagsBit.Vm) == 0 || !c.Ia32eGuest && (c[VmcsField.GuestCr0] & Cr0Bit.Pe) != 0;

    [EntryCheck("guest.rflags.if")]
    private static bool RflagsInterruptible(in EntryContext c) =>
        !c.Injects || Interruption.TypeOf(c.Injected) != (uint)EventType.ExternalInterrupt ||
        (c[VmcsField.GuestRflags] & RflagsBit.If) != 0;
}
