using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Profiling;
using Seamsim.Runs;
using Seamsim.Timing;

namespace Seamsim.Tests.Profiling;

/// <summary>A profile says where every cycle went, in every file alike.</summary>
[TestFixture]
internal sealed class ProfileTests
{
    private Profile profile = null!;
    private Timeline timeline = null!;
    private ulong[] clocks = null!, worlds = null!;
    private Dictionary<string, ulong> leafCycles = null!;
    private Dictionary<string, ulong> stats = null!;
    private ulong retired, seamcalls;

    [OneTimeSetUp]
    public void Play()
    {
        (profile, timeline, Machine machine) = Run();
        using (machine)
        {
            clocks = [.. Enumerable.Range(0, machine.Platform.LpCount).Select(machine.ClockOf)];
            CycleAccount account = machine.Account;
            worlds = [.. Enum.GetValues<World>().Select(world => account.Of(world).Cycles)];
            retired = machine.Instructions;
            seamcalls = account.Leaves.Aggregate(0UL, (sum, leaf) => sum + leaf.Calls);
            stats = Stats.Of(machine, new RunReport()).ToDictionary(stat => stat.Name, stat => stat.Value);
            leafCycles = account.Leaves.ToDictionary(leaf => Configuration.Names.OfLeaf(leaf.Leaf), leaf => leaf.Seam.Cycles);
        }
    }

    [Test]
    public void Causes_sum_to_the_worlds_and_worlds_to_the_clocks()
    {
        using (Assert.EnterMultipleScope())
        {
            for (int lp = 0; lp < clocks.Length; lp++)
                Assert.That(Sum(profile.Worlds.Where(part => part.Lp == lp)), Is.EqualTo(clocks[lp]));
            foreach (World world in Enum.GetValues<World>())
                Assert.That(Sum(profile.Worlds.Where(part => part.World == world)), Is.EqualTo(worlds[(int)world]), world.ToString());
        }
    }

    [Test]
    public void Phases_and_causes_of_a_leaf_sum_to_what_the_account_has_for_it()
    {
        using (Assert.EnterMultipleScope())
            foreach (ProfiledLeaf leaf in profile.Leaves)
            {
                Assert.That(leaf.Total, Is.EqualTo(leafCycles[leaf.Name]), leaf.Name);
                Assert.That(leaf.P50, Is.LessThanOrEqualTo(leaf.P99), leaf.Name);
                Assert.That(leaf.P99, Is.LessThanOrEqualTo(leaf.Worst), leaf.Name);
                Assert.That(leaf.Mean, Is.LessThanOrEqualTo(leaf.Worst), leaf.Name);
            }
    }

    [Test]
    public void Leaves_have_the_phases_their_flow_has()
    {
        ProfiledLeaf add = Leaf("TDH.MEM.PAGE.ADD"), enter = Leaf("TDH.VP.ENTER"), read = Leaf("TDH.MNG.RD");
        using (Assert.EnterMultipleScope())
        {
            foreach (LeafPhase phase in Enum.GetValues<LeafPhase>())
            {
                Assert.That(enter.Of(phase), Is.Not.Zero, $"TDH.VP.ENTER {phase}");
                Assert.That(add.Of(phase) != 0, Is.EqualTo(phase != LeafPhase.TdExit), $"TDH.MEM.PAGE.ADD {phase}");
            }
            Assert.That(read.Of(LeafPhase.Commit), Is.Zero, "TDH.MNG.RD changes nothing");
            Assert.That(add.Parts.Single(part => part.Cause == Cause.PageInitialisation).Phase,
                Is.EqualTo(LeafPhase.Commit));
        }
    }

