using Seamsim.Isa.Ports;
using Seamsim.Timing;

namespace Seamsim.Configuration;

/// <summary>The cost model a scenario asks for.</summary>
internal static class TimingReader
{
    private const string Parameters = "timing_parameters", FileEnding = ".csv";

    /// <summary>Reads <c>timing</c> and <c>timing_parameters</c>.</summary>
    /// <param name="top">The scenario's top level.</param>
    /// <param name="directory">Where relative paths start.</param>
    public static ICostModel Read(SettingReader top, string directory)
    {
        string model = top.OneOf("timing", [.. CostModels.All]);
        string parameters = top.Text(Parameters);
        if (!parameters.EndsWith(FileEnding, StringComparison.Ordinal) && parameters != CoreParameters.ShippedName)
            throw top.Wrong(Parameters, $"\"{CoreParameters.ShippedName}\" or the path of a {FileEnding} file");
        if (model != Interval.ShortName)
            return CostModels.Create(model)!;
        if (parameters == CoreParameters.ShippedName)
            return new Interval(CoreParameters.Shipped);
        return new Interval(ReadFile(top, Path.Combine(directory, parameters)));
    }

    /// <summary>The model that settings alone ask for, <c>timing=…</c> and <c>timing_parameters=…</c>.</summary>
    /// <exception cref="ConfigurationException">A setting is about something else, or its value cannot be used.
    /// </exception>
    public static ICostModel Read(IReadOnlyList<string> settings)
    {
        foreach (string setting in settings)
            if (setting.Split('=')[0].Trim() is not ("timing" or Parameters))
                throw new ConfigurationException($"-c {setting}: expected timing=… or {Parameters}=…");
        return Read(new SettingReader(Layers.Resolve(null, settings), ""), "");
    }

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
