using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Memory;

namespace Seamsim.Tests.Firmware.Module.Mem;

/// <summary>What the memory leaves leave behind when they succeed, and what they show when they do not.</summary>
[Category("Conformance")]
public class MemoryEffectTests
{
    [Test]
    public void An_added_page_holds_the_source_under_the_key_of_the_TD()
    {
        using var td = new MemTd();
        ulong children = td.Tdr.ChldCnt;
        ulong page = td.AddPage(td.Gpa, content: 0x5A);
        Assert.That(td.ReadPrivate(page), Is.All.EqualTo(0x5A));
        Assert.That(td.EntryAt(td.Gpa, 0), Is.EqualTo(SeptEntry.Leaf(SeptState.MAPPED, page)));
        Assert.That((td.Pamt(page).Type, td.Pamt(page).Owner.Value), Is.EqualTo((PageType.Reg, MemTd.TdrPage)));
        Assert.That(td.Tdr.ChldCnt - children, Is.EqualTo(4), "three SEPT pages and the page");

        byte[] asHost = new byte[16];
        td.Machine.Memory.Read(new Hpa(page), asHost, inSeam: false);
        Assert.That(asHost, Is.Not.EqualTo(td.ReadPrivate(page, 16)), "the host's key does not decrypt it");
    }

    [Test]
    public void A_SEPT_page_is_full_of_free_entries_and_belongs_to_the_TD()
    {
        using var td = new MemTd();
        ulong page = td.FreePage();
        Assert.That(td.Call(3, 3, page), Is.EqualTo(TdxStatus.Success));
        Assert.That((td.Lp.Gpr(1), td.Lp.Gpr(2), td.Lp.Gpr(8)), Is.EqualTo((0UL, 0UL, page)),
            "version 0 leaves R8 alone");
        Assert.That(td.EntryAt(0, 3), Is.EqualTo(SeptEntry.NonLeaf(page)));
        Assert.That(td.Tree.AllFree(td.Tdr.Private(new Hpa(page))));
        Assert.That((td.Pamt(page).Type, td.Pamt(page).Owner.Value), Is.EqualTo((PageType.Ept, MemTd.TdrPage)));
    }

    [Test]
    public void An_existing_SEPT_page_is_an_error_unless_the_caller_allows_it()
    {
        using var td = new MemTd();
        td.BuildTo(0, 2);
        ulong page = td.FreePage();
        Assert.That(td.Call(3, 3, page), Is.EqualTo(TdxStatus.EptEntryStateIncorrect.With(OperandId.Rcx)));
        Assert.That((td.Lp.Gpr(1), td.Lp.Gpr(2)), Is.EqualTo((7UL, 3UL | 132 << 8)), "RWX, no HPA; level and state");
        (td.Regs.Rcx, td.Regs.Rdx, td.Regs.R8) = (3, MemTd.TdrPage | 1, page);
        Assert.That(td.Call(3), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Pamt(page).Type, Is.EqualTo(PageType.Nda), "the page given is not used");
    }

    [Test]
    public void Version_1_tells_what_became_of_each_page()
    {
        using var td = new MemTd();
        ulong page = td.FreePage();
        (td.Regs.Rcx, td.Regs.R8, td.Regs.Version) = (3, page | 1UL << 63, 1);
        (td.Regs.R9, td.Regs.R10, td.Regs.R11) = (ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);
        Assert.That(td.Call(3), Is.EqualTo(TdxStatus.Success), "bit 63 of an input does not count");
        Assert.That(td.Lp.Gpr(8), Is.EqualTo(ulong.MaxValue), "consumed");

        ulong spare = td.FreePage();
        (td.Regs.Rdx, td.Regs.R8) = (MemTd.TdrPage | 1, spare);
        Assert.That(td.Call(3), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Lp.Gpr(8), Is.EqualTo(spare | 1UL << 63), "not needed");

        td.Regs.Rdx = MemTd.TdrPage;
        td.Regs.R8 = spare | 1UL << 63;
        Assert.That(td.Call(3), Is.EqualTo(TdxStatus.EptEntryStateIncorrect.With(OperandId.Rcx)));
        Assert.That(td.Lp.Gpr(8), Is.EqualTo(spare), "not processed");
    }

    [Test]
    public void An_interrupt_parts_the_L1_and_L2_pages_of_one_call()
    {
        using var td = new MemTd(l2Vms: 1);
        (ulong l1, ulong l2) = (td.FreePage(), td.FreePage());
        (td.Regs.Rcx, td.Regs.R8, td.Regs.R9, td.Regs.Version) = (3, l1, l2, 1);
        (td.Regs.R10, td.Regs.R11) = (ulong.MaxValue, ulong.MaxValue);
        td.Lp.Cpu.Msrs[0x9A] = 2;
        Assert.That(td.Call(3), Is.EqualTo(TdxStatus.InterruptedResumable));
        Assert.That((td.Lp.Gpr(1), td.Lp.Gpr(2)), Is.EqualTo((3UL, MemTd.TdrPage)),
            "inputs are restored for the next call");
        Assert.That((td.Lp.Gpr(8), td.Lp.Gpr(9)), Is.EqualTo((ulong.MaxValue, l2)));

        td.Lp.Cpu.Msrs[0x9A] = 0;
        (td.Regs.R8, td.Regs.R9) = (td.Lp.Gpr(8), td.Lp.Gpr(9));
        Assert.That(td.Call(3), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Lp.Gpr(9), Is.EqualTo(ulong.MaxValue));
        Assert.That(td.EntryAt(0, 3).HasAlias(1));
        Assert.That(td.Pamt(l2).Type, Is.EqualTo(PageType.Ept));
        L2SeptSlot slot = new L2Sept(td.Lp, td.Tdcs).Walk(1, new Gpa(0), 3);
        Assert.That(slot.Entry, Is.EqualTo(L2SeptEntry.NonLeaf(l2)));
    }

