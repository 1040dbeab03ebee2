using Seamsim.Isa.State;
using static Seamsim.Isa.Vmx.SegmentFields;

namespace Seamsim.Isa.Vmx;

/// <summary>Checks on guest segment registers. SDM vol. 3C, 27.3.1.2.</summary>
internal static class EntryGuestSegmentChecks
{
    private const uint ReservedRights = 0xFFFE_0F00;
    private const int TableIndicator = 4;

    public static EntryRule[] All =>
    [
        TrSelectorIsGlobal, LdtrSelectorIsGlobal, StackPrivilegeMatchesCode, Virtual8086Bases, BasesAreCanonical,
        BasesFit, Virtual8086Limits, Virtual8086Rights, CodeType, StackType, DataTypes, DescriptorTypes, CodePrivilege,
        StackPrivilege, DataPrivileges, SegmentsArePresent, ReservedRightsAreZero, CodeSizeFitsMode, Granularity,
        TrIsUsable,
        TrType, TrRights, LdtrType, LdtrRights,
    ];

    private static uint Rights(in EntryContext c, int segment) => c.V.Dword(SegmentFields.Rights(segment));

    private static bool IsUsable(in EntryContext c, int segment) => (Rights(c, segment) & SegmentBit.Unusable) == 0;

    private static bool IsVirtual8086(in EntryContext c) => (c[VmcsField.GuestRflags] & RflagsBit.Vm) != 0;

    private static uint Type(in EntryContext c, int segment) => Rights(c, segment) & 0xF;

    private static uint Dpl(in EntryContext c, int segment) => Rights(c, segment) >> 5 & 3;

    private static uint Rpl(in EntryContext c, int segment) => (uint)c[Selector(segment)] & 3;

    /// <summary>
    /// Code and data segments that are checked outside virtual-8086 mode: CS always, the others when usable.
    /// </summary>
    private static bool IsChecked(in EntryContext c, int segment) =>
        !IsVirtual8086(c) && (segment == Cs || IsUsable(c, segment));

    [EntryCheck("guest.tr.selector")]
    private static bool TrSelectorIsGlobal(in EntryContext c) => (c[VmcsField.GuestTrSelector] & TableIndicator) == 0;

    [EntryCheck("guest.ldtr.selector")]
    private static bool LdtrSelectorIsGlobal(in EntryContext c) =>
        !IsUsable(c, Ldtr) || (c[VmcsField.GuestLdtrSelector] & TableIndicator) == 0;

    [EntryCheck("guest.ss.rpl")]
    private static bool StackPrivilegeMatchesCode(in EntryContext c) =>
        IsVirtual8086(c) || c.Has2(ProcControls2.UnrestrictedGuest) || Rpl(c, Ss) == Rpl(c, Cs);

    [EntryCheck("guest.segments.v86-base")]
    private static bool Virtual8086Bases(in EntryContext c)
    {
        for (int s = Es; IsVirtual8086(c) && s <= Gs; s++)
            if (c[Base(s)] != c[Selector(s)] << 4)
                return false;
        return true;
    }

    [EntryCheck("guest.segments.canonical")]
    private static bool BasesAreCanonical(in EntryContext c) =>
        c.IsCanonical(VmcsField.GuestTrBase) && c.IsCanonical(VmcsField.GuestFsBase) &&
        c.IsCanonical(VmcsField.GuestGsBase) && (!IsUsable(c, Ldtr) || c.IsCanonical(VmcsField.GuestLdtrBase));

    [EntryCheck("guest.segments.base")]
    private static bool BasesFit(in EntryContext c)
    {
        bool others = true;
        foreach (int s in (ReadOnlySpan<int>)[Ss, Ds, Es])
            others &= !IsUsable(c, s) || c[Base(s)] >> 32 == 0;
        return others && c[VmcsField.GuestCsBase] >> 32 == 0;
    }

    [EntryCheck("guest.segments.v86-limit")]
    private static bool Virtual8086Limits(in EntryContext c)
    {
        for (int s = Es; IsVirtual8086(c) && s <= Gs; s++)
            if (c[Limit(s)] != 0xFFFF)
                return false;
        return true;
    }

    [EntryCheck("guest.segments.v86-rights")]
    private static bool Virtual8086Rights(in EntryContext c)
    {
        for (int s = Es; IsVirtual8086(c) && s <= Gs; s++)
            if (Rights(c, s) != 0xF3)
                return false;
        return true;
    }

    [EntryCheck("guest.cs.type")]
    private static bool CodeType(in EntryContext c) =>
        IsVirtual8086(c) || Type(c, Cs) is 9 or 11 or 13 or 15 ||
        Type(c, Cs) == 3 && c.Has2(ProcControls2.UnrestrictedGuest);

