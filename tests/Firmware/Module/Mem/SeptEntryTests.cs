using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;

namespace Seamsim.Tests.Firmware.Module.Mem;

public class SeptEntryTests
{
    private const ulong Page = 0x12_3456_7000;

    [Test]
    public void A_state_survives_being_encoded_and_decoded()
    {
        for (var state = SeptState.FREE; state < SeptState.Invalid; state++)
        {
            SeptEntry entry = new SeptEntry(0).With(state);
            Assert.That(entry.State, Is.EqualTo(state));
            Assert.That(entry.Locked().State, Is.EqualTo(state), "the lock bit is no part of the state");
        }
    }

    [Test]
    public void A_free_entry_is_suppress_VE_and_the_free_code()
    {
        Assert.That(SeptEntry.Free.Raw, Is.EqualTo(0x80E0_0000_0000_0000));
        Assert.That(SeptEntry.Free.Architectural(0), Is.EqualTo(1UL << 63));
        Assert.That(SeptEntry.Free.IsPresent, Is.False);
    }

    [Test]
    public void A_mapped_leaf_is_RWX_write_back_ignore_PAT_and_suppress_VE()
    {
        SeptEntry entry = SeptEntry.Leaf(SeptState.MAPPED, Page);
        Assert.That(entry.Raw, Is.EqualTo(0x8000_0000_0000_00F7 | Page));
        Assert.That(entry.Architectural(0), Is.EqualTo(entry.Raw));
    }

    [Test]
    public void A_pending_leaf_gives_the_guest_nothing()
    {
        SeptEntry entry = SeptEntry.Leaf(SeptState.PENDING, Page);
        Assert.That(entry.IsPresent, Is.False);
        Assert.That(entry.Architectural(0), Is.EqualTo(0x8000_0000_0000_00F0 | Page));
    }

    [Test]
    public void A_non_leaf_entry_hides_its_address()
    {
        SeptEntry entry = SeptEntry.NonLeaf(Page);
        Assert.That(entry.TableAddress, Is.EqualTo(Page));
        Assert.That(entry.Architectural(1), Is.EqualTo(7));
        Assert.That(entry.Become(SeptState.NL_BLOCKED).Architectural(1), Is.Zero);
    }

    [Test]
    public void The_accept_counter_is_not_part_of_the_address()
    {
        SeptEntry entry = SeptEntry.Leaf(SeptState.PENDING, 0x40_0000).WithAcceptedSteps(300);
        Assert.That(entry.AcceptedSteps, Is.EqualTo(300));
        Assert.That(entry.PageAddress(1), Is.EqualTo(0x40_0000));
        Assert.That(entry.Architectural(1) & SeptEntry.AcceptCounter, Is.Zero);
    }

    [Test]
    public void Alias_bits_do_not_touch_the_state()
    {
        SeptEntry entry = SeptEntry.Leaf(SeptState.MAPPED, Page).WithAlias(1, true).WithAlias(3, true);
        Assert.That((entry.HasAlias(1), entry.HasAlias(2), entry.HasAlias(3)), Is.EqualTo((true, false, true)));
        Assert.That(entry.State, Is.EqualTo(SeptState.MAPPED));
        Assert.That(entry.WithAlias(1, false).WithAlias(3, false), Is.EqualTo(SeptEntry.Leaf(SeptState.MAPPED, Page)));
    }

    // Public codes, TDX Module 1.5 ABI, "Secure EPT Entry Information as Returned by TDX Module Functions".
    [TestCase("FREE", 0)]
    [TestCase("BLOCKED", 1)]
    [TestCase("PENDING", 2)]
    [TestCase("PENDING_BLOCKED", 3)]
    [TestCase("MAPPED", 4)]
    [TestCase("REMOVED", 5)]
    [TestCase("NL_BLOCKED", 129)]
    [TestCase("NL_MAPPED", 132)]
    public void Public_state_codes_are_those_of_the_ABI(string state, int code) =>
        Assert.That(SeptStates.Of(Enum.Parse<SeptState>(state)).Public, Is.EqualTo(code));

    [Test]
    public void An_unknown_code_is_no_state() =>
        Assert.That(SeptStates.Decode(0x7F), Is.EqualTo(SeptState.Invalid));

    [TestCase(0x1000UL, 0, 4, true)]
    [TestCase(0x1008UL, 0, 4, false, TestName = "reserved bit 3")]
    [TestCase(0x1800UL, 0, 4, false, TestName = "reserved bit 11")]
    [TestCase(0x0010_0000_0000_1000UL, 0, 4, false, TestName = "reserved bit 52")]
    [TestCase(0x20_0001UL, 0, 4, true)]
    [TestCase(0x1001UL, 0, 4, false, TestName = "4-KiB address at the 2-MiB level")]
    [TestCase(0x20_0001UL, 2, 4, false, TestName = "level too low")]
    [TestCase(0x0005UL, 0, 4, false, TestName = "level too high")]
    [TestCase(0x0080_0000_0003UL, 0, 3, true)]
    [TestCase(0x0040_0000_0003UL, 0, 3, false, TestName = "half a PML4 entry")]
    public void A_mapping_operand_is_checked_before_it_is_used(ulong operand, int min, int max, bool good) =>
        Assert.That(GpaMapping.TryParse(operand, min, max, out _), Is.EqualTo(good));

    [Test]
    public void Blocking_an_L2_leaf_saves_its_permissions_and_unblocking_brings_them_back()
    {
        L2SeptEntry mapped = L2SeptEntry.Leaf(Page, new VmAttributes(0x7F), pending: false);
        L2SeptEntry blocked = mapped.Block(writesWereBlocked: false);
        Assert.That(mapped.State, Is.EqualTo(L2SeptState.L2_MAPPED));
        Assert.That(blocked.State, Is.EqualTo(L2SeptState.L2_BLOCKED));
        Assert.That(blocked.IsPresent, Is.False);
        SeptEntry l1 = SeptEntry.Leaf(SeptState.MAPPED, Page);
        Assert.That(blocked.AttributesUnder(l1), Is.EqualTo(mapped.AttributesUnder(l1)));
        Assert.That(blocked.Unblock(), Is.EqualTo(mapped));
    }

    [Test]
    public void L2_non_leaf_entries_block_and_unblock()
    {
        L2SeptEntry mapped = L2SeptEntry.NonLeaf(Page);
        Assert.That(mapped.State, Is.EqualTo(L2SeptState.L2_NL_MAPPED));
        Assert.That(mapped.Block(false).State, Is.EqualTo(L2SeptState.L2_NL_BLOCKED));
        Assert.That(mapped.Block(false).Unblock(), Is.EqualTo(mapped));
        Assert.That(L2SeptEntry.Free.State, Is.EqualTo(L2SeptState.L2_FREE));
    }
}