    [Test]
    public void L2_pages_go_with_their_L1_page()
    {
        using var td = new MemTd(l2Vms: 2);
        (ulong l1, ulong l2) = (td.FreePage(), td.FreePage());
        (td.Regs.Rcx, td.Regs.R8, td.Regs.R9, td.Regs.R10, td.Regs.Version) = (3, l1, ulong.MaxValue, l2, 1);
        td.Regs.R11 = ulong.MaxValue;
        Assert.That(td.Call(3), Is.EqualTo(TdxStatus.Success));
        ulong children = td.Tdr.ChldCnt;
        td.Regs.Rdx = MemTd.TdrPage;
        Assert.That(td.Call(30), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Lp.Gpr(1), Is.EqualTo(l1));
        Assert.That(
            (td.Lp.Gpr(9), td.Lp.Gpr(10), td.Lp.Gpr(11)), Is.EqualTo((ulong.MaxValue, l2, ulong.MaxValue)));
        Assert.That((td.Pamt(l1).Type, td.Pamt(l2).Type), Is.EqualTo((PageType.Nda, PageType.Nda)));
        Assert.That(children - td.Tdr.ChldCnt, Is.EqualTo(2));
    }

    [Test]
    public void An_L2_walk_that_fails_names_VM_and_level()
    {
        using var td = new MemTd(l2Vms: 1);
        td.BuildTo(0, 2);
        (td.Regs.Rcx, td.Regs.Rdx, td.Regs.R8, td.Regs.R9) = (2, MemTd.TdrPage, td.FreePage(), td.FreePage());
        (td.Regs.R10, td.Regs.R11, td.Regs.Version) = (ulong.MaxValue, ulong.MaxValue, 1);
        Assert.That(td.Call(3), Is.EqualTo(TdxStatus.L2SeptWalkFailed.With(1 << 16 | 3)));
        Assert.That(td.Lp.Gpr(2), Is.EqualTo(3 | 64 << 8 | 1 << 16));
        Assert.That(td.EntryAt(0, 2).IsFree, "nothing was added");
    }

    [Test]
    public void A_page_that_was_augmented_counts_512_when_it_is_large()
    {
        using var td = new MemTd();
        td.BuildTo(td.Gpa, 1);
        ulong children = td.Tdr.ChldCnt;
        ulong page = td.FreeLargePage();
        Assert.That(td.Call(6, td.Gpa | 1, page), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Tdr.ChldCnt - children, Is.EqualTo(512));
        Assert.That(td.Pamt(page, PageLevel.Page2M).Type, Is.EqualTo(PageType.Reg));
        Assert.That(td.EntryAt(td.Gpa, 1), Is.EqualTo(SeptEntry.Leaf(SeptState.PENDING, page)));
        Assert.That(td.Call(29, td.Gpa | 1), Is.EqualTo(TdxStatus.Success));
        Assert.That((td.Lp.Gpr(1), td.Tdr.ChldCnt), Is.EqualTo((page, children)));
        Assert.That(td.Pamt(page, PageLevel.Page2M).Type, Is.EqualTo(PageType.Nda));
    }

    [Test]
    public void A_large_page_with_one_small_page_in_use_is_refused()
    {
        using var td = new MemTd();
        td.BuildTo(td.Gpa, 1);
        ulong page = td.FreeLargePage();
        td.Own(page + 511 * 4096, PageType.Reg, PageLevel.Page4K);
        Assert.That(td.Call(6, td.Gpa | 1, page), Is.EqualTo(TdxStatus.PageMetadataIncorrect.With(OperandId.R8)));
    }

    [Test]
    public void A_small_page_inside_a_large_one_is_refused()
    {
        using var td = new MemTd();
        ulong page = td.AugPage(td.Gpa, 1);
        td.BuildTo(0x8000_0000, 0);
        Assert.That(
            td.Call(6, 0x8000_0000, page + 4096), Is.EqualTo(TdxStatus.PageMetadataIncorrect.With(OperandId.R8)));
    }

    [Test]
    public void A_page_removed_during_an_import_leaves_the_epoch_behind()
    {
        using var td = new MemTd();
        td.AddPage(td.Gpa);
        td.Lp.Write(td.Tdcs.Field(0x58C), 9u);
        Conditions.SetOpState(td, OpState.PostImport);
        Assert.That(td.Call(29, td.Gpa), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.EntryAt(td.Gpa, 0), Is.EqualTo(SeptEntry.RemovedIn(9)));
    }

