using Seamsim.Timing;

namespace Seamsim.Profiling;

/// <summary>The files of a profile, next to those of every run directory.</summary>
internal static class ProfileDirectory
{
    /// <summary>
    /// Writes those of a profile with or without leaves: all figures, CPI stacks and top-down. Existing files of these
    /// names are replaced.
    /// </summary>
    public static void Write(string directory, Profile profile)
    {
        string In(string name) => Path.Combine(directory, name);
        File.WriteAllText(In(ProfileJson.FileName), ProfileJson.Of(profile));
        File.WriteAllText(In("worlds.csv"), ProfileCsv.Worlds(profile));
        File.WriteAllText(In("topdown.csv"), ProfileCsv.TopDown(profile));
        Write(In("worlds"), ProfilePlots.Worlds(profile));
        Write(In("cpi"), ProfilePlots.Cpi(profile));
        Write(In("topdown"), ProfilePlots.TopDown(profile));
    }

    /// <summary>Writes all of them.</summary>
    public static void Write(string directory, Profile profile, Timeline timeline, int logicalProcessors)
    {
        string In(string name) => Path.Combine(directory, name);
        Write(directory, profile);
        File.WriteAllText(In("leaves.csv"), ProfileCsv.Leaves(profile));
        File.WriteAllText(In("stacks.folded"), Stacks.ToCollapsed(profile));
        using (FileStream file = File.Create(In("profile.speedscope.json")))
            Stacks.WriteSpeedscope(file, profile);
        using (FileStream file = File.Create(In("timeline.json")))
            PerfettoTimeline.Write(file, timeline, profile.Model, logicalProcessors);
        Write(In("leaves"), ProfilePlots.Leaves(profile));
    }

    private static void Write(string path, (byte[] Png, byte[] Svg) image)
    {
        File.WriteAllBytes(path + ".png", image.Png);
        File.WriteAllBytes(path + ".svg", image.Svg);
    }
}
