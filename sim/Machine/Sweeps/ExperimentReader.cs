using Seamsim.Configuration;
using Seamsim.Plots;

namespace Seamsim.Sweeps;

/// <summary>Reads an experiment file, checking everything that can be known before a run.</summary>
internal sealed class ExperimentReader
{
    private static readonly string[] DefaultColumns = ["run.instructions", "run.seamcalls", "lp0.cycles"];

    private readonly ScenarioKeys keys = new();
    private readonly TableSetting root;
    private readonly SettingReader reader;

    private ExperimentReader(TableSetting root)
    {
        this.root = root;
        reader = new SettingReader(root, "");
    }

    /// <summary>An experiment from TOML text.</summary>
    /// <param name="text">TOML.</param>
    /// <param name="path">File name for messages; a relative base scenario starts at its directory.</param>
    /// <exception cref="ConfigurationException">Something in it cannot be used.</exception>
    public static Experiment Read(string text, string path) =>
        new ExperimentReader(TomlSettings.Parse(text, path)).Read(text, path, Path.GetFileNameWithoutExtension(path));

    private Experiment Read(string text, string path, string name)
    {
        string title = reader.Has("title") ? reader.Text("title") : name;
        (string, Origin)? scenario =
            reader.Has("scenario") ? (reader.Text("scenario"), root["scenario"]!.Origin) : null;
        IReadOnlyList<Assignment> set = reader.Has("set") ? [.. keys.Assignments(Table("set"))] : [];
        reader.Table("grid");
        Grid grid = ReadGrid(Table("grid"));
        IReadOnlyList<string> columns = ReadColumns(grid);
        PlotReader plots = new(grid, columns);
        IReadOnlyList<PlotSpec> specs = reader.Has("plot") ? plots.Read(reader.Tables("plot")) : [];
        reader.RefuseOthers();
        return new Experiment
        {
            Name = name, Path = path, Text = text, Title = title,
            Scenario = scenario, Set = set, Grid = grid, Columns = columns, Plots = specs,
        };
    }

    private TableSetting Table(string key)
    {
        reader.Table(key);
        return (TableSetting)root[key]!;
    }

    private Grid ReadGrid(TableSetting table)
    {
        TableSetting bundles = reader.Has("bundle") ? Table("bundle") : new TableSetting(table.Origin);
        List<Axis> axes = [];
        foreach (Assignment leaf in ScenarioKeys.Leaves(table, ""))
            axes.Add(ReadAxis(leaf.Key, leaf.Value, bundles));
        if (axes.Count == 0)
            throw new ConfigurationException(table.Origin, "grid: expected at least one axis, e.g. gpaw = [48, 52]");
        foreach (string bundle in bundles.Keys)
            if (!axes.Exists(axis => axis.Name == bundle))
                throw new ConfigurationException(
                    bundles[bundle]!.Origin,
                    $"bundle.{bundle}: no such axis; expected one of {string.Join(", ", axes.Select(axis => axis.Name))}");
        Grid grid = new(axes);
        RefuseTwiceSet(axes);
        return grid.Count <= Grid.MaxRuns
            ? grid
            : throw new ConfigurationException(table.Origin, $"grid: expected at most {Grid.MaxRuns} runs");
    }

    private Axis ReadAxis(string name, Setting setting, TableSetting bundles)
    {
        if (SweepColumns.IsReserved(name))
            throw new ConfigurationException(setting.Origin, $"{name}: every table has a column of this name");
        if (setting is not ListSetting { Items.Count: > 0 } list)
            throw new ConfigurationException(setting.Origin, $"{name}: expected an array of one value or more");
        TableSetting? bundle = FindBundle(name, setting.Origin, bundles);
        string key = bundle is null ? keys.Resolve(name, setting.Origin) : "";
        List<AxisValue> values = [];
        foreach (Setting item in list.Items)
        {
            string text = Axis.TextOf(item);
            if (values.Exists(value => value.Text == text))
                throw new ConfigurationException(item.Origin, $"{name}: \"{text}\" is there twice");
            values.Add(new AxisValue(
                text, item, bundle is null ? [new Assignment(key, item)] : ReadBundle(name, text, item, bundle)));
        }
        return new Axis(name, setting.Origin, values);
    }

    private TableSetting? FindBundle(string name, Origin origin, TableSetting bundles)
    {
        IReadOnlyList<string> matches = keys.Matches(name);
        if (bundles[name] is null && matches.Count == 0)
            throw new ConfigurationException(
                origin,
                $"{name}: no such scenario key, and there is no [bundle.{name}.VALUE] that says what a value sets; "
                + $"{Expected(name, origin)}");
        if (bundles[name] is not TableSetting bundle)
            return bundles[name] is null
                ? null
                : throw new ConfigurationException(bundles[name]!.Origin, $"bundle.{name}: expected a table");
        return matches.Count == 0
            ? bundle
            : throw new ConfigurationException(
                bundle.Origin, $"bundle.{name}: {string.Join(" and ", matches)} can be meant by {name} already");
    }

    private string Expected(string name, Origin origin)
    {
        try
        {
            return keys.Resolve(name, origin);
        }
        catch (ConfigurationException wrong)
        {
            return wrong.Message[(wrong.Message.IndexOf("; ", StringComparison.Ordinal) + 2)..];
        }
    }

    private IReadOnlyList<Assignment> ReadBundle(string axis, string value, Setting item, TableSetting bundle) =>
        bundle[value] is TableSetting table
            ? [.. keys.Assignments(table)]
            : throw new ConfigurationException(
                item.Origin, $"{axis}: \"{value}\": expected a table [bundle.{axis}.{value}] that says what it sets");

    /// <summary>A key belongs to one axis: the order of axes must not decide.</summary>
    private static void RefuseTwiceSet(List<Axis> axes)
    {
        Dictionary<string, Axis> owners = [];
        foreach (Axis axis in axes)
            foreach (Assignment assignment in axis.Values.SelectMany(value => value.Sets))
                if (!owners.TryAdd(assignment.Key, axis) && owners[assignment.Key] != axis)
                    throw new ConfigurationException(
                        assignment.Value.Origin,
                        $"{axis.Name}: {assignment.Key} is set by the axis {owners[assignment.Key].Name} already");
    }

    private IReadOnlyList<string> ReadColumns(Grid grid)
    {
        if (!reader.Has("table"))
            return DefaultColumns;
        SettingReader table = reader.Table("table");
        IReadOnlyList<(string Text, Origin Origin)> columns = table.Texts("columns");
        table.RefuseOthers();
        List<string> names = [];
        foreach ((string text, Origin origin) in columns)
        {
            if (names.Contains(text) || SweepColumns.IsReserved(text) || grid.Axes.Any(axis => axis.Name == text))
                throw new ConfigurationException(origin, $"table.columns: \"{text}\" is a column already");
            if (!SweepColumns.IsStatistic(text))
                throw new ConfigurationException(
                    origin, $"table.columns: \"{text}\": expected the dotted name of a statistic in stats.json");
            names.Add(text);
        }
        return names;
    }
}
