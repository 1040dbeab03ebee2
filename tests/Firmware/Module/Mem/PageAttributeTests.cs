using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;

namespace Seamsim.Tests.Firmware.Module.Mem;

/// <summary>
/// TDG.MEM.PAGE.ATTR.RD and WR, and TDG.VP.INVEPT. TDX Module 1.5 ABI, the leaves' pages; TD partitioning specification.
/// </summary>
[Category("Conformance")]
public class PageAttributeTests
{
    private const int AttrRd = 23, AttrWr = 24, SeptRd = 25;
    private const ulong Pending = 1UL << 62, Valid = 0x8000, Rwx = 0x800F, All = 0x7FFF, Invept = 0x8000;

    private static readonly Condition HostWaits = new(
        "the host waits for the entry", "entry lock", SetHostPriority,
        TdxStatus.OperandBusyHostPriority.With(OperandId.Rcx));

    private static TdxStatus RcxInvalid => TdxStatus.OperandInvalid.With(OperandId.Rcx);

    private static TdxStatus RdxInvalid => TdxStatus.OperandInvalid.With(OperandId.Rdx);

    private static TdxStatus R8Invalid => TdxStatus.OperandInvalid.With(OperandId.R8);

    [Test]
    public void A_TD_without_L2_VMs_learns_level_and_state_and_has_no_attributes()
    {
        using var td = new MemTd();
        td.AddPage(td.Gpa);
        Read(td, td.Gpa + 0x123, td.Gpa, 0);
        Write(td, td.Gpa, 0, 0, td.Gpa, 0);
        using var large = new MemTd();
        large.AugPage(large.Gpa, 1);
        Read(large, large.Gpa + 0x5678, large.Gpa | 1 | Pending, 0);
        Write(large, large.Gpa | 1, 0, 0, large.Gpa | 1 | Pending, 0);
    }

    [Test]
    public void RD_checks_in_the_order_of_the_ABI() => Precedence.CheckGuest(
        AttrRd,
        () => With(new MemTd(), td =>
        {
            td.AddPage(td.Gpa);
            td.Regs.Rcx = td.Gpa;
        }),
        [
            new("GPA shared", "rcx", td => td.Regs.Rcx |= 1UL << 47, RcxInvalid),
            new("GPA beyond the width", "rcx", td => td.Regs.Rcx |= 1UL << 48, RcxInvalid),
            Conditions.EntryHeld(0),
            HostWaits,
        ]);

    [Test]
    public void WR_checks_in_the_order_of_the_ABI() => Precedence.CheckGuest(
        AttrWr,
        () => With(L2Trees.Make(2, 0, 2), td =>
        {
            td.AddPage(td.Gpa);
            (td.Regs.Rcx, td.Regs.Rdx, td.Regs.R8) = (td.Gpa, Rwx << 32, All << 32);
        }),
        [
            new("attributes of L1", "l1", td => td.Regs.Rdx |= Valid, RdxInvalid),
            new("flags of L1", "l1 flags", td => td.Regs.R8 |= 1, R8Invalid),
            new("attributes without VALID", "vm 1", td => td.Regs.Rdx |= 1UL << 16, RdxInvalid),
            new("attributes of a VM that does not exist", "vm 3", td => td.Regs.Rdx |= Valid << 48, RdxInvalid),
            new("flags of a VM that does not exist", "vm 3 flags", td => td.Regs.R8 |= Invept << 48, R8Invalid),
            .. Conditions.Mapping(0, 3, canBeTooLow: false),
            Conditions.EntryHeld(0),
            HostWaits,
            Conditions.Entry("no leaf", 0, SeptState.REMOVED, TdxStatus.PageSizeMismatch.With(0u)),
            new("no SEPT page of VM 1", "vm 1", td => (td.Regs.Rdx, td.Regs.R8) =
                (td.Regs.Rdx | Rwx << 16, td.Regs.R8 | All << 16), TdxStatus.L2SeptWalkFailed.With(1u << 16 | 3)),
            new("W without R", "vm 2", td => td.Regs.Rdx = (td.Regs.Rdx & 0xFFFF_0000_FFFF_FFFF) | 0x8002UL << 32,
                TdxStatus.PageAttrInvalid),
        ]);

