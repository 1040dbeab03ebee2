using Seamsim.Configuration;
using Seamsim.Guests;

namespace Seamsim.Sweeps;

/// <summary>
/// The scenario of every run: defaults, base scenario, [set], the run's axis values, then <c>-c key=value</c>.
/// </summary>
internal sealed class SweepPlan
{
    private readonly TableSetting common;
    private readonly IReadOnlyList<Assignment> overrides;
    private readonly InputFiles files;

    /// <summary>Reads the base scenario and puts [set] on top of it.</summary>
    /// <exception cref="ConfigurationException">Scenario, [set] or an override cannot be used.</exception>
    public SweepPlan(Experiment experiment, IReadOnlyList<string> overrides)
    {
        Experiment = experiment;
        ScenarioKeys keys = new();
        this.overrides = [.. overrides.Select(Layers.Override).Select(one =>
            new Assignment(keys.Resolve(one.Key, one.Value.Origin), one.Value))];
        files = new InputFiles(experiment.Directory);
        common = Put(BaseScenario(experiment), experiment.Set);
        RefuseOverriddenAxes();
        RefuseIdleAxes();
        Fingerprints = [.. experiment.Grid.Points.Select(Check)];
    }

    /// <summary>The experiment.</summary>
    public Experiment Experiment { get; }

    /// <summary>What decides each run's result, condensed; by index.</summary>
    public IReadOnlyList<string> Fingerprints { get; }

    /// <summary>The scenario of a run as it stands in its directory: files are named from there.</summary>
    public Scenario ScenarioOf(RunPoint point, string directory) =>
        ScenarioReader.Read(files.Map(Settings(point), InputFiles.From(directory)), directory);

    private TableSetting Settings(RunPoint point) =>
        Put(Put(common, point.Values.SelectMany(value => value.Sets)), overrides);

    /// <summary>A run that cannot be played is found before any is.</summary>
    private string Check(RunPoint point)
    {
        TableSetting settings = Settings(point);
        Scenario scenario = ScenarioReader.Read(files.Map(settings, Path.GetFullPath), "");
        foreach (TdPlan td in scenario.Tds)
            if (files.IsNew(td.Guest))
                GuestLoader.Load(td, "");
        return Fingerprint.Of(ResolvedText.ValuesOf(files.Map(settings, files.Digest)));
    }

    private static TableSetting Put(TableSetting root, IEnumerable<Assignment> assignments)
    {
        foreach (Assignment assignment in assignments)
            root = SettingPath.With(root, assignment.Key, assignment.Value);
        return root;
    }

    private static TableSetting BaseScenario(Experiment experiment)
    {
        if (experiment.Scenario is not { } scenario)
            return Layers.Resolve(null, []);
        string path = Path.Combine(experiment.Directory, scenario.File);
        try
        {
            return Layers.Resolve((File.ReadAllText(path), path), []);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException)
        {
            string what = Directory.Exists(path) ? "this is a directory" : wrong.Message;
            throw new ConfigurationException(
                scenario.Origin, $"scenario: {path}: expected a file that can be read: {what}");
        }
    }

    private IEnumerable<(Axis Axis, string Key)> AxisKeys =>
        Experiment.Grid.Axes.SelectMany(axis => axis.Values.SelectMany(value => value.Sets)
            .Select(assignment => assignment.Key).Distinct().Select(key => (axis, key)));

    private void RefuseOverriddenAxes()
    {
        foreach (Assignment assignment in overrides)
            foreach ((Axis axis, string key) in AxisKeys)
                if (key == assignment.Key)
                    throw new ConfigurationException(
                        assignment.Value.Origin, $"{key} is set by the axis {axis.Name}: every run has its own value");
    }

    /// <summary>An axis over a key of [td] that every TD sets for itself would change nothing.</summary>
    private void RefuseIdleAxes()
    {
        const string template = "td.";
        if (AxisKeys.Any(one => one.Key == "tds") || common["tds"] is not ListSetting { Items.Count: > 0 } tds)
            return;
        foreach ((Axis axis, string key) in AxisKeys)
            if (key.StartsWith(template, StringComparison.Ordinal)
                && tds.Items.TrueForAll(td => SettingPath.Find(td, key[template.Length..]) is not null))
                throw new ConfigurationException(
                    axis.Origin,
                    $"{axis.Name}: every TD of the scenario sets {key[template.Length..]} itself, so that {key} changes "
                    + "nothing; give the TDs in [set] without it (tds = [{ name = \"td\" }]) or name tds.0."
                    + key[template.Length..]);
    }
}
