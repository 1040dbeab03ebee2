using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;

namespace Seamsim.Tests.Firmware.Module.Mem;

/// <summary>Block, track, remove. TDX Module 1.5 base specification, "TLB Tracking Sequence".</summary>
[Category("Conformance")]
public class TlbTrackingTests
{
    private static readonly TdxStatus NotDone = TdxStatus.TlbTrackingNotDone.With(OperandId.Rcx);

    [Test]
    public void Removing_right_after_blocking_is_too_early()
    {
        using MemTd td = Blocked();
        Assert.That(td.Call(29, td.Gpa), Is.EqualTo(NotDone));
        Assert.That((td.Lp.Gpr(1), td.Lp.Gpr(2)), Is.EqualTo((0UL, 0UL)), "this refusal describes no entry");
    }

    [Test]
    public void One_epoch_later_the_page_goes_when_nobody_runs_in_the_old_one()
    {
        using MemTd td = Blocked();
        Assert.That(td.Call(38, MemTd.TdrPage), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Call(29, td.Gpa), Is.EqualTo(TdxStatus.Success));
    }

    [Test]
    public void A_virtual_CPU_in_the_old_epoch_keeps_the_page_until_it_leaves()
    {
        using MemTd td = Blocked();
        int old = (int)(td.Tdcs.TdEpoch & 1);
        td.Tdcs.AddRefcount(old, 1);
        Assert.That(td.Call(38, MemTd.TdrPage), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Call(29, td.Gpa), Is.EqualTo(NotDone));
        td.Tdcs.AddRefcount(old, -1);
        Assert.That(td.Call(29, td.Gpa), Is.EqualTo(TdxStatus.Success));
    }

    [Test]
    public void The_next_epoch_cannot_start_while_somebody_runs_in_the_previous_one()
    {
        using MemTd td = Blocked();
        int old = (int)(td.Tdcs.TdEpoch & 1);
        td.Tdcs.AddRefcount(old, 1);
        Assert.That(td.Call(38, MemTd.TdrPage), Is.EqualTo(TdxStatus.Success), "the current epoch may be in use");
        Assert.That(td.Call(38, MemTd.TdrPage), Is.EqualTo(TdxStatus.PreviousTlbEpochBusy));
        td.Tdcs.AddRefcount(old, -1);
        Assert.That(td.Call(38, MemTd.TdrPage), Is.EqualTo(TdxStatus.Success));
    }

    [Test]
    public void Two_epochs_later_reference_counts_no_longer_matter()
    {
        using MemTd td = Blocked();
        td.Call(38, MemTd.TdrPage);
        td.Call(38, MemTd.TdrPage);
        td.Tdcs.AddRefcount(0, 1);
        td.Tdcs.AddRefcount(1, 1);
        Assert.That(td.Call(29, td.Gpa), Is.EqualTo(TdxStatus.Success));
    }

    [Test]
    public void Blocking_records_the_epoch_of_the_page_or_of_the_SEPT_page()
    {
        using var td = new MemTd();
        ulong page = td.AddPage(td.Gpa);
        Conditions.SetOpState(td, OpState.Runnable);
        SetEpoch(td.Tdcs, 77);
        ulong table = td.EntryAt(td.Gpa, 1).TableAddress;
        Assert.That(td.Call(7, td.Gpa), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Call(7, td.Gpa | 1), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Pamt(page).Bepoch, Is.EqualTo(77));
        Assert.That(td.Pamt(table).Bepoch, Is.EqualTo(77));
    }

    [Test]
    public void Blocking_a_large_page_records_the_epoch_in_its_2_MiB_entry()
    {
        using var td = new MemTd();
        ulong page = td.AugPage(td.Gpa, 1);
        SetEpoch(td.Tdcs, 5);
        Assert.That(td.Call(7, td.Gpa | 1), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Pamt(page, PageLevel.Page2M).Bepoch, Is.EqualTo(5));
    }

    [Test]
    public void A_TD_that_cannot_run_needs_no_tracking()
    {
        using var td = new MemTd();
        td.AddPage(td.Gpa);
        Assert.That(td.Call(29, td.Gpa), Is.EqualTo(TdxStatus.Success), "not even blocking");
    }

    [Test]
    public void A_BEPOCH_that_a_migration_left_is_never_tracked()
    {
        using MemTd td = Blocked();
        PamtWord word = td.Pamt(td.EntryAt(td.Gpa, 0).PageAddress(0));
        word.Bepoch = 1UL << 63;
        SetEpoch(td.Tdcs, ulong.MaxValue);
        Assert.That(td.Call(29, td.Gpa), Is.EqualTo(NotDone));
    }

    [Test]
    public void A_blocked_parent_stops_the_walk()
    {
        using var td = new MemTd();
        td.AddPage(td.Gpa);
        Assert.That(td.Call(7, td.Gpa | 1), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Call(7, td.Gpa), Is.EqualTo(TdxStatus.EptWalkFailed.With(OperandId.Rcx)));
        Assert.That(td.Lp.Gpr(1), Is.Zero, "a non-leaf entry shows RWX and PS only, and both are clear");
        Assert.That(td.Lp.Gpr(2), Is.EqualTo(1 | 129 << 8));
    }

    private static MemTd Blocked()
    {
        var td = new MemTd();
        td.AddPage(td.Gpa);
        Conditions.SetOpState(td, OpState.Runnable);
        Assert.That(td.Call(7, td.Gpa), Is.EqualTo(TdxStatus.Success));
        return td;
    }

    private static void SetEpoch(Tdcs tdcs, ulong epoch) => tdcs.TdEpoch = epoch;
}
