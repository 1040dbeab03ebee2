namespace Seamsim.Runs;

/// <summary>A run directory explains itself: resolved configuration and figures (D11).</summary>
internal static class RunDirectory
{
    /// <summary>Writes config.toml, stats.txt and stats.json; existing files of these names are replaced.</summary>
    public static void Write(string directory, Scenario scenario, Machine machine, RunReport report)
    {
        Directory.CreateDirectory(directory);
        List<Stat> stats = Stats.Of(machine);
        File.WriteAllText(Path.Combine(directory, "config.toml"), scenario.ResolvedText);
        File.WriteAllText(Path.Combine(directory, "stats.txt"), Stats.ToText(stats, scenario.Timing));
        File.WriteAllText(Path.Combine(directory, "stats.json"), Stats.ToJson(stats, scenario, report.Passed));
    }
}