    [EntryCheck("guest.ss.type")]
    private static bool StackType(in EntryContext c) => !IsChecked(c, Ss) || Type(c, Ss) is 3 or 7;

    [EntryCheck("guest.ds.type")]
    private static bool DataTypes(in EntryContext c)
    {
        foreach (int s in (ReadOnlySpan<int>)[Ds, Es, Fs, Gs])
        {
            uint type = Type(c, s);
            if (IsChecked(c, s) && ((type & 1) == 0 || (type & 8) != 0 && (type & 2) == 0))
                return false;
        }
        return true;
    }

    [EntryCheck("guest.segments.s")]
    private static bool DescriptorTypes(in EntryContext c)
    {
        for (int s = Es; s <= Gs; s++)
            if (IsChecked(c, s) && (Rights(c, s) & SegmentBit.S) == 0)
                return false;
        return true;
    }

    [EntryCheck("guest.cs.dpl")]
    private static bool CodePrivilege(in EntryContext c) => IsVirtual8086(c) || Type(c, Cs) switch
    {
        3 => Dpl(c, Cs) == 0,
        9 or 11 => Dpl(c, Cs) == Dpl(c, Ss),
        13 or 15 => Dpl(c, Cs) <= Dpl(c, Ss),
        _ => true,
    };

    [EntryCheck("guest.ss.dpl")]
    private static bool StackPrivilege(in EntryContext c)
    {
        if (IsVirtual8086(c))
            return true;
        bool matches = c.Has2(ProcControls2.UnrestrictedGuest) || Dpl(c, Ss) == Rpl(c, Ss);
        bool zero = Type(c, Cs) == 3 || (c[VmcsField.GuestCr0] & Cr0Bit.Pe) == 0;
        return matches && (!zero || Dpl(c, Ss) == 0);
    }

    [EntryCheck("guest.ds.dpl")]
    private static bool DataPrivileges(in EntryContext c)
    {
        foreach (int s in (ReadOnlySpan<int>)[Ds, Es, Fs, Gs])
            if (!c.Has2(ProcControls2.UnrestrictedGuest) && IsChecked(c, s) && Type(c, s) <= 11 &&
                Dpl(c, s) < Rpl(c, s))
                return false;
        return true;
    }

    [EntryCheck("guest.segments.p")]
    private static bool SegmentsArePresent(in EntryContext c)
    {
        for (int s = Es; s <= Gs; s++)
            if (IsChecked(c, s) && (Rights(c, s) & SegmentBit.Present) == 0)
                return false;
        return true;
    }

    [EntryCheck("guest.segments.reserved")]
    private static bool ReservedRightsAreZero(in EntryContext c)
    {
        for (int s = Es; s <= Gs; s++)
            if (IsChecked(c, s) && (Rights(c, s) & ReservedRights) != 0)
                return false;
        return true;
    }

    [EntryCheck("guest.cs.db")]
    private static bool CodeSizeFitsMode(in EntryContext c) =>
        IsVirtual8086(c) || !c.Ia32eGuest || (Rights(c, Cs) & SegmentBit.Long) == 0 ||
        (Rights(c, Cs) & SegmentBit.Big) == 0;

    [EntryCheck("guest.segments.g")]
    private static bool Granularity(in EntryContext c)
    {
        for (int s = Es; s <= Gs; s++)
            if (IsChecked(c, s) && !IsGranular(c, s))
                return false;
        return true;
    }

    [EntryCheck("guest.tr.usable")]
    private static bool TrIsUsable(in EntryContext c) => IsUsable(c, Tr);

    [EntryCheck("guest.tr.type")]
    private static bool TrType(in EntryContext c) => Type(c, Tr) == 11 || !c.Ia32eGuest && Type(c, Tr) == 3;

    [EntryCheck("guest.tr.rights")]
    private static bool TrRights(in EntryContext c) =>
        (Rights(c, Tr) & (SegmentBit.S | SegmentBit.Present | ReservedRights)) == SegmentBit.Present &&
        IsGranular(c, Tr);

    [EntryCheck("guest.ldtr.type")]
    private static bool LdtrType(in EntryContext c) => !IsUsable(c, Ldtr) || Type(c, Ldtr) == 2;

    [EntryCheck("guest.ldtr.rights")]
    private static bool LdtrRights(in EntryContext c) =>
        !IsUsable(c, Ldtr) || IsGranular(c, Ldtr) &&
        (Rights(c, Ldtr) & (SegmentBit.S | SegmentBit.Present | ReservedRights)) == SegmentBit.Present;

    private static bool IsGranular(in EntryContext c, int segment)
    {
        ulong limit = c[Limit(segment)];
        bool pages = (Rights(c, segment) & SegmentBit.Granularity) != 0;
        return pages ? (limit & 0xFFF) == 0xFFF : limit >> 20 == 0;
    }
}
