using Seamsim.Isa.Ports;
using Seamsim.Timing;
using Seamsim.Timing.Blocks;

namespace Seamsim.Configuration;

/// <summary>The cost model a scenario asks for.</summary>
internal static class TimingReader
{
    private const string Parameters = "timing_parameters", Core = "timing_core", FileEnding = ".csv";

    /// <summary>Reads <c>timing</c>, <c>timing_parameters</c> and <c>timing_core</c>.</summary>
    /// <param name="top">The scenario's top level.</param>
    /// <param name="directory">Where relative paths start.</param>
    /// <exception cref="ConfigurationException">A value cannot be used, or the model would ignore it.</exception>
    public static ICostModel Read(SettingReader top, string directory)
    {
        string model = top.OneOf("timing", [.. CostModels.All]);
        string parameters = top.Text(Parameters);
        if (!parameters.EndsWith(FileEnding, StringComparison.Ordinal) && parameters != CoreParameters.ShippedName)
            throw top.Wrong(Parameters, $"\"{CoreParameters.ShippedName}\" or the path of a {FileEnding} file");
        string core = top.Text(Core);
        if (!core.EndsWith(PipelineFile.Ending, StringComparison.Ordinal) && !PipelineParameters.Shipped.Contains(core))
            throw top.Wrong(
                Core, $"{string.Join(", ", PipelineParameters.Shipped)}, or the path of a {PipelineFile.Ending} file");
        if (model != Interval.ShortName)
        {
            if (parameters != CoreParameters.ShippedName)
                throw top.Wrong(Parameters, WithoutCosts(model, parameters));
            if (core != Interval.ShippedCore)
                throw top.Wrong(Core, WithoutCosts(model, core));
            return CostModels.Create(model)!;
        }
        CoreParameters costs = parameters == CoreParameters.ShippedName
            ? CoreParameters.Shipped
            : ReadFile(top, Path.Combine(directory, parameters));
        if (PipelineParameters.Shipped.Contains(core))
            return new Interval(costs, core, () => PipelineParameters.Find(core)!);
        PipelineParameters own = PipelineFile.Read(Path.Combine(directory, core));
        return new Interval(costs, Path.GetFileNameWithoutExtension(core), () => own);
    }

    /// <summary>
    /// The model that settings alone ask for: <c>timing=…</c>, <c>timing_parameters=…</c> and <c>timing_core=…</c>.
    /// </summary>
    /// <exception cref="ConfigurationException">A setting is about something else, or its value cannot be used.
    /// </exception>
    public static ICostModel Read(IReadOnlyList<string> settings)
    {
        foreach (string setting in settings)
            if (setting.Split('=')[0].Trim() is not ("timing" or Parameters or Core))
                throw new ConfigurationException($"-c {setting}: expected timing=…, {Parameters}=… or {Core}=…");
        return Read(new SettingReader(Layers.Resolve(null, settings), ""), "");
    }

    private static string WithoutCosts(string model, string value) =>
        $"timing = \"{Interval.ShortName}\" with it: \"{model}\" would ignore \"{value}\"";

    private static CoreParameters ReadFile(SettingReader top, string path)
    {
        try
        {
            return CoreParameters.Parse(File.ReadAllText(path), path);
        }
        catch (TimingDataException wrong)
        {
            throw new ConfigurationException(wrong.Message, wrong);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw top.Wrong(Parameters, $"a core parameter file that can be read: {wrong.Message}");
        }
    }
}
