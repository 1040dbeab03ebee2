using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Timing;

namespace Seamsim.Tests.Accounts;

/// <summary>Every cycle goes to one world, and nothing gets lost.</summary>
[TestFixture]
internal sealed unsafe class CycleAccountTests
{
    private static readonly Functional Costs = new();

    [Test]
    public void A_call_that_runs_a_td_is_split_into_host_transition_seam_and_td()
    {
        using PhysicalMemory memory = new(new KeyIdLayout(52, 6, 31, 32), [(0, 1 << 20)]);
        using Core core = new(0, 0, memory, Costs);
        CycleAccount account = new(1, []);
        Spend(core, 10, 8);
        Switch(core, account, Operation.Seamcall, 3);
        Spend(core, 20, 1);
        Switch(core, account, Operation.VmEntry, 4);
        Spend(core, 50, 45);
        Switch(core, account, Operation.VmExit, 5);
        Spend(core, 6, 1);
        core.Lp->Gpr[0] = 77;
        Switch(core, account, Operation.Seamret, 7);
        Spend(core, 2, 2);
        account.Settle(core);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(account.Of(World.Host), Is.EqualTo(new Booked(12, 10)));
            Assert.That(account.Of(World.Transition), Is.EqualTo(new Booked(19, 0)));
            Assert.That(account.Of(World.Seam), Is.EqualTo(new Booked(26, 2)));
            Assert.That(account.Of(World.Td), Is.EqualTo(new Booked(50, 45)));
            Assert.That(Total(account), Is.EqualTo(core.Lp->Cycles));
            LeafAccount enter = account.Leaves.Single();
            Assert.That((enter.Leaf, enter.Calls, enter.Failures), Is.EqualTo((0UL, 1UL, 0UL)));
            Assert.That(enter.Td, Is.EqualTo(new Booked(50, 45)));
            Assert.That(enter.Seam.Cycles, Is.EqualTo(45));
        }
    }

    [Test]
    public void Cycles_booked_aside_are_not_booked_twice()
    {
        using PhysicalMemory memory = new(new KeyIdLayout(52, 6, 31, 32), [(0, 1 << 20)]);
        using Core core = new(0, 0, memory, Costs);
        CycleAccount account = new(1, []);
        Spend(core, 10, 10);
        core.Lp->Cycles += 100;
        account.BookAside(core, World.Sync, 100);
        Spend(core, 1, 1);
        account.Settle(core);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(account.Of(World.Host).Cycles, Is.EqualTo(11));
            Assert.That(account.Of(World.Sync).Cycles, Is.EqualTo(100));
            Assert.That(Total(account), Is.EqualTo(core.Lp->Cycles));
        }
    }

    [Test]
    public void A_status_is_forced_at_the_call_it_names_and_counts_as_a_failure()
    {
        using PhysicalMemory memory = new(new KeyIdLayout(52, 6, 31, 32), [(0, 1 << 20)]);
        using Core core = new(0, 0, memory, Costs);
        CycleAccount account = new(1, [new ForcedStatus(8, 2, 0x8000_0200_0000_0000)]);
        core.Lp->Gpr[0] = 8;
        bool first = account.Intercepts(core, out _);
        Switch(core, account, Operation.Seamcall, 1);
        core.Lp->Gpr[0] = 0;
        Switch(core, account, Operation.Seamret, 1);
        core.Lp->Gpr[0] = 8;
        bool second = account.Intercepts(core, out ulong status);
        LeafAccount leaf = account.Leaves.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first, Is.False);
            Assert.That(second, Is.True);
            Assert.That(status, Is.EqualTo(0x8000_0200_0000_0000));
            Assert.That((leaf.Calls, leaf.Failures, leaf.Forced), Is.EqualTo((2UL, 1UL, 1UL)));
        }
    }

    private static void Spend(Core core, ulong cycles, ulong instructions)
    {
        core.Lp->Cycles += cycles;
        core.Lp->Instructions += instructions;
    }

    private static void Switch(Core core, CycleAccount account, Operation transition, uint cycles)
    {
        core.Lp->Cycles += cycles;
        account.Switched(core, transition, cycles);
    }

    private static ulong Total(CycleAccount account) =>
        Enum.GetValues<World>().Aggregate(0UL, (sum, world) => sum + account.Of(world).Cycles);
}
