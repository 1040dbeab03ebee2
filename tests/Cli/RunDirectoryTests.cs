using Seamsim.Cli;

namespace Seamsim.Tests.CommandLine;

/// <summary>A run directory repeats its run from where it lies.</summary>
[TestFixture]
internal sealed class RunDirectoryTests
{
    private readonly string home = Directory.CreateTempSubdirectory("seamsim").FullName;

    [OneTimeTearDown]
    public void Remove() => Directory.Delete(home, recursive: true);

    [Test]
    public void Its_configuration_names_guests_and_overlays_from_where_it_lies()
    {
        File.WriteAllBytes(Path.Combine(home, "loop.bin"), [0xF4]);
        File.WriteAllText(Path.Combine(home, "mine.toml"), """
            name = "mine"
            title = "a bit that is 1 from now on"
            base = "1.5.01"
            hypothetical = true
            source = "hypothetical"

            [[field]]
            leaf = 0x20
            register = "ebx"
            bits = "0"
            category = "FIXED"
            value = 1
            reason = "to have an overlay beside the scenario"
            """);
        File.WriteAllText(Path.Combine(home, "story.toml"), """
            steps = ["load", "init", "create", "destroy"]
            [platform]
            lps_per_package = 1
            memory = "1 GiB"
            module = "mine.toml"
            [td]
            memory = "4 KiB"
            [[tds]]
            name = "td"
            guest = "loop.bin"
            """);
        string first = Path.Combine(home, "first"), second = Path.Combine(home, "elsewhere", "second");
        Directory.CreateDirectory(Path.Combine(home, "elsewhere"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Run(Path.Combine(home, "story.toml"), first), Is.Zero);
            Assert.That(Run(Path.Combine(first, "config.toml"), second), Is.Zero);
            Assert.That(
                File.ReadAllText(Path.Combine(second, "stats.json")),
                Is.EqualTo(File.ReadAllText(Path.Combine(first, "stats.json"))));
            Assert.That(File.ReadAllText(Path.Combine(first, "config.toml")), Does.Contain("\"../mine.toml\""));
        }
    }

    private static int Run(string scenario, string directory) =>
        Root.Invoke(["run", scenario, "-q", "-d", directory], TextWriter.Null, TextWriter.Null);
}
