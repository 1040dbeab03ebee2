using System.Globalization;
using Seamsim.Configuration;
using Seamsim.Plots;

namespace Seamsim.Sweeps;

/// <summary>A value for a scenario key.</summary>
/// <param name="Key">Dotted path in the scenario.</param>
/// <param name="Value">The value, with the place where it was written.</param>
internal readonly record struct Assignment(string Key, Setting Value);

/// <summary>One value of an axis.</summary>
/// <param name="Text">How tables, plots and directories call it.</param>
/// <param name="Value">The value as written.</param>
/// <param name="Sets">The scenario keys it sets.</param>
internal sealed record AxisValue(string Text, Setting Value, IReadOnlyList<Assignment> Sets);

/// <summary>One dimension of the grid.</summary>
/// <param name="Name">As the experiment writes it.</param>
/// <param name="Origin">Where it was written.</param>
/// <param name="Values">Its values in order; all different.</param>
internal sealed record Axis(string Name, Origin Origin, IReadOnlyList<AxisValue> Values)
{
    /// <summary>Whether every value is an integer.</summary>
    public bool IsNumeric => Values.All(value => value.Value is ScalarSetting { Value: long });

    /// <summary>How a value is called.</summary>
    public static string TextOf(Setting value) => value switch
    {
        ScalarSetting { Value: string text } => text,
        ScalarSetting { Value: bool flag }   => flag ? "true" : "false",
        ScalarSetting scalar                 => Convert.ToString(scalar.Value, CultureInfo.InvariantCulture)!,
        ListSetting { Items.Count: 0 }       => "none",
        ListSetting list when list.Items.TrueForAll(item => item is ScalarSetting)
                                             => string.Join('+', list.Items.Select(TextOf)),
        _                                    => ResolvedText.Inline(value),
    };
}

/// <summary>An experiment file: a scenario, what is changed for all runs, and the grid.</summary>
internal sealed record Experiment
{
    /// <summary>The file's name without its ending.</summary>
    public required string Name { get; init; }

    /// <summary>The path by which the file was named; messages start with it.</summary>
    public required string Path { get; init; }

    /// <summary>The file as it is.</summary>
    public required string Text { get; init; }

    /// <summary>One line for people.</summary>
    public required string Title { get; init; }

    /// <summary>The base scenario's file, relative to the experiment; null for the default scenario.</summary>
    public (string File, Origin Origin)? Scenario { get; init; }

    /// <summary>What is set for all runs.</summary>
    public IReadOnlyList<Assignment> Set { get; init; } = [];

    /// <summary>The grid.</summary>
    public required Grid Grid { get; init; }

    /// <summary>Statistics that are columns of the table.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>The plots.</summary>
    public IReadOnlyList<PlotSpec> Plots { get; init; } = [];

    /// <summary>Directory of the file.</summary>
    public string Directory => System.IO.Path.GetDirectoryName(Path) ?? "";

    /// <summary>Every statistic that the table or a plot shows.</summary>
    public IReadOnlyCollection<string> Statistics =>
        new SortedSet<string>([.. Columns, .. Plots.SelectMany(plot => plot.Statistics)], StringComparer.Ordinal);
}
