using System.Security.Cryptography;
using System.Text;
using Seamsim.Trace;

namespace Seamsim.Tracing;

/// <summary>Traces of scenarios.</summary>
internal static class Recordings
{
    private const int HashBytes = 16;

    /// <summary>Creates the file, and its folder, and says in its header what is recorded.</summary>
    /// <exception cref="Configuration.ConfigurationException">The file cannot be created.</exception>
    public static TraceWriter Create(string path, Scenario scenario, TraceOptions options)
    {
        try
        {
            if (Path.GetDirectoryName(path) is { Length: > 0 } folder)
                Directory.CreateDirectory(folder);
            return TraceWriter.Create(path, HeaderOf(scenario, options));
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException
            or NotSupportedException)
        {
            throw new Configuration.ConfigurationException(
                $"{path}: expected the name of a trace file that can be written: {wrong.Message}");
        }
    }

    /// <summary>What the trace of a scenario says about itself.</summary>
    public static TraceHeader HeaderOf(Scenario scenario, TraceOptions options) => new(
        $"seamsim {typeof(Machine).Assembly.GetName().Version?.ToString(3)}",
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(scenario.ResolvedText))[..HashBytes]),
        scenario.Platform.Seed,
        scenario.Timing,
        scenario.Platform.Cpu,
        scenario.Platform.LpCount,
        AspectsOf(options),
        options.Worlds);

    /// <summary>The aspects as the file names them.</summary>
    public static TraceAspects AspectsOf(TraceOptions options) =>
        (options.Memory ? TraceAspects.Memory | TraceAspects.Physical : TraceAspects.None)
        | (options.Values ? TraceAspects.Memory | TraceAspects.Physical | TraceAspects.Values : TraceAspects.None)
        | (options.Registers ? TraceAspects.Registers : TraceAspects.None);
}
