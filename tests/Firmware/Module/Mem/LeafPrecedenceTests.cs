using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;

namespace Seamsim.Tests.Firmware.Module.Mem;

/// <summary>
/// Every failure of the memory leaves, alone and against every later one. TDX Module 1.5 ABI, leaf pages.
/// </summary>
[Category("Conformance")]
public class LeafPrecedenceTests
{
    private static readonly TdxStatus WrongState = TdxStatus.EptEntryStateIncorrect.With(OperandId.Rcx);
    private static readonly Condition NoParent = new(
        "no SEPT page", "entry", td => td.SetEntry(td.Gpa, 3, SeptEntry.Free),
        TdxStatus.EptWalkFailed.With(OperandId.Rcx));

    [Test]
    public void TDH_MEM_PAGE_ADD_checks_in_the_order_of_the_ABI() => Precedence.Check(
        2,
        () => Make(td =>
        {
            td.BuildTo(td.Gpa, 0);
            (td.Regs.Rcx, td.Regs.R8, td.Regs.R9) = (td.Gpa, td.FreePage(), MemTd.HostPage);
        }),
        [
            .. Conditions.Tdr(exclusive: true),
            .. Conditions.State(withLock: false, OpState.Runnable),
            .. Conditions.Mapping(0, 1, canBeTooLow: false),
            NoParent,
            Conditions.ParentBlocked(0),
            Conditions.Entry("entry mapped", 0, SeptState.MAPPED, WrongState),
            Conditions.Entry("entry removed", 0, SeptState.REMOVED, WrongState),
            .. SharedSource(),
            .. Conditions.FreePage(OperandId.R8, (td, v) => td.Regs.R8 = v, td => td.Regs.R8),
        ]);

    [Test]
    public void TDH_MEM_PAGE_AUG_checks_in_the_order_of_the_ABI() => Precedence.Check(
        6,
        () => Make(td =>
        {
            td.BuildTo(td.Gpa, 0);
            Conditions.SetOpState(td, OpState.Runnable);
            (td.Regs.Rcx, td.Regs.R8) = (td.Gpa, td.FreePage());
        }),
        [
            .. Conditions.Tdr(exclusive: false),
            .. Conditions.State(withLock: true, OpState.Uninitialized),
            .. Conditions.Mapping(0, 2, canBeTooLow: false),
            Conditions.TreeHeld(exclusive: false),
            NoParent,
            Conditions.ParentBlocked(0),
            Conditions.EntryHeld(0),
            Conditions.Entry("entry pending", 0, SeptState.PENDING, WrongState),
            .. Conditions.FreePage(OperandId.R8, (td, v) => td.Regs.R8 = v, td => td.Regs.R8),
        ]);

    [Test]
    public void TDH_MEM_PAGE_REMOVE_checks_in_the_order_of_the_ABI() => Precedence.Check(
        29,
        () => Make(td =>
        {
            td.AugPage(td.Gpa);
            BlockAndTrack(td, td.Gpa, 0);
            td.Regs.Rcx = td.Gpa;
        }),
        [
            .. Conditions.Tdr(exclusive: false),
            .. Conditions.State(withLock: true, OpState.Uninitialized),
            .. Conditions.Mapping(0, 3, canBeTooLow: false),
            Conditions.TreeHeld(exclusive: false),
            NoParent,
            Conditions.EntryHeld(0),
            Conditions.Entry("entry free", 0, SeptState.FREE, WrongState),
            Conditions.Entry("entry exported", 0, SeptState.EXP_DIRTY, WrongState),
            new("page held", "pamt", td => td.Lp.Write<ushort>(PageAt(td, 0).Address, 4), Busy(OperandId.Rcx)),
            Conditions.Entry("not blocked", 0, SeptState.PENDING, TdxStatus.GpaRangeNotBlocked.With(OperandId.Rcx)),
            new("not tracked", "epoch", td => SetBepoch(td, 0, td.Tdcs.TdEpoch),
                TdxStatus.TlbTrackingNotDone.With(OperandId.Rcx)),
        ]);