    // state of the L1 entry | whether RD answers | whether WR does, otherwise the host is asked
    [Test]
    public void Only_leaves_that_are_not_blocked_have_attributes()
    {
        for (var state = SeptState.FREE; state < SeptState.Invalid; state++)
        {
            using var td = new MemTd();
            td.BuildTo(td.Gpa, 1);
            SeptEntry entry = td.Make(state, 1);
            td.SetEntry(td.Gpa, 1, entry);
            bool leaf = entry.IsLeaf && !SeptStates.Of(state).AnyBlocked;
            GuestLeafEnd read = td.Tdcall(AttrRd, td.Gpa);
            Assert.That(
                (read.Kind, read.Qualification, read.ExtendedQualification),
                Is.EqualTo((leaf ? GuestLeafEndKind.Completed : GuestLeafEndKind.EptViolationExit, 0UL, 0UL)),
                $"RD, {state}");
            GuestLeafEnd write = td.Tdcall(AttrWr, td.Gpa | 1);
            (GuestLeafEndKind kind, TdxStatus status) = state switch
            {
                SeptState.NL_MAPPED or SeptState.NL_BLOCKED or SeptState.REMOVED =>
                    (GuestLeafEndKind.Completed, TdxStatus.PageSizeMismatch.With(1u)),
                SeptState.MAPPED or SeptState.EXP_DIRTY or SeptState.PENDING or SeptState.PENDING_EXP_DIRTY =>
                    (GuestLeafEndKind.Completed, TdxStatus.Success),
                _ => (GuestLeafEndKind.EptViolationExit, default(TdxStatus)),
            };
            Assert.That((write.Kind, write.Status), Is.EqualTo((kind, status)), $"WR, {state}");
            Assert.That(td.EntryAt(td.Gpa, 1), Is.EqualTo(entry), $"after {state}");
        }
    }

