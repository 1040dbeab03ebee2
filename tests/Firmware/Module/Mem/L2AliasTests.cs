using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;

namespace Seamsim.Tests.Firmware.Module.Mem;

/// <summary>A page that an L2 VM sees too: what the L1 leaves do to its alias. TD partitioning specification.</summary>
[Category("Conformance")]
public class L2AliasTests
{
    private const int Vm = 2;

    [Test]
    public void Blocking_takes_the_alias_away_and_unblocking_brings_its_permissions_back()
    {
        using MemTd td = Aliased();
        L2SeptEntry before = Alias(td);
        Assert.That(td.Call(7, td.Gpa), Is.EqualTo(TdxStatus.Success));
        Assert.That(Alias(td).State, Is.EqualTo(L2SeptState.L2_BLOCKED));
        Assert.That(Alias(td).IsPresent, Is.False);
        Assert.That(td.Call(39, td.Gpa), Is.EqualTo(TdxStatus.Success));
        Assert.That(Alias(td), Is.EqualTo(before));
    }

    [Test]
    public void A_removed_page_leaves_no_alias()
    {
        using MemTd td = Aliased();
        Assert.That(td.Call(29, td.Gpa), Is.EqualTo(TdxStatus.Success));
        Assert.That(Alias(td), Is.EqualTo(L2SeptEntry.Free));
        Assert.That(td.EntryAt(td.Gpa, 0), Is.EqualTo(SeptEntry.Free));
    }

    [Test]
    public void Accepting_a_page_gives_it_to_the_L2_VM_as_well()
    {
        using MemTd td = Aliased();
        SeptEntry entry = td.EntryAt(td.Gpa, 0);
        td.SetEntry(td.Gpa, 0, entry.Become(SeptState.PENDING));
        Store(td, Alias(td).Block(writesWereBlocked: false));
        Assert.That(td.Tdcall(6, td.Gpa).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(Alias(td).State, Is.EqualTo(L2SeptState.L2_MAPPED));
        Assert.That(td.EntryAt(td.Gpa, 0), Is.EqualTo(entry));
    }

    [Test]
    public void Unblocking_a_pending_page_leaves_the_alias_blocked()
    {
        using MemTd td = Aliased();
        td.SetEntry(td.Gpa, 0, td.EntryAt(td.Gpa, 0).Become(SeptState.PENDING_BLOCKED));
        Store(td, Alias(td).Block(writesWereBlocked: false));
        Assert.That(td.Call(39, td.Gpa), Is.EqualTo(TdxStatus.Success));
        Assert.That(Alias(td).State, Is.EqualTo(L2SeptState.L2_BLOCKED));
    }

    [Test]
    public void SEPT_RD_shows_the_attributes_of_an_alias_in_a_debug_TD()
    {
        using MemTd td = Aliased();
        SetDebug(td.Tdcs);
        (td.Regs.Rcx, td.Regs.Rdx, td.Regs.Version) = (td.Gpa, MemTd.TdrPage | 1, 0);
        Assert.That(td.Call(25), Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Lp.Gpr(8), Is.EqualTo(0x800FUL << (16 * Vm)), "VALID, Xu, Xs, W, R");
    }

    private static MemTd Aliased()
    {
        MemTd td = L2Trees.Make(l2Vms: Vm, withTree: Vm);
        ulong page = td.AddPage(td.Gpa);
        td.SetEntry(td.Gpa, 0, td.EntryAt(td.Gpa, 0).WithAlias(Vm, true));
        Store(td, L2SeptEntry.Leaf(page, new VmAttributes(0xF), pending: false));
        return td;
    }

    private static L2SeptEntry Alias(MemTd td) => new L2Sept(td.Lp, td.Tdcs).Walk(Vm, new Gpa(td.Gpa), 0).Entry;

    private static void Store(MemTd td, L2SeptEntry entry)
    {
        var l2 = new L2Sept(td.Lp, td.Tdcs);
        l2.Store(l2.Walk(Vm, new Gpa(td.Gpa), 0), entry);
    }

    private static void SetDebug(Tdcs tdcs) => tdcs.Attributes = TdAttributes.Debug;
}
