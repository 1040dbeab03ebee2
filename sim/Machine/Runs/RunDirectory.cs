using Seamsim.Consistency;
using Seamsim.Firmware.Abi;

namespace Seamsim.Runs;

/// <summary>A run directory explains itself: resolved configuration and figures (D11).</summary>
internal static class RunDirectory
{
    /// <summary>Makes the directory before anything runs, so that a run does not end without its outputs.</summary>
    /// <exception cref="Configuration.ConfigurationException">It cannot be made.</exception>
    public static void Create(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new Configuration.ConfigurationException(
                $"-d {directory}: expected a directory that exists or can be made: {wrong.Message}");
        }
    }

    /// <summary>
    /// Writes config.toml, stats.txt, stats.json, and cpuid-NAME.csv for every TD that counted its CPUID; existing files
    /// of these names are replaced.
    /// </summary>
    public static void Write(string directory, Scenario scenario, Machine machine, RunReport report)
    {
        List<Stat> stats = Stats.Of(machine, report);
        File.WriteAllText(Path.Combine(directory, "config.toml"), scenario.ResolvedText);
        File.WriteAllText(Path.Combine(directory, "stats.txt"), Stats.ToText(stats, scenario.Timing));
        File.WriteAllText(Path.Combine(directory, "stats.json"), Stats.ToJson(stats, scenario, report.Passed));
        CpuidFieldTable fields = machine.Platform.ModuleDefinition.Tables.CpuidFields;
        foreach (TdReport td in report.Tds)
            if (td.Consistency is { } views)
                File.WriteAllText(
                    Path.Combine(directory, $"cpuid-{td.Name}.csv"), ViewsTable.Of(views, td.Before, fields));
    }
}