    [Test]
    public void A_WR_the_host_must_help_with_tells_it_what_was_wanted_and_found()
    {
        using var td = new MemTd();
        td.AddPage(td.Gpa);
        td.Call(7, td.Gpa);
        GuestLeafEnd blocked = td.Tdcall(AttrWr, td.Gpa);
        using var large = new MemTd();
        large.AugPage(large.Gpa, 1);
        GuestLeafEnd small = large.Tdcall(AttrWr, large.Gpa + 0x3000);
        const ulong write = 2, attrWr = 5, level1 = 1 << 3, blockedState = 1 << 6, pendingState = 2 << 6, leaf = 1 << 14;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((blocked.Gpa.Value, blocked.Qualification), Is.EqualTo((td.Gpa, write)));
            Assert.That(blocked.ExtendedQualification, Is.EqualTo(attrWr | (leaf | blockedState) << 32));
            Assert.That((small.Gpa.Value, small.Qualification), Is.EqualTo((large.Gpa + 0x3000, write)));
            Assert.That(small.ExtendedQualification, Is.EqualTo(attrWr | (leaf | pendingState | level1) << 32));
            Assert.That(large.Lp.Gpr(1), Is.EqualTo(large.Gpa + 0x3000), "the guest will ask again");
        }
    }

    [Test]
    public void Attributes_make_change_and_take_an_alias()
    {
        using MemTd td = L2Trees.Make(2, 0, 1, 2);
        ulong page = td.AddPage(td.Gpa);
        SeptEntry alone = td.EntryAt(td.Gpa, 0);

        Write(td, td.Gpa, 0x8005UL << 32, All << 32, td.Gpa, 0x8005UL << 32);
        Assert.That(td.EntryAt(td.Gpa, 0), Is.EqualTo(alone.WithAlias(2, true)));
        L2SeptEntry made = L2Trees.EntryOf(td, 2);
        Assert.That((made.State, made.TableAddress), Is.EqualTo((L2SeptState.L2_MAPPED, page)));
        Assert.That(made.Raw & 0xFFF, Is.EqualTo(1 | 4 | 6 << 3 | 1 << 6 | 1 << 7), "R, Xs, write-back, IPAT, leaf");
        Read(td, td.Gpa, td.Gpa, 0x8005UL << 32);

        Write(td, td.Gpa, 0x8072UL << 32, 0x72UL << 32, td.Gpa, 0x8077UL << 32);
        Assert.That(L2Trees.EntryOf(td, 2).Raw >> 57 & 0xF, Is.EqualTo(0b1011), "VGP, PWA, SSS");
        Read(td, td.Gpa, td.Gpa, 0x8077UL << 32);

        Write(td, td.Gpa, Valid << 32, 0xFUL << 32, td.Gpa, Valid << 32);
        Assert.That(L2Trees.EntryOf(td, 2), Is.EqualTo(L2SeptEntry.Free));
        Assert.That(td.EntryAt(td.Gpa, 0), Is.EqualTo(alone));
        Read(td, td.Gpa, td.Gpa, 0);
    }

    [Test]
    public void The_alias_of_a_pending_page_is_blocked_until_the_page_is_accepted()
    {
        using MemTd td = L2Trees.Make(1, 0, 1);
        td.AugPage(td.Gpa);
        Write(td, td.Gpa, 0x8003UL << 16, All << 16, td.Gpa | Pending, 0x8003UL << 16);
        Assert.That(L2Trees.EntryOf(td, 1).State, Is.EqualTo(L2SeptState.L2_BLOCKED));
        Write(td, td.Gpa, 0x8004UL << 16, 6UL << 16, td.Gpa | Pending, 0x8005UL << 16);
        Read(td, td.Gpa, td.Gpa | Pending, 0x8005UL << 16);
        Assert.That(L2Trees.EntryOf(td, 1).IsPresent, Is.False);
        Assert.That(td.Tdcall(6, td.Gpa).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(L2Trees.EntryOf(td, 1).Rights, Is.EqualTo(5));
        Read(td, td.Gpa, td.Gpa, 0x8005UL << 16);
    }

    [Test]
    public void While_writes_are_blocked_the_attributes_show_the_W_that_was_saved()
    {
        const ulong savedW = 1UL << 59, liveW = 2;
        using MemTd td = L2Trees.Make(1, 0, 1);
        td.AddPage(td.Gpa);
        Write(td, td.Gpa, 0x8003UL << 16, All << 16, td.Gpa, 0x8003UL << 16);
        td.SetEntry(td.Gpa, 0, td.EntryAt(td.Gpa, 0).Become(SeptState.BLOCKEDW));
        var l2 = new L2Sept(td.Lp, td.Tdcs);
        L2SeptSlot slot = l2.Walk(1, new Gpa(td.Gpa), 0);
        l2.Store(slot, new L2SeptEntry(slot.Entry.Raw & ~liveW | savedW));
        Read(td, td.Gpa, td.Gpa, 0x8003UL << 16);
    }

    // attributes wanted, all bits | what the guest is told
    [TestCase(0x8002UL, TestName = "W without R is illegal")]
    [TestCase(0x8028UL, TestName = "PWA without R is illegal")]
    [TestCase(0x8081UL, TestName = "SVE is illegal")]
    [TestCase(0x8101UL, TestName = "a reserved bit is illegal")]
    public void Illegal_attributes_change_nothing_and_show_what_there_is(ulong wanted)
    {
        using MemTd td = L2Trees.Make(2, 0, 1, 2);
        td.AddPage(td.Gpa);
        Write(td, td.Gpa, 0x8005UL << 16, All << 16, td.Gpa, 0x8005UL << 16);
        byte[] before = td.Snapshot();
        L2SeptEntry alias = L2Trees.EntryOf(td, 1);

        GuestLeafEnd aliased = td.Tdcall(AttrWr, td.Gpa, Rwx << 32 | wanted << 16, All << 32 | All << 16);
        Assert.That(aliased.Status, Is.EqualTo(TdxStatus.PageAttrInvalid));
        Assert.That(
            (td.Lp.Gpr(1), td.Lp.Gpr(2)), Is.EqualTo((0UL, Rwx << 32 | 0x8005UL << 16)), "all VMs are looked at");
        GuestLeafEnd other = td.Tdcall(AttrWr, td.Gpa, wanted << 32, All << 32);
        Assert.That(other.Status, Is.EqualTo(TdxStatus.PageAttrInvalid));
        Assert.That((td.Lp.Gpr(1), td.Lp.Gpr(2)), Is.EqualTo((0UL, 0UL)), "no alias, no attributes");
        Assert.That(td.Snapshot().AsSpan().SequenceEqual(before));
        Assert.That((L2Trees.EntryOf(td, 1), L2Trees.EntryOf(td, 2)), Is.EqualTo((alias, L2SeptEntry.Free)));
    }

    [Test]
    public void A_missing_L2_SEPT_page_is_the_guest_s_business_unless_VM_CTLS_makes_it_the_host_s()
    {
        using MemTd td = L2Trees.Make(2, 0, 1);
        td.AddPage(td.Gpa);
        Assert.That(
            td.Tdcall(AttrWr, td.Gpa, Rwx << 32, All << 32).Status,
            Is.EqualTo(TdxStatus.L2SeptWalkFailed.With(2u << 16 | 3)));
        Assert.That((td.Lp.Gpr(1), td.Lp.Gpr(2)), Is.EqualTo((0UL, 0UL)));

        const ulong vmCtls = 0x9110000300000012;
        Conditions.SetOpState(td, OpState.Runnable);
        (td.Regs.Rcx, td.Regs.Rdx, td.Regs.R8, td.Regs.R9, td.Regs.Version) = (MemTd.TdrPage, vmCtls + 2, 1, 1, 0);
        Assert.That(td.Call(13), Is.EqualTo(TdxStatus.Success), "TDH.MNG.WR");
        GuestLeafEnd end = td.Tdcall(AttrWr, td.Gpa, Rwx << 32, All << 32);
        const ulong write = 2, gpaDetails = 2, level3 = 3 << 3, vm2 = 2 << 20;
        Assert.That(
            (end.Kind, end.Gpa.Value, end.Qualification, end.ExtendedQualification),
            Is.EqualTo((GuestLeafEndKind.EptViolationExit, td.Gpa, write, gpaDetails | (level3 | vm2) << 32)));
        Assert.That((td.Lp.Gpr(1), td.Lp.Gpr(2)), Is.EqualTo((td.Gpa, Rwx << 32)), "the operands stay");
    }

    [Test]
    public void Large_pages_have_aliases_too()
    {
        using MemTd td = L2Trees.Make(1, 1, 1);
        ulong page = td.AugPage(td.Gpa, 1);
        Assert.That(td.Tdcall(6, td.Gpa | 1).Status, Is.EqualTo(TdxStatus.Success));
        Write(td, td.Gpa | 1, Rwx << 16, All << 16, td.Gpa | 1, Rwx << 16);
        Assert.That(L2Trees.EntryOf(td, 1, 1).TableAddress, Is.EqualTo(page));
        Read(td, td.Gpa + 0x1F_F000, td.Gpa | 1, Rwx << 16);
    }

    [Test]
    public void INVEPT_follows_for_every_VM_whose_flag_asks_for_it()
    {
        using MemTd td = L2Trees.Make(3, 0, 1);
        td.AddPage(td.Gpa);
        td.Lp.Invepts.Clear();
        Write(td, td.Gpa, Rwx << 16, (All | Invept) << 16 | Invept << 48, td.Gpa, Rwx << 16);
        Assert.That(td.Lp.Invepts, Is.EqualTo(new[] { (1, EptpOf(td, 1)), (1, EptpOf(td, 3)) }));
    }

    [Test]
    public void The_host_sees_the_attributes_of_a_debug_TD_as_the_guest_does()
    {
        using MemTd td = L2Trees.Make(1, 0, 1);
        td.AddPage(td.Gpa);
        Write(td, td.Gpa, 0x8025UL << 16, All << 16, td.Gpa, 0x8025UL << 16);
        SetDebug(td.Tdcs);
        (td.Regs.Rcx, td.Regs.Rdx, td.Regs.Version) = (td.Gpa, MemTd.TdrPage | 1, 0);
        Assert.That(td.Call(SeptRd), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Lp.Gpr(8), Is.EqualTo(0x8025UL << 16));
    }

    // L2 VMs | bitmap | VMs that are invalidated, or null for a refusal
    [TestCase(0, 0UL, new int[0])]
    [TestCase(0, 2UL, null)]
    [TestCase(2, 6UL, new[] { 1, 2 })]
    [TestCase(3, 8UL, new[] { 3 })]
    [TestCase(3, 1UL, null, TestName = "L1 is not invalidated by INVEPT")]
    [TestCase(2, 8UL, null, TestName = "INVEPT of a VM that does not exist")]
    [TestCase(3, 1UL << 63, null, TestName = "INVEPT with a high bit")]
    public void INVEPT_invalidates_the_VMs_of_the_bitmap(int l2Vms, ulong bitmap, int[]? vms)
    {
        const int invept = 26;
        using var td = new MemTd(l2Vms: l2Vms);
        td.Lp.Invepts.Clear();
        Assert.That(td.Tdcall(invept, bitmap).Status, Is.EqualTo(vms is null ? RcxInvalid : TdxStatus.Success));
        Assert.That(td.Lp.Invepts, Is.EqualTo((vms ?? []).Select(vm => (1, EptpOf(td, vm)))));
    }

    private static void Read(MemTd td, ulong gpa, ulong rcx, ulong rdx)
    {
        Assert.That(td.Tdcall(AttrRd, gpa).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That((td.Lp.Gpr(1), td.Lp.Gpr(2)), Is.EqualTo((rcx, rdx)));
    }

    private static void Write(MemTd td, ulong mapping, ulong attributes, ulong flags, ulong rcx, ulong rdx)
    {
        Assert.That(td.Tdcall(AttrWr, mapping, attributes, flags).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That((td.Lp.Gpr(1), td.Lp.Gpr(2)), Is.EqualTo((rcx, rdx)));
    }

    private static MemTd With(MemTd td, Action<MemTd> arrange)
    {
        arrange(td);
        return td;
    }

    private static void SetHostPriority(MemTd td)
    {
        SeptSlot slot = td.Tree.Walk(new Gpa(td.Gpa), 0);
        td.Lp.BitTestAndSet(slot.Address, SeptEntry.HostPriorityBit);
    }

    // The root of the VM's tree under the TD's key, with the walk length and memory type of the TD's.
    private static ulong EptpOf(MemTd td, int vm) => td.Tdcs.Page(Tdcs.FirstL2SeptRootPage + vm - 1).Value | 3 << 3 | 6;

    private static void SetDebug(Tdcs tdcs) => tdcs.Attributes = TdAttributes.Debug;
}
