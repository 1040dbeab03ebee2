using Seamsim.Configuration;

namespace Seamsim.Sweeps;

/// <summary>Joins the runs of several directories, each of which holds a share of one experiment.</summary>
internal static class SweepMerge
{
    /// <summary>The rows of all of them; a run that nobody has finished is a row that says so.</summary>
    /// <exception cref="ConfigurationException">
    /// A directory is none of a sweep, belongs to another experiment or program, or contradicts another.
    /// </exception>
    public static (Experiment Experiment, ResultsTable Table) Join(IReadOnlyList<string> paths)
    {
        (SweepDirectory Directory, SweepManifest Manifest)[] parts = [.. paths.Select(SweepDirectory.Existing)];
        (SweepDirectory first, SweepManifest manifest) = parts[0];
        Experiment experiment = ExperimentReader.Read(
            first.ReadText(SweepDirectory.ExperimentFile), first.ResultPath(SweepDirectory.ExperimentFile)) with
        {
            Name = manifest.Experiment,
        };
        if (SweepManifest.GridOf(experiment.Grid) != manifest.Grid)
            throw new ConfigurationException(
                $"{experiment.Path}: expected the grid of {first.ResultPath(SweepManifest.FileName)}");
        foreach ((SweepDirectory directory, SweepManifest other) in parts.Skip(1))
            RefuseOther(manifest, first, other, directory);
        IReadOnlyCollection<string> statistics = experiment.Statistics;
        return (experiment, new ResultsTable(
            experiment,
            experiment.Grid.Points.Select(
                point => Join(point, manifest.Fingerprints[point.Index], statistics, parts))));
    }

    private static void RefuseOther(
        SweepManifest manifest, SweepDirectory first, SweepManifest other, SweepDirectory directory)
    {
        string expected = $"{directory.Path}: expected a share of the experiment in {first.Path}";
        if (other.Experiment != manifest.Experiment || other.Grid != manifest.Grid)
            throw new ConfigurationException($"{expected}: this is \"{other.Experiment}\", or its grid differs");
        for (int i = 0; i < manifest.Fingerprints.Count; i++)
            if (i >= other.Fingerprints.Count || other.Fingerprints[i] != manifest.Fingerprints[i])
                throw new ConfigurationException(
                    $"{expected}: run {i} had another configuration, or another version of the program");
    }

    private static SweepRow Join(
        RunPoint point, string fingerprint, IReadOnlyCollection<string> statistics,
        (SweepDirectory Directory, SweepManifest Manifest)[] parts)
    {
        SweepRow? found = null;
        foreach ((SweepDirectory directory, _) in parts)
        {
            if (directory.Load(point, fingerprint, statistics) is not { } row)
                continue;
            if (found is not null && !Same(found, row))
                throw new ConfigurationException(
                    $"{directory.RunPath(point)}: contradicts the same run of another directory");
            found ??= row;
        }
        return found ?? SweepRow.Without(point, RunStatus.Missing);
    }

    private static bool Same(SweepRow one, SweepRow other) =>
        (one.Status, one.Outcome, one.Reason) == (other.Status, other.Outcome, other.Reason)
        && one.Statistics.Count == other.Statistics.Count
        && one.Statistics.All(stat => other.Statistics.TryGetValue(stat.Key, out ulong value) && value == stat.Value);
}
