using Seamsim.Configuration;
using Seamsim.Trace;

namespace Seamsim.Cli.Trace;

/// <summary>A trace that the user names, and what is said when it is not whole.</summary>
internal static class TraceInput
{
    /// <summary>Opens it.</summary>
    /// <exception cref="ConfigurationException">There is no name, or no such file, or it cannot be read.</exception>
    /// <exception cref="TraceFileException">It is no trace that this program reads.</exception>
    public static TraceReader Open(string path)
    {
        if (path.Length == 0)
            throw new ConfigurationException("expected the name of a trace, not an empty string");
        try
        {
            return TraceReader.Open(path);
        }
        catch (Exception wrong) when (wrong is (IOException and not TraceFileException) or UnauthorizedAccessException
            or ArgumentException or NotSupportedException)
        {
            string what = Directory.Exists(path) ? "this is a directory" : wrong.Message;
            throw new ConfigurationException($"{path}: expected a trace that can be read: {what}");
        }
    }

    /// <summary>The exit code when everything was read; a file that is cut is said to be so.</summary>
    public static int Verdict(Terminal terminal, TraceReader reader, int whole = ExitCode.Pass)
    {
        if (reader.End.IsComplete)
            return whole;
        terminal.Error($"seamsim: {reader.Name}: offset {reader.End.Offset}: {reader.End.Reason}; "
            + $"everything before it was read ({reader.Instructions} instructions)");
        return ExitCode.Usage;
    }

    /// <summary>A logical processor that an option names has to be one of the machine's.</summary>
    /// <exception cref="ConfigurationException">It is not.</exception>
    public static void CheckLp(TraceReader reader, int? lp)
    {
        if (lp < 0 || lp >= reader.Header.LpCount)
            throw new ConfigurationException(
                $"--lp {lp}: {reader.Name} was recorded on a machine with logical processors 0.."
                + $"{reader.Header.LpCount - 1}");
    }

    /// <summary>The names of worlds that an option gives, comma-separated.</summary>
    /// <exception cref="ConfigurationException">One of them is none.</exception>
    public static TraceWorlds Worlds(string? names)
    {
        if (names is null)
            return TraceWorlds.All;
        TraceWorlds worlds = TraceWorlds.None;
        foreach (string name in names.Split(',', StringSplitOptions.TrimEntries))
        {
            worlds |= name switch
            {
                "host" => TraceWorlds.Host,
                "seam" => TraceWorlds.Seam,
                "td" => TraceWorlds.Td,
                "l2" => TraceWorlds.L2,
                _ => throw new ConfigurationException($"--world: expected host, seam, td or l2, not \"{name}\""),
            };
        }
        return worlds;
    }
}
