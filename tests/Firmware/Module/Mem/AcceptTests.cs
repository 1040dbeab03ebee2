using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;

namespace Seamsim.Tests.Firmware.Module.Mem;

/// <summary>TDG.MEM.PAGE.ACCEPT. TDX Module 1.5 ABI, "TDG.MEM.PAGE.ACCEPT Leaf".</summary>
[Category("Conformance")]
public class AcceptTests
{
    private const int Leaf = 6;

    [Test]
    public void An_accepted_page_is_zero_and_mapped()
    {
        using var td = new MemTd();
        ulong page = td.AugPage(td.Gpa);
        td.WritePrivate(page, [.. Enumerable.Repeat((byte)9, 4096)]);
        Assert.That(td.Tdcall(Leaf, td.Gpa).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(td.ReadPrivate(page), Is.All.Zero);
        Assert.That(td.EntryAt(td.Gpa, 0), Is.EqualTo(SeptEntry.Leaf(SeptState.MAPPED, page)));
    }

    [Test]
    public void A_large_page_is_accepted_in_steps_that_interrupts_part()
    {
        using var td = new MemTd();
        ulong page = td.AugPage(td.Gpa, 1);
        td.WritePrivate(page + 4096, [1, 2, 3]);
        td.Lp.Cpu.Msrs[0x9A] = 1;
        for (int step = 1; step <= 3; step++)
        {
            Assert.That(td.Tdcall(Leaf, td.Gpa | 1).Kind, Is.EqualTo(GuestLeafEndKind.Interrupted));
            SeptEntry entry = td.EntryAt(td.Gpa, 1);
            Assert.That((entry.AcceptedSteps, entry.State), Is.EqualTo((step, SeptState.PENDING)));
            Assert.That(entry.PageAddress(1), Is.EqualTo(page));
        }
        Assert.That(td.ReadPrivate(page + 4096, 3), Is.All.Zero, "the second step was done");
        td.WritePrivate(page, [5]);
        td.Lp.Cpu.Msrs[0x9A] = 0;
        Assert.That(td.Tdcall(Leaf, td.Gpa | 1).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(td.ReadPrivate(page, 1)[0], Is.EqualTo(5), "the first step is not done twice");
        Assert.That(td.EntryAt(td.Gpa, 1), Is.EqualTo(SeptEntry.Leaf(SeptState.MAPPED, page)));
    }

    [Test]
    public void An_interrupt_does_not_part_the_last_step()
    {
        using var td = new MemTd();
        td.AugPage(td.Gpa);
        td.Lp.Cpu.Msrs[0x9A] = 1;
        Assert.That(td.Tdcall(Leaf, td.Gpa).Status, Is.EqualTo(TdxStatus.Success));
    }

    [Test]
    public void Blocking_forgets_how_far_an_accept_went()
    {
        using var td = new MemTd();
        td.AugPage(td.Gpa, 1);
        td.Lp.Cpu.Msrs[0x9A] = 1;
        td.Tdcall(Leaf, td.Gpa | 1);
        td.Lp.Cpu.Msrs[0x9A] = 0;
        Assert.That(td.Call(7, td.Gpa | 1), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.EntryAt(td.Gpa, 1).AcceptedSteps, Is.Zero);
    }

    [Test]
    public void An_accepted_page_is_reported_with_the_level_it_has()
    {
        using var td = new MemTd();
        td.AugPage(td.Gpa, 1);
        Assert.That(td.Tdcall(Leaf, td.Gpa | 1).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Tdcall(Leaf, td.Gpa | 1).Status, Is.EqualTo(TdxStatus.PageAlreadyAccepted.With(1)));
        Assert.That(td.Tdcall(Leaf, td.Gpa + 4096).Status, Is.EqualTo(TdxStatus.PageAlreadyAccepted.With(1)));
    }

    [Test]
    public void A_large_request_on_small_pages_is_a_size_mismatch()
    {
        using var td = new MemTd();
        td.AugPage(td.Gpa);
        Assert.That(td.Tdcall(Leaf, td.Gpa | 1).Status, Is.EqualTo(TdxStatus.PageSizeMismatch.With(1)));
    }

    // name | level requested | arrange | level, state and leaf bit the host is told
    private static IEnumerable<TestCaseData> Exits()
    {
        yield return new TestCaseData(0, 3, 0, false).SetName("ACCEPT without a SEPT page names the level reached");
        yield return new TestCaseData(0, 0, 0, false).SetName("ACCEPT of a free entry exits");
        yield return new TestCaseData(0, 1, 2, true).SetName("ACCEPT of 4 KiB in a pending 2-MiB page exits");
    }

    [TestCaseSource(nameof(Exits))]
    public void A_page_that_is_not_there_is_asked_for(int level, int found, int state, bool leaf)
    {
        using var td = new MemTd();
        if (found == 0)
            td.BuildTo(td.Gpa, 0);
        if (leaf)
            td.AugPage(td.Gpa, 1);
        GuestLeafEnd end = td.Tdcall(Leaf, td.Gpa | (uint)level);
        Assert.That(end.Kind, Is.EqualTo(GuestLeafEndKind.EptViolationExit));
        Assert.That(end.Gpa, Is.EqualTo(new Gpa(td.Gpa)));
        ulong info = (uint)level | (uint)found << 3 | (uint)state << 6 | (leaf ? 1u << 14 : 0);
        Assert.That(end.ExtendedQualification, Is.EqualTo(1 | info << 32));
    }

    [TestCase(0x4020_0002UL, TestName = "1 GiB cannot be accepted")]
    [TestCase(0x4020_1001UL, TestName = "a misaligned 2-MiB GPA")]
    [TestCase(0x4020_0008UL, TestName = "a reserved bit")]
    [TestCase(0x8000_4020_0000UL, TestName = "a shared GPA")]
    [TestCase(0x1_0000_4020_0000UL, TestName = "a GPA beyond the width")]
    public void A_bad_operand_is_refused(ulong operand)
    {
        using var td = new MemTd();
        Assert.That(td.Tdcall(Leaf, operand).Status, Is.EqualTo(TdxStatus.OperandInvalid.With(OperandId.Rcx)));
    }
}