    [Test]
    public void TDH_MEM_SEPT_ADD_checks_in_the_order_of_the_ABI() => Precedence.Check(
        3,
        () => Make(td =>
        {
            td.BuildTo(td.Gpa, 1);
            (td.Regs.Rcx, td.Regs.R8) = (td.Gpa | 1, td.FreePage());
        }),
        [
            new("RDX reserved bit", "tdr", td => td.Regs.Rdx |= 2, TdxStatus.OperandInvalid.With(OperandId.Rdx)),
            .. Conditions.Tdr(exclusive: false),
            .. Conditions.State(withLock: true, OpState.Uninitialized),
            .. Conditions.Mapping(1, 4, canBeTooLow: true),
            Conditions.TreeHeld(exclusive: false),
            NoParent,
            Conditions.EntryHeld(1),
            Conditions.Entry("entry mapped", 1, SeptState.MAPPED, WrongState),
            Conditions.Entry("entry blocked", 1, SeptState.NL_BLOCKED, WrongState),
            new("no page", "page", td => td.Regs.R8 = ulong.MaxValue, TdxStatus.OperandInvalid.With(OperandId.R8)),
            .. Conditions.FreePage(OperandId.R8, (td, v) => td.Regs.R8 = v, td => td.Regs.R8),
        ]);

    [Test]
    public void TDH_MEM_SEPT_ADD_version_1_checks_L2_pages_after_the_L1_page() => Precedence.Check(
        3,
        () => Make(td =>
        {
            td.BuildTo(td.Gpa, 1);
            (td.Regs.Rcx, td.Regs.R8, td.Regs.Version) = (td.Gpa | 1, td.FreePage(), 1);
            (td.Regs.R9, td.Regs.R10, td.Regs.R11) = (ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);
        }),
        [
            new("version 2", "version", td => td.Regs.Version = 2, TdxStatus.OperandInvalid.With(OperandId.Rax)),
            .. Conditions.Tdr(exclusive: false),
            Conditions.TreeHeld(exclusive: false),
            Conditions.EntryHeld(1),
            new("no page for a free entry", "page", td => td.Regs.R8 = ulong.MaxValue, WrongState),
            .. Conditions.FreePage(OperandId.R8, (td, v) => td.Regs.R8 = v, td => td.Regs.R8),
            new("R9 without an L2 VM", "r9", td => td.Regs.R9 = td.FreePage(),
                TdxStatus.OperandInvalid.With(OperandId.R9)),
            new("R11 without an L2 VM", "r11", td => td.Regs.R11 = td.FreePage(),
                TdxStatus.OperandInvalid.With(OperandId.R11)),
        ]);

    [Test]
    public void TDH_MEM_SEPT_RD_checks_in_the_order_of_the_ABI() => Precedence.Check(
        25,
        () => Make(td =>
        {
            td.AddPage(td.Gpa);
            (td.Regs.Rcx, td.Regs.Rdx) = (td.Gpa, MemTd.TdrPage);
        }),
        [
            .. Conditions.Tdr(exclusive: false),
            .. Conditions.State(withLock: true, OpState.Uninitialized),
            new("L2 attributes of a production TD", "flag", td => td.Regs.Rdx |= 1,
                TdxStatus.OperandInvalid.With(OperandId.Rdx)),
            .. Conditions.Mapping(0, 4, canBeTooLow: false),
            Conditions.TreeHeld(exclusive: false),
            NoParent,
            Conditions.EntryHeld(0),
        ]);

