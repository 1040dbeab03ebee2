using System.Globalization;
using System.Text;
using Seamsim.Runs;

namespace Seamsim.Tests.Composition;

/// <summary>
/// Whatever guests do, alone or several on one processor: the run ends with a report and every page comes back.
/// </summary>
[TestFixture]
internal sealed class HostileGuestTests
{
    private readonly string directory =
        Path.Combine(TestContext.CurrentContext.WorkDirectory, nameof(HostileGuestTests));

    [OneTimeSetUp]
    public void MakeDirectory() => Directory.CreateDirectory(directory);

    [OneTimeTearDown]
    public void RemoveGuests() => Directory.Delete(directory, recursive: true);

    private static IEnumerable<string> KindNames() => HostileGuests.Kinds.Select(kind => kind.Name);

    [TestCaseSource(nameof(KindNames))]
    public void A_hostile_guest_is_reported_and_torn_down(string name)
    {
        Random random = new(1);
        WriteGuest("alone", HostileGuests.Kinds.First(kind => kind.Name == name).Make(random));
        Play(Platform(1) + Td("alone", vcpus: 1, instructions: 20_000, gpaw: 48));
    }

    [Test]
    public void More_vcpus_than_processors_take_turns()
    {
        string[] names = ["a", "b", "c", "d", "e"];
        foreach (string name in names)
            WriteGuest(name, [0xEB, 0xFE]);
        RunReport report = Play(Platform(2) + string.Concat(
            names.Select(name => Td(name, vcpus: 2, instructions: 30_000, gpaw: 52))));
        Assert.That(report.Problems, Has.Count.EqualTo(5).And.All.Contains("max_instructions of 30000 is spent"));
    }

    [Test]
    public void Exits_do_not_hide_instructions_from_the_budget_of_a_td()
    {
        WriteGuest("exits", HostileGuests.PortReads());
        RunReport report = Play(Platform(1) + Td("exits", vcpus: 1, instructions: 5_000, gpaw: 48));
        Assert.That(report.Problems, Is.EqualTo(new[] { "exits: Stopped: max_instructions of 5000 is spent" }));
    }

    [Test]
    public void A_vcpu_that_is_stopped_before_its_first_entry_is_flushed_where_it_is_associated()
    {
        // The first vCPU triple-faults while the others have loaded their EPT (VP.WR) and not entered yet.
        WriteGuest("ud", [0x0F, 0x0B]);
        for (int seed = 1; seed <= 8; seed++)
            Play($"seed = {seed}\n" + Platform(4) + Td("ud", vcpus: 4, instructions: 5_000, gpaw: 48));
    }

    [TestCase(1, 12)]
    [TestCase(1000, 1500, Category = "Slow", Explicit = true)]
    public void Any_mixture_of_hostile_guests_ends_in_a_report(int firstSeed, int runs)
    {
        for (int seed = firstSeed; seed < firstSeed + runs; seed++)
        {
            Random random = new(seed);
            int lps = random.Next(1, 4);
            StringBuilder toml = new($"seed = {seed}\n" + Platform(lps));
            for (int td = random.Next(1, 7); td > 0; td--)
            {
                string name = $"g{td}";
                WriteGuest(name, HostileGuests.Kinds[random.Next(HostileGuests.Kinds.Count)].Make(random));
                toml.Append(Td(name, random.Next(3) == 0 ? lps : 1, random.Next(1, 30_000), random.Next(2) * 4 + 48));
            }
            Play(toml.ToString());
        }
    }

    private void WriteGuest(string name, byte[] bytes) => File.WriteAllBytes(Path.Combine(directory, name), bytes);

    private static string Platform(int lps) => $"[platform]\nmemory = \"1 GiB\"\nlps_per_package = {lps}\n";

    private static string Td(string name, int vcpus, int instructions, int gpaw) => string.Create(
        CultureInfo.InvariantCulture,
        $"[[tds]]\nname = \"{name}\"\nguest = \"{name}\"\nvcpus = {vcpus}\nmax_instructions = {instructions}\n")
        + $"memory = \"8 KiB\"\ngpaw = {gpaw}\n";

    private RunReport Play(string toml)
    {
        Scenario scenario = Scenario.Parse(toml, Path.Combine(directory, "s.toml"));
        using Machine machine = new(scenario.Platform);
        ScenarioRun run = new(machine, scenario, new SilentTeller());
        run.Play();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Report.Complete, Is.True, $"{string.Join('\n', run.Report.Problems)}\nin\n{toml}");
            Assert.That(run.Report.Problems, Has.None.Contains("NotRun"), toml);
            Assert.That(Inspection.PagesInUse(machine), Is.Empty, toml);
        }
        return run.Report;
    }
}
