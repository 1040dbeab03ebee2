using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;

namespace Seamsim.Tests.Firmware.Module.Mem;

/// <summary>
/// Two logical processors in memory leaves at once: the first has begun and its locks are still held. TDX Module 1.5
/// base specification, "Concurrency Restrictions".
/// </summary>
[Category("Conformance")]
public class TwoProcessorTests
{
    [Test]
    public void Two_SEPT_ADDs_on_one_entry_give_BUSY_and_ask_for_priority()
    {
        using MemTd td = Adding(out _);
        td.Regs.R8 = td.FreePage();
        Assert.That(td.Call(3, td.OtherLp), Is.EqualTo(TdxStatus.OperandBusy.With(OperandId.Rcx)));
        Assert.That(td.EntryAt(td.Gpa, 1).HasHostPriority);
        td.Lp.EndEntry();
        Assert.That(td.EntryAt(td.Gpa, 1).IsLocked, Is.False);
        Assert.That(td.EntryAt(td.Gpa, 1).State, Is.EqualTo(SeptState.NL_MAPPED));
    }

    [Test]
    public void A_later_host_leaf_takes_the_lock_and_the_priority_with_it()
    {
        using MemTd td = Adding(out _);
        td.Call(3, td.OtherLp);
        td.Lp.EndEntry();
        td.Regs.Version = 0;
        (td.Regs.Rcx, td.Regs.Rdx) = (td.Gpa | 1, MemTd.TdrPage);
        Assert.That(td.Call(25, td.OtherLp), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.EntryAt(td.Gpa, 1).HasHostPriority, Is.False);
    }

    [Test]
    public void SEPT_ADDs_on_different_entries_of_one_tree_run_side_by_side()
    {
        using MemTd td = Adding(out _);
        (td.Regs.Rcx, td.Regs.R8) = (td.Gpa + (2UL << 20) | 1, td.FreePage());
        Assert.That(td.Call(3, td.OtherLp), Is.EqualTo(TdxStatus.Success));
    }

    [Test]
    public void Two_SEPT_ADDs_with_one_page_give_BUSY()
    {
        using MemTd td = Adding(out ulong page);
        (td.Regs.Rcx, td.Regs.R8) = (td.Gpa + (2UL << 20) | 1, page);
        Assert.That(td.Call(3, td.OtherLp), Is.EqualTo(TdxStatus.OperandBusy.With(OperandId.R8)));
    }

    [TestCase(7, TestName = "RANGE.BLOCK waits for no SEPT.ADD: the tree is busy")]
    [TestCase(39, TestName = "RANGE.UNBLOCK waits for no SEPT.ADD: the tree is busy")]
    [TestCase(30, TestName = "SEPT.REMOVE waits for no SEPT.ADD: the tree is busy")]
    public void A_leaf_that_wants_the_tree_for_itself_meets_BUSY(int leaf)
    {
        using MemTd td = Adding(out _);
        td.Regs.Rcx = td.Gpa + (2UL << 20) | 1;
        Assert.That(td.Call(leaf, td.OtherLp), Is.EqualTo(TdxStatus.OperandBusy.With(OperandId.SeptTree)));
    }

    [TestCase(2)]
    [TestCase(16)]
    public void A_leaf_that_wants_the_TDR_for_itself_meets_BUSY(int leaf)
    {
        using MemTd td = Adding(out _);
        Assert.That(td.Call(leaf, td.OtherLp), Is.EqualTo(TdxStatus.OperandBusy.With(OperandId.Rdx)));
    }

    [Test]
    public void A_guest_meets_BUSY_at_an_entry_the_host_has_locked()
    {
        using var td = new MemTd();
        td.AugPage(td.Gpa);
        (td.Regs.Rcx, td.Regs.Rdx) = (td.Gpa, MemTd.TdrPage);
        Assert.That(td.Begin(25, td.Lp), Is.EqualTo(TdxStatus.Success));
        GuestLeafEnd end = td.Tdcall(6, td.Gpa, lp: td.OtherLp);
        Assert.That(end.Status, Is.EqualTo(TdxStatus.OperandBusy.With(OperandId.Rcx)));
        td.Lp.EndEntry();
        Assert.That(td.Tdcall(6, td.Gpa, lp: td.OtherLp).Status, Is.EqualTo(TdxStatus.Success));
    }

    [Test]
    public void A_guest_backs_off_while_the_host_has_priority()
    {
        using var td = new MemTd();
        td.AugPage(td.Gpa);
        SeptEntry entry = td.EntryAt(td.Gpa, 0);
        td.SetEntry(td.Gpa, 0, new SeptEntry(entry.Raw | 1UL << SeptEntry.HostPriorityBit));
        Assert.That(td.Tdcall(6, td.Gpa).Status, Is.EqualTo(TdxStatus.OperandBusyHostPriority.With(OperandId.Rcx)));
        Assert.That(td.Call(25, td.Gpa), Is.EqualTo(TdxStatus.Success), "a host leaf takes the entry");
        Assert.That(td.Tdcall(6, td.Gpa).Status, Is.EqualTo(TdxStatus.Success));
    }

    [Test]
    public void Tracking_meets_BUSY_while_a_virtual_CPU_enters()
    {
        using var td = new MemTd();
        td.Lp.Write<ushort>(td.Tdcs.EpochLock, 2);
        Assert.That(td.Call(38, MemTd.TdrPage), Is.EqualTo(TdxStatus.OperandBusy.With(OperandId.TdEpoch)));
    }

    private static MemTd Adding(out ulong page)
    {
        var td = new MemTd();
        td.BuildTo(td.Gpa, 1);
        page = td.FreePage();
        (td.Regs.Rcx, td.Regs.Rdx, td.Regs.R8) = (td.Gpa | 1, MemTd.TdrPage, page);
        Assert.That(td.Begin(3, td.Lp), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.EntryAt(td.Gpa, 1).IsLocked, "until the first leaf's end time");
        return td;
    }
}
