using Seamsim.Configuration;

namespace Seamsim.TextTraces;

/// <summary>The <c>[platform]</c> section: the scenario's keys, and how far TDX is brought up.</summary>
internal sealed class PlatformLines(string source)
{
    private readonly List<(int Line, string Assignment)> lines = [];
    private StartState from = StartState.Ready;

    /// <summary>Takes <c>key=value</c>.</summary>
    public void Add(int line, string text)
    {
        const int most = 256;
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
            throw new ConfigurationException(
                new Origin(source, line), "expected key=value, e.g. platform.packages=2 or from=reset");
        if (lines.Count == most)
            throw new ConfigurationException(new Origin(source, line), $"[platform] has at most {most} lines");
        string key = text[..equals].Trim(), value = text[(equals + 1)..].Trim();
        if (key != "from")
            lines.Add((line, $"{key}={value}"));
        else if (!Enum.TryParse(value, ignoreCase: true, out from) || !Enum.IsDefined(from)
            || char.IsAsciiDigit(value[0]))
            throw new ConfigurationException(
                new Origin(source, line), $"from={value}: expected reset, loader, installed or ready");
    }

    /// <summary>The scenario of the machine, with stronger overrides on top.</summary>
    public (Scenario Scenario, StartState From) Resolve(IReadOnlyList<string> overrides)
    {
        List<string> all = [.. lines.Select(line => line.Assignment)];
        try
        {
            Scenario.Default(all);
        }
        catch (ConfigurationException)
        {
            Blame(all);
        }
        return (Scenario.Default([.. all, .. overrides]), from);
    }

    /// <summary>The line with which the text stops being usable.</summary>
    private void Blame(List<string> all)
    {
        for (int i = 0; i < all.Count; i++)
        {
            try
            {
                Scenario.Default([.. all.Take(i + 1)]);
            }
            catch (ConfigurationException wrong)
            {
                string prefix = $"-c {all[i]}: ";
                string what = wrong.Message.StartsWith(prefix, StringComparison.Ordinal)
                    ? wrong.Message[prefix.Length..]
                    : wrong.Message;
                throw new ConfigurationException(new Origin(source, lines[i].Line), what);
            }
        }
    }
}