    [Test]
    public void A_walk_that_stops_early_describes_where()
    {
        using var td = new MemTd();
        td.BuildTo(td.Gpa, 2);
        Assert.That(td.Call(6, td.Gpa, td.FreePage()), Is.EqualTo(TdxStatus.EptWalkFailed.With(OperandId.Rcx)));
        Assert.That((td.Lp.Gpr(1), td.Lp.Gpr(2)), Is.EqualTo((1UL << 63, 2UL)), "a free entry at level 2");
    }

    [Test]
    public void A_leaf_is_described_with_its_address()
    {
        using var td = new MemTd();
        ulong page = td.AddPage(td.Gpa);
        Assert.That(td.Call(25, td.Gpa), Is.EqualTo(TdxStatus.Success));
        Assert.That((td.Lp.Gpr(1), td.Lp.Gpr(2)), Is.EqualTo((page | 0x8000_0000_0000_00F7, 4UL << 8)));
    }

    [Test]
    public void A_large_leaf_above_the_wanted_level_stops_the_walk_too()
    {
        using var td = new MemTd();
        td.AugPage(td.Gpa, 1);
        Assert.That(td.Call(25, td.Gpa), Is.EqualTo(TdxStatus.EptWalkFailed.With(OperandId.Rcx)));
        Assert.That(td.Lp.Gpr(2), Is.EqualTo(1 | 2 << 8));
    }

    [Test]
    public void A_TD_with_5_level_EPT_has_one_level_more()
    {
        using var td = new MemTd(topLevel: 4, gpaw: true) { Gpa = 0x0004_0000_0000_0000 };
        ulong page = td.AddPage(td.Gpa);
        Assert.That(td.EntryAt(td.Gpa, 4).State, Is.EqualTo(SeptState.NL_MAPPED));
        Assert.That(td.EntryAt(td.Gpa, 0).PageAddress(0), Is.EqualTo(page));
        Assert.That(td.Call(25, 0x0004_0000_0000_0004), Is.EqualTo(TdxStatus.Success));
    }

    // level of EPT | GPAW | GPA | valid
    [TestCase(3, false, 0x0000_7FFF_FFFF_F000UL, true)]
    [TestCase(3, false, 0x0000_8000_0000_0000UL, false, TestName = "bit 47 is the shared bit of a 48-bit TD")]
    [TestCase(4, false, 0x0000_8000_0000_0000UL, false, TestName = "also with 5-level EPT")]
    [TestCase(4, false, 0x0001_0000_0000_0000UL, false, TestName = "a 48-bit TD has no bit 48")]
    [TestCase(4, true, 0x0007_FFFF_FFFF_F000UL, true)]
    [TestCase(4, true, 0x0000_8000_0000_0000UL, true, TestName = "bit 47 is an address bit with GPAW")]
    [TestCase(4, true, 0x0008_0000_0000_0000UL, false, TestName = "bit 51 is the shared bit of a 52-bit TD")]
    public void The_width_of_a_GPA_follows_GPAW_and_not_the_EPT(int topLevel, bool gpaw, ulong gpa, bool valid)
    {
        using var td = new MemTd(topLevel, gpaw);
        TdxStatus expected = (valid ? TdxStatus.EptWalkFailed : TdxStatus.OperandInvalid).With(OperandId.Rcx);
        Assert.That(td.Call(25, gpa), Is.EqualTo(expected));
    }

    [Test]
    public void Level_4_exists_only_with_5_level_EPT()
    {
        using var td = new MemTd();
        Assert.That(td.Call(25, 4), Is.EqualTo(TdxStatus.OperandInvalid.With(OperandId.Rcx)));
        using var wide = new MemTd(topLevel: 4);
        Assert.That(wide.Call(25, 4), Is.EqualTo(TdxStatus.Success));
    }

    [Test]
    public void Blocking_and_unblocking_carries_the_aliases_of_L2_VMs_along()
    {
        using var td = new MemTd(l2Vms: 1);
        ulong table = td.FreePage();
        (td.Regs.Rcx, td.Regs.R8, td.Regs.R9, td.Regs.Version) = (3, td.FreePage(), table, 1);
        (td.Regs.R10, td.Regs.R11) = (ulong.MaxValue, ulong.MaxValue);
        Assert.That(td.Call(3), Is.EqualTo(TdxStatus.Success));
        var l2 = new L2Sept(td.Lp, td.Tdcs);
        Assert.That(td.Call(7, 3), Is.EqualTo(TdxStatus.Success));
        Assert.That(l2.Walk(1, new Gpa(0), 3).Entry.State, Is.EqualTo(L2SeptState.L2_NL_BLOCKED));
        Assert.That(td.Call(39, 3), Is.EqualTo(TdxStatus.Success));
        Assert.That(l2.Walk(1, new Gpa(0), 3).Entry, Is.EqualTo(L2SeptEntry.NonLeaf(table)));
        Assert.That(td.EntryAt(0, 3).State, Is.EqualTo(SeptState.NL_MAPPED));
    }
}