    [Test]
    public void TDH_MEM_SEPT_REMOVE_checks_in_the_order_of_the_ABI() => Precedence.Check(
        30,
        () => Make(td =>
        {
            td.BuildTo(td.Gpa, 0);
            BlockAndTrack(td, td.Gpa, 1);
            td.Regs.Rcx = td.Gpa | 1;
        }),
        [
            .. Conditions.Tdr(exclusive: false),
            .. Conditions.State(withLock: true, OpState.Uninitialized),
            .. Conditions.Mapping(1, 4, canBeTooLow: true),
            Conditions.TreeHeld(exclusive: true),
            NoParent,
            Conditions.EntryHeld(1),
            Conditions.Entry("entry free", 1, SeptState.FREE, WrongState),
            Conditions.Entry("entry is a leaf", 1, SeptState.MAPPED, WrongState),
            new("SEPT page held", "pamt", td => td.Lp.Write<ushort>(PageAt(td, 1).Address, 4), Busy(OperandId.Rcx)),
            Conditions.Entry("not blocked", 1, SeptState.NL_MAPPED, TdxStatus.GpaRangeNotBlocked.With(OperandId.Rcx)),
            new("not tracked", "epoch", td => SetBepoch(td, 1, td.Tdcs.TdEpoch),
                TdxStatus.TlbTrackingNotDone.With(OperandId.Rcx)),
            new("page not empty", "children", FillOneChild, TdxStatus.EptPageNotFree.With(OperandId.Rcx)),
        ]);

    [Test]
    public void TDH_MEM_RANGE_BLOCK_checks_in_the_order_of_the_ABI() => Precedence.Check(
        7,
        () => Make(td =>
        {
            td.AddPage(td.Gpa);
            Conditions.SetOpState(td, OpState.Runnable);
            td.Regs.Rcx = td.Gpa;
        }),
        [
            .. Conditions.Tdr(exclusive: false),
            .. Conditions.State(withLock: true, OpState.Uninitialized),
            .. Conditions.Mapping(0, 4, canBeTooLow: false),
            Conditions.TreeHeld(exclusive: true),
            NoParent,
            Conditions.EntryHeld(0),
            Conditions.Entry("entry free", 0, SeptState.FREE, WrongState),
            Conditions.Entry("already blocked", 0, SeptState.BLOCKED,
                TdxStatus.GpaRangeAlreadyBlocked.With(OperandId.Rcx)),
        ]);

    [Test]
    public void TDH_MEM_RANGE_UNBLOCK_checks_in_the_order_of_the_ABI() => Precedence.Check(
        39,
        () => Make(td =>
        {
            td.AddPage(td.Gpa);
            BlockAndTrack(td, td.Gpa, 0);
            td.Regs.Rcx = td.Gpa;
        }),
        [
            .. Conditions.Tdr(exclusive: false),
            .. Conditions.State(withLock: true, OpState.Uninitialized),
            .. Conditions.Mapping(0, 4, canBeTooLow: false),
            Conditions.TreeHeld(exclusive: true),
            NoParent,
            Conditions.EntryHeld(0),
            Conditions.Entry("entry mapped", 0, SeptState.MAPPED, WrongState),
            new("not tracked", "epoch", td => SetBepoch(td, 0, td.Tdcs.TdEpoch),
                TdxStatus.TlbTrackingNotDone.With(OperandId.SeptTree)),
        ]);

    [Test]
    public void TDH_MEM_TRACK_checks_in_the_order_of_the_ABI() => Precedence.Check(
        38,
        () => Make(td =>
        {
            Conditions.SetOpState(td, OpState.Runnable);
            td.Regs.Rcx = MemTd.TdrPage;
        }),
        [
            .. Conditions.Tdr(exclusive: false, inRcx: true),
            .. Conditions.State(withLock: true, OpState.Uninitialized),
            new("epoch held", "epoch lock", td => td.Lp.Write<ushort>(td.Tdcs.EpochLock, 2), Busy(OperandId.TdEpoch)),
            new("a vCPU runs in the previous epoch", "refcount", td => td.Tdcs.AddRefcount(0, 1),
                TdxStatus.PreviousTlbEpochBusy),
        ]);

