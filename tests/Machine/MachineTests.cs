using Seamsim.Timing;

namespace Seamsim.Tests.Composition;

/// <summary>The machine as a whole: same inputs, same figures; every cycle somewhere; ends that are reported.</summary>
[TestFixture]
internal sealed class MachineTests
{
    [Test]
    public void Two_machines_with_the_same_seed_have_the_same_figures()
    {
        string first = Figures(7), second = Figures(7);
        Assert.That(second, Is.EqualTo(first));
    }

    [Test]
    public void The_worlds_of_every_processor_add_up_to_its_clock()
    {
        using Machine machine = new(new Platform { LpsPerPackage = 3 });
        machine.BringUp();
        CycleAccount account = machine.Account;
        using (Assert.EnterMultipleScope())
        {
            for (int lp = 0; lp < 3; lp++)
            {
                ulong sum = 0;
                foreach (World world in Enum.GetValues<World>())
                    sum += account.Of(lp, world).Cycles;
                Assert.That(sum, Is.EqualTo(machine.ClockOf(lp)), $"LP {lp}");
            }
        }
    }

    [Test]
    public void A_call_made_later_does_not_meet_the_locks_of_an_earlier_one()
    {
        using Machine machine = new(new Platform());
        machine.BringUp();
        ulong first = machine.AllocatePages(1)!.Value, second = machine.AllocatePages(1)!.Value;
        Assert.That(machine.Seamcall(0, "TDH.MNG.CREATE", ("rcx", first), ("rdx", 33UL)).Registers[0], Is.Zero);
        // LP 1's own clock lags behind: it catches up with the end of the call before.
        Assert.That(machine.Seamcall(1, "TDH.MNG.CREATE", ("rcx", second), ("rdx", 34UL)).Registers[0], Is.Zero);
    }

    [Test]
    public void A_run_without_instructions_left_stops_with_a_reason()
    {
        using Machine machine = new(new Platform { MaxInstructions = 50 });
        MachineStoppedException stopped = Assert.Throws<MachineStoppedException>(machine.BringUp)!;
        Assert.That(stopped.Message, Does.StartWith("max_instructions is spent"));
    }

    [Test]
    public void A_cancelled_run_stops_and_its_figures_are_there()
    {
        using Machine machine = new(new Platform());
        machine.Cancel();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Assert.Throws<MachineStoppedException>(machine.BringUp)!.Message, Is.EqualTo("cancelled"));
            Assert.That(Runs.Stats.Of(machine, new Runs.RunReport()), Is.Not.Empty);
        }
    }

    private static string Figures(ulong seed)
    {
        using Machine machine = new(new Platform { Seed = seed, LpsPerPackage = 4 });
        machine.BringUp();
        return Runs.Stats.ToText(Runs.Stats.Of(machine, new Runs.RunReport()), machine.TimingModel);
    }
}
