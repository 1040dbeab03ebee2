using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Timing;

namespace Seamsim.Tests.Accounts;

/// <summary>Every cycle of a world has a cause, and every cycle of a leaf a phase.</summary>
[TestFixture]
internal sealed unsafe class CycleLedgerTests
{
    private PhysicalMemory memory = null!;
    private Core core = null!;
    private CycleAccount account = null!;

    private CycleLedger Ledger => account.Ledger!;

    [SetUp]
    public void Prepare()
    {
        Interval costs = new(CoreParameters.Shipped);
        memory = new PhysicalMemory(new KeyIdLayout(52, 6, 31, 32), [(0, 1 << 20)]);
        account = new CycleAccount(1, [], costs);
        core = new Core(0, 0, memory, costs) { Ledger = Ledger };
    }

    [TearDown]
    public void Discard()
    {
        core.Dispose();
        memory.Dispose();
    }

    [Test]
    public void A_model_without_parameters_has_no_ledger() =>
        Assert.That(new CycleAccount(1, [], new Functional()).Ledger, Is.Null);

    [Test]
    public void A_call_is_split_by_phase_and_cause()
    {
        Run(7);
        Switch(Operation.Seamcall);
        core.ChargeOperation(Operation.Rdmsr);
        Ledger.Marked(core, LeafPhase.Checks);
        core.ChargeOperation(Operation.MemoryRead);
        core.ChargeOperation(Operation.PamtWalkLevel);
        core.ChargeOperation(Operation.LockedAccess);
        core.ChargeOperation(Operation.LockedAccess);
        core.ChargeOperation(Operation.Movdir64b, count: 64);
        core.ChargeOperation(Operation.SeptWalkLevel);
        core.ChargeOperation(Operation.MemoryRead);
        core.ChargeOperation(Operation.MemoryRead);
        Ledger.Marked(core, LeafPhase.Exit);
        core.ChargeOperation(Operation.Wrmsr);
        Run(1);
        Switch(Operation.Seamret);
        Run(3);
        account.Settle(core);

        LeafLedger leaf = Ledger.Leaves.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(leaf[LeafPhase.Entry, Cause.Transition], Is.EqualTo(Cost(Operation.Seamcall)));
            Assert.That(leaf[LeafPhase.Entry, Cause.Msr], Is.EqualTo(Cost(Operation.Rdmsr)));
            Assert.That(leaf[LeafPhase.Checks, Cause.Memory], Is.EqualTo(Cost(Operation.MemoryRead)));
            Assert.That(leaf[LeafPhase.Walk, Cause.Lock], Is.EqualTo(Cost(Operation.LockedAccess)), "the entry's");
            Assert.That(leaf[LeafPhase.Checks, Cause.Lock], Is.EqualTo(Cost(Operation.LockedAccess)), "the next one");
            Assert.That(leaf[LeafPhase.Commit, Cause.PageInitialisation], Is.EqualTo(64 * Cost(Operation.Movdir64b)));
            Assert.That(leaf[LeafPhase.Walk, Cause.Memory], Is.EqualTo(Cost(Operation.MemoryRead)));
            Assert.That(leaf[LeafPhase.Commit, Cause.Memory], Is.EqualTo(Cost(Operation.MemoryRead)));
            Assert.That(leaf[LeafPhase.Exit, Cause.Msr], Is.EqualTo(Cost(Operation.Wrmsr)));
            Assert.That(leaf[LeafPhase.Exit, Cause.Issue], Is.EqualTo(1));
            Assert.That(leaf[LeafPhase.Exit, Cause.Transition], Is.EqualTo(Cost(Operation.Seamret)));
            Assert.That(leaf.Calls, Is.EqualTo(new[] { leaf.Total }));
            Assert.That(leaf.Total, Is.EqualTo(account.Leaves.Single().Seam.Cycles));
            Assert.That(Ledger.Of(World.Host, Cause.Issue), Is.EqualTo(10));
            Assert.That(leaf.Count(Operation.Movdir64b), Is.EqualTo(64));
        }
        AssertConserved();
    }

    [Test]
    public void What_is_booked_aside_has_a_cause_too()
    {
        Run(10);
        core.Lp->Cycles += 100;
        account.BookAside(core, World.Idle, 100);
        core.ChargeOperation(Operation.Cpuid);
        core.Lp->Cycles += 30;
        account.BookAside(core, World.HostModelled, 30);
        account.Settle(core);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ledger.Of(World.Idle, Cause.Idle), Is.EqualTo(100));
            Assert.That(Ledger.Of(World.HostModelled, Cause.Modelled), Is.EqualTo(30));
            Assert.That(Ledger.Of(World.Host, Cause.Serialising), Is.EqualTo(Cost(Operation.Cpuid)));
            Assert.That(Ledger.Of(World.Host, Cause.Issue), Is.EqualTo(10));
        }
        AssertConserved();
    }

    [Test]
    public void A_charge_that_is_taken_back_from_the_clock_is_noticed()
    {
        Run(1);
        ulong clock = core.Lp->Cycles;
        core.ChargeOperation(Operation.Pconfig);
        core.Lp->Cycles = clock;
        Assert.That(() => account.Settle(core), Throws.InvalidOperationException);
    }

    private static ulong Cost(Operation operation) => CoreParameters.Shipped[operation].Cycles;

    private void Run(ulong cycles) => core.Lp->Cycles += cycles;

    private void Switch(Operation transition) =>
        account.Switched(core, transition, core.ChargeOperation(transition));

    private void AssertConserved()
    {
        ulong sum = 0;
        foreach (World world in Enum.GetValues<World>())
        {
            ulong causes = 0;
            foreach (Cause cause in Enum.GetValues<Cause>())
                causes += Ledger.Of(world, cause);
            Assert.That(causes, Is.EqualTo(account.Of(world).Cycles), world.ToString());
            sum += causes;
        }
        Assert.That(sum, Is.EqualTo(core.Lp->Cycles));
    }
}