    [Test]
    public void TDH_MR_EXTEND_checks_in_the_order_of_the_ABI() => Precedence.Check(
        16,
        () => Make(td =>
        {
            td.AddPage(td.Gpa);
            (td.Regs.Rcx, td.Regs.Rdx) = (td.Gpa + 0x100, MemTd.TdrPage);
        }),
        [
            .. Conditions.Tdr(exclusive: true),
            .. Conditions.State(withLock: false, OpState.Runnable),
            new("chunk misaligned", "rcx", td => td.Regs.Rcx += 0x80, TdxStatus.OperandInvalid.With(OperandId.Rcx)),
            new("chunk shared", "rcx", td => td.Regs.Rcx |= 1UL << 47, TdxStatus.OperandInvalid.With(OperandId.Rcx)),
            NotPresent("no SEPT page", 3, SeptState.FREE),
            NotPresent("entry free", 0, SeptState.FREE),
            NotPresent("entry pending", 0, SeptState.PENDING),
            Conditions.Entry("write-blocked", 0, SeptState.BLOCKEDW, TdxStatus.EptEntryNotPresent),
        ]);

    [Test]
    public void TDH_MR_FINALIZE_checks_in_the_order_of_the_ABI() => Precedence.Check(
        17,
        () => Make(td =>
        {
            td.Tdcs.AddVcpus(1);
            td.Regs.Rcx = MemTd.TdrPage;
        }),
        [
            .. Conditions.Tdr(exclusive: true, inRcx: true),
            .. Conditions.State(withLock: false, OpState.Runnable),
            new("no vCPU", "vcpus", td => td.Tdcs.AddVcpus(-1), TdxStatus.NoVcpus),
        ]);

    /// <summary>Blocks a range and lets two epochs pass, in a runnable TD.</summary>
    internal static void BlockAndTrack(MemTd td, ulong gpa, int level)
    {
        Conditions.SetOpState(td, OpState.Runnable);
        Assert.That(td.Call(7, gpa | (uint)level), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Call(38, MemTd.TdrPage), Is.EqualTo(TdxStatus.Success));
        td.Regs.Rdx = MemTd.TdrPage;
    }

    private static MemTd Make(Action<MemTd> prepare)
    {
        var td = new MemTd();
        prepare(td);
        return td;
    }

    private static Condition NotPresent(string name, int level, SeptState state) =>
        Conditions.Entry(name, level, state, TdxStatus.EptEntryNotPresent.With(OperandId.Rcx));

    private static TdxStatus Busy(OperandId operand) => TdxStatus.OperandBusy.With(operand);

    // The page the entry names: the losing condition is arranged first, so the entry still names one.
    private static PamtWord PageAt(MemTd td, int level)
    {
        SeptEntry entry = td.EntryAt(td.Gpa, level);
        return td.Pamt(entry.IsLeaf ? entry.PageAddress(level) : entry.TableAddress);
    }

    private static void SetBepoch(MemTd td, int level, ulong epoch)
    {
        PamtWord word = PageAt(td, level);
        word.Bepoch = epoch;
    }

    private static void FillOneChild(MemTd td)
    {
        SeptEntry entry = td.EntryAt(td.Gpa, 1);
        td.Lp.Write(td.Tree.PageOf(entry) + 8 * 511, SeptEntry.RemovedIn(0).Raw);
    }

    private static IEnumerable<Condition> SharedSource()
    {
        TdxStatus invalid = TdxStatus.OperandInvalid.With(OperandId.R9);
        yield return new("source misaligned", "source", td => td.Regs.R9 += 0x800, invalid);
        yield return new("source with a private KeyID", "source", td => td.Regs.R9 = td.Tdr.Page.Value, invalid);
        yield return new("source in the SEAM range", "source", td => td.Regs.R9 = td.Machine.SeamBase, invalid);
        yield return new("source beyond 2^52", "source", td => td.Regs.R9 |= 1UL << 52, invalid);
    }
}