    [Test]
    public void Guest_leaves_are_part_of_vp_enter()
    {
        ulong guests = profile.GuestLeaves.Aggregate(0UL, (sum, leaf) => sum + leaf.Total);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(profile.GuestLeaves.Select(leaf => leaf.Name), Does.Contain("TDG.VP.VMCALL"));
            Assert.That(guests, Is.GreaterThan(0).And.LessThan(Leaf("TDH.VP.ENTER").Total));
        }
    }

    [Test]
    public void Collapsed_stacks_sum_to_the_clocks()
    {
        ulong sum = 0;
        foreach (string line in Stacks.ToCollapsed(profile).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int space = line.LastIndexOf(' ');
            Assert.That(line[..space], Does.Match("^all(;[^; ]+)+$"));
            sum += ulong.Parse(line[(space + 1)..], CultureInfo.InvariantCulture);
        }
        Assert.That(sum, Is.EqualTo(Sum(clocks)));
    }

    [Test]
    public void Speedscope_weights_sum_to_the_clocks_and_name_frames_that_exist()
    {
        using MemoryStream file = new();
        Stacks.WriteSpeedscope(file, profile);
        using JsonDocument document = JsonDocument.Parse(file.ToArray());
        JsonElement root = document.RootElement, sampled = root.GetProperty("profiles")[0];
        int frames = root.GetProperty("shared").GetProperty("frames").GetArrayLength();
        ulong[] weights = [.. sampled.GetProperty("weights").EnumerateArray().Select(weight => weight.GetUInt64())];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(root.GetProperty("$schema").GetString(), Does.Contain("speedscope"));
            Assert.That(sampled.GetProperty("unit").GetString(), Is.EqualTo("none"));
            Assert.That(sampled.GetProperty("samples").GetArrayLength(), Is.EqualTo(weights.Length));
            Assert.That(Sum(weights), Is.EqualTo(Sum(clocks)));
            Assert.That(sampled.GetProperty("endValue").GetUInt64(), Is.EqualTo(Sum(clocks)));
            Assert.That(
                sampled.GetProperty("samples").EnumerateArray().SelectMany(stack => stack.EnumerateArray())
                    .Select(frame => frame.GetInt32()), Has.All.InRange(0, frames - 1));
        }
    }

    [Test]
    public void The_timeline_covers_every_clock_without_overlap()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(timeline.Dropped, Is.Zero);
            for (int lp = 0; lp < clocks.Length; lp++)
            {
                ulong at = 0;
                foreach (Stay stay in timeline.Stays.Where(stay => stay.Lp == lp))
                {
                    Assert.That(stay.Start, Is.EqualTo(at));
                    at = stay.Start + stay.Cycles;
                }
                Assert.That(at, Is.EqualTo(clocks[lp]));
            }
        }
    }

    [Test]
    public void The_timeline_file_has_a_track_for_each_processor_and_world()
    {
        using MemoryStream file = new();
        PerfettoTimeline.Write(file, timeline, profile.Model, clocks.Length);
        using JsonDocument document = JsonDocument.Parse(file.ToArray());
        JsonElement[] events = [.. document.RootElement.GetProperty("traceEvents").EnumerateArray()];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events.Count(e => e.GetProperty("name").GetString() == "thread_name"), Is.EqualTo(4 * clocks.Length));
            Assert.That(
                events.Where(e => e.GetProperty("ph").GetString() == "X")
                    .Aggregate(0UL, (sum, e) => sum + e.GetProperty("dur").GetUInt64()),
                Is.EqualTo(Sum(clocks)));
        }
    }

    [Test]
    public void A_timeline_keeps_what_it_may_and_counts_the_rest()
    {
        Scenario scenario = Scenario.Default("timing=interval", "steps=[\"load\",\"init\"]");
        using Machine machine = new(scenario.Platform);
        Timeline small = new(10);
        machine.Account.Ledger!.Timeline = small;
        new ScenarioRun(machine, scenario, new SilentTeller()).Play();
        Assert.That((small.Stays.Count, small.Dropped > 1000), Is.EqualTo((10, true)));
    }

    [Test]
    public void Tables_carry_the_model_in_every_row_and_sum_up()
    {
        string[] rows = ProfileCsv.Worlds(profile).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] leaves = ProfileCsv.Leaves(profile).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                Sum(rows.Skip(1).Select(row => ulong.Parse(row.Split(',')[3], CultureInfo.InvariantCulture))),
                Is.EqualTo(Sum(clocks)));
            Assert.That(rows.Concat(leaves).Where(row => !row.EndsWith(",model", StringComparison.Ordinal)),
                Has.All.EndsWith(",\"interval, golden-cove-2026.1\""));
            Assert.That(leaves, Has.Length.EqualTo(1 + profile.Leaves.Count + profile.GuestLeaves.Count));
        }
    }

    [Test]
    public void Instructions_of_worlds_are_those_retired_and_those_the_module_stands_for()
    {
        WorldInstructions[] seam = [.. profile.Instructions.Where(part => part.World == World.Seam)];
        ulong inLeaves = profile.Leaves.Aggregate(0UL, (sum, leaf) => sum + leaf.Instructions);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Sum(profile.Instructions.Select(part => part.Retired)), Is.EqualTo(retired));
            Assert.That(seam.Select(part => part.Retired), Has.All.Zero, "C# retires none");
            Assert.That(profile.InstructionsIn(World.Seam), Is.EqualTo(inLeaves - seamcalls),
                "those of the leaves, but for the SEAMCALL itself, which the host has retired");
            Assert.That(profile.Instructions.Except(seam).Select(part => (part.World, part.Modelled)).Distinct(),
                Is.EquivalentTo(new[] { (World.Host, 0UL), (World.Td, 0UL) }));
            Assert.That(stats["cpi.seam.instructions"], Is.EqualTo(profile.InstructionsIn(World.Seam)));
            Assert.That(stats["lp0.seam.modelled_instructions"] + stats["lp1.seam.modelled_instructions"],
                Is.EqualTo(profile.InstructionsIn(World.Seam)));
            Assert.That(stats["lp0.seam.instructions"], Is.Zero);
            Assert.That(stats["cpi.td.instructions"], Is.EqualTo(profile.InstructionsIn(World.Td)).And.GreaterThan(0));
        }
    }

    [Test]
    public void Parts_of_a_cpi_stack_sum_to_the_cycles_of_an_instruction()
    {
        (string Lp, string World, ulong Cycles, ulong Instructions, string Cpi)[] rows =
        [
            .. ProfileCsv.Worlds(profile).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
                .Select(row => row.Split(',')).Select(cells => (cells[0], cells[1],
                    ulong.Parse(cells[3], CultureInfo.InvariantCulture), ulong.Parse(cells[4], CultureInfo.InvariantCulture),
                    cells[5])),
        ];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ProfileCsv.Worlds(profile), Does.StartWith("lp,world,cause,cycles,instructions,cpi,model\n"));
            foreach (var stack in rows.GroupBy(row => (row.Lp, row.World)))
            {
                ulong instructions = stack.First().Instructions;
                Assert.That(stack.Select(row => row.Instructions), Has.All.EqualTo(instructions), $"{stack.Key}");
                Assert.That(instructions != 0, Is.EqualTo(stack.Key.World is "host" or "seam" or "td"), $"{stack.Key}");
                if (instructions == 0)
                    Assert.That(stack.Select(row => row.Cpi), Has.All.Empty);
                else
                    Assert.That(stack.Sum(row => double.Parse(row.Cpi, CultureInfo.InvariantCulture)), Is.EqualTo(
                        (double)Sum(stack.Select(row => row.Cycles)) / instructions).Within(0.0005 * stack.Count()), $"{stack.Key}");
            }
        }
    }

    [TestCase(0UL, 7UL, "0.000")]
    [TestCase(5UL, 2UL, "2.500")]
    [TestCase(2UL, 3UL, "0.667")]
    [TestCase(1UL, 2000UL, "0.001")]
    [TestCase(ulong.MaxValue, 1UL, "18446744073709551615.000")]
    [TestCase(5UL, 0UL, "")]
    public void Cycles_of_an_instruction_are_rounded_in_integers(ulong cycles, ulong instructions, string expected) =>
        Assert.That(ProfileText.OfCpi(cycles, instructions), Is.EqualTo(expected));

    [Test]
    public void The_four_parts_of_top_down_sum_to_the_worlds()
    {
        using (Assert.EnterMultipleScope())
        {
            foreach ((int lp, World world, TopDown parts) in profile.TopDown)
                Assert.That(parts.Total, Is.EqualTo(Sum(profile.Worlds
                    .Where(part => part.Lp == lp && part.World == world).Select(part => part.Cycles))), $"{lp} {world}");
            Assert.That(profile.TopDown.Where(part => part.World == World.Td), Has.All.Matches<TopDownPart>(
                part => part.Parts is { Retiring: > 0, BadSpeculation: > 0, FrontEndBound: > 0, BackEndBound: > 0 }));
            Assert.That(ProfileCsv.TopDown(profile).Split('\n')[0],
                Is.EqualTo("lp,world,retiring,bad_speculation,frontend_bound,backend_bound,cycles,model"));
        }
    }

    [Test]
    public void A_mean_is_rounded_to_the_nearest_in_every_form()
    {
        ProfiledLeaf leaf = Leaf("TDH.MNG.RD") with
        {
            Name = "X", Calls = 3, Instructions = 8,
            Parts = [new(LeafPhase.Entry, Cause.Issue, 4), new(LeafPhase.Exit, Cause.Msr, 1)],
        };
        Profile one = profile with { Leaves = [leaf], GuestLeaves = [] };
        using JsonDocument json = JsonDocument.Parse(ProfileJson.Of(one));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((leaf.Mean, leaf.MeanInstructions), Is.EqualTo((2UL, 3UL)), "five and eight thirds");
            Assert.That((leaf with { Calls = 2 }).Mean, Is.EqualTo(3), "a half is rounded up");
            Assert.That((leaf with { Calls = 0 }).Mean, Is.Zero);
            Assert.That(json.RootElement.GetProperty("leaves")[0].GetProperty("mean").GetUInt64(), Is.EqualTo(2));
            Assert.That(ProfileCsv.Leaves(one), Does.Contain("\nX,3,8,5,2,"));
            Assert.That(ProfileComparison.Of(one, one with { Leaves = [leaf with { Calls = 2 }] }).Single(),
                Has.Property("MeanA").EqualTo(2).And.Property("MeanB").EqualTo(3));
        }
    }

    [Test]
    public void A_profile_is_read_back_from_its_file_and_names_are_spelt_alike_everywhere()
    {
        string directory = Directory.CreateTempSubdirectory("profile").FullName;
        string text = ProfileJson.Of(profile), path = Path.Combine(directory, ProfileJson.FileName);
        try
        {
            File.WriteAllText(path, text);
            Assert.That(ProfileJson.Of(ProfileJson.Read(directory)), Is.EqualTo(text));
            Assert.That(text, Does.Contain("\"cause\": \"vmcs_access\"").And.Contain("\"phase\": \"td_exit\"")
                .And.Contain("\"world\": \"seam\"").And.Not.Match("\"(world|cause|phase)\": \"[A-Z]"));
            File.WriteAllText(path, text.Replace("\"vmcs_access\"", "\"VmcsAccess\"", StringComparison.Ordinal));
            Assert.That(() => ProfileJson.Read(directory), Throws.InstanceOf<Configuration.ConfigurationException>()
                .With.Message.Contains("\"VmcsAccess\": expected one of issue, branch, fetch,"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Test]
    public void Plots_are_images()
    {
        foreach ((byte[] png, byte[] svg) in new[] { ProfilePlots.Leaves(profile), ProfilePlots.Worlds(profile),
            ProfilePlots.Cpi(profile), ProfilePlots.TopDown(profile) })
        {
            Assert.That(png.AsSpan(1, 3).SequenceEqual("PNG"u8));
            Assert.That(Encoding.UTF8.GetString(svg), Does.Contain("<svg").And.Contain("golden-cove-2026.1"));
        }
    }

    [Test]
    public void A_cause_has_one_colour_of_its_own_in_every_plot()
    {
        string leaves = Encoding.UTF8.GetString(ProfilePlots.Leaves(profile).Svg);
        string worlds = Encoding.UTF8.GetString(ProfilePlots.Worlds(profile).Svg);
        string cpi = Encoding.UTF8.GetString(ProfilePlots.Cpi(profile).Svg);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Enum.GetValues<Cause>().Select(CauseColours.Of), Is.Unique);
            foreach (Cause cause in ProfileCsv.CausesOf(profile))
            {
                string colour = CauseColours.Of(cause).ToHex();
                string fill = $"fill=\"({colour}|#{colour[1]}{colour[3]}{colour[5]})\"";
                Assert.That(Regex.IsMatch(leaves, fill, RegexOptions.IgnoreCase), $"{cause} of leaves: {colour}");
                Assert.That(Regex.IsMatch(worlds, fill, RegexOptions.IgnoreCase), $"{cause} of worlds: {colour}");
                if (profile.Instructions.Any(part => profile.In(part.World, cause) != 0))
                    Assert.That(Regex.IsMatch(cpi, fill, RegexOptions.IgnoreCase), $"{cause} of instructions: {colour}");
            }
        }
    }

    [Test]
    public void The_same_run_again_is_the_same_profile()
    {
        (Profile again, _, Machine machine) = Run();
        machine.Dispose();
        Assert.That(ProfileJson.Of(again), Is.EqualTo(ProfileJson.Of(profile)));
    }

    [Test]
    public void A_dearer_operation_shows_in_its_cause_and_nowhere_else()
    {
        CoreParameters dear = CoreParameters.Shipped.With(
            [CoreParameters.Shipped[Operation.Vmread] with { Cycles = 60 }]);
        (Profile other, _, Machine machine) = Run(dear);
        machine.Dispose();
        LeafDifference[] changed = [.. ProfileComparison.Of(profile, other).Where(leaf => leaf.IsChanged)];
        LeafDifference rd = changed.Single(leaf => leaf.Name == "TDH.MNG.RD");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((rd.Difference, rd.Causes.Single()), Is.EqualTo((40L, (Cause.VmcsAccess, 40L))), "two VMREADs");
            Assert.That(changed.SelectMany(leaf => leaf.Causes).Select(change => change.Cause), Has.All.EqualTo(Cause.VmcsAccess));
            Assert.That(ProfileComparison.Of(profile, profile).Where(leaf => leaf.IsChanged), Is.Empty);
        }
    }

    private static (Profile Profile, Timeline Timeline, Machine Machine) Run(CoreParameters? parameters = null)
    {
        Scenario scenario = Scenario.Default(
            "timing=interval", "platform.memory=\"1 GiB\"", "tds=[{ name = \"a\", guest = \"rtmr\", memory = \"64 KiB\" }]");
        Platform platform = parameters is null ? scenario.Platform : scenario.Platform with { Costs = new Interval(parameters) };
        Machine machine = new(platform);
        Timeline timeline = new(1_000_000);
        machine.Account.Ledger!.Timeline = timeline;
        ScenarioRun run = new(machine, scenario with { Platform = platform }, new SilentTeller());
        run.Play();
        Assert.That(run.Report.Passed, run.Report.Reason);
        foreach (Core core in machine.Cores)
            timeline.Finish(core);
        return (Profile.Of(machine)!, timeline, machine);
    }

    private static ulong Sum(IEnumerable<ulong> figures) => figures.Aggregate(0UL, (sum, figure) => sum + figure);

    private static ulong Sum(IEnumerable<WorldPart> parts) => Sum(parts.Select(part => part.Cycles));

    private ProfiledLeaf Leaf(string name) => profile.Leaves.Single(leaf => leaf.Name == name);
}
