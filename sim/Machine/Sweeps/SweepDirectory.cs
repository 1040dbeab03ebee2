using System.Text.Json;
using Seamsim.Configuration;

namespace Seamsim.Sweeps;

/// <summary>Where a sweep keeps its runs and results.</summary>
internal sealed class SweepDirectory
{
    /// <summary>The copy of the experiment file.</summary>
    public const string ExperimentFile = "experiment.toml";

    private SweepDirectory(string path) => Path = path;

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>Makes or reopens the directory of a plan.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="plan">What is to be run in it.</param>
    /// <param name="force">Whether the runs of another experiment may be replaced.</param>
    /// <exception cref="ConfigurationException">It cannot be made, or belongs to another experiment.</exception>
    public static SweepDirectory Open(string path, SweepPlan plan, bool force)
    {
        SweepDirectory directory = new(path);
        SweepManifest manifest = SweepManifest.Of(plan);
        string runs = System.IO.Path.Combine(path, "runs");
        if (directory.ManifestIfAny() is { } found
            && (found.Experiment != manifest.Experiment || found.Grid != manifest.Grid))
        {
            if (!force)
                throw new ConfigurationException(
                    $"-d {path}: expected an empty directory or one of this experiment: it holds runs of "
                    + $"\"{found.Experiment}\"{(found.Experiment == manifest.Experiment ? " with another grid" : "")}; "
                    + "--force replaces them");
            Guard(runs, () => Directory.Delete(runs, recursive: true));
        }
        Guard(path, () => Directory.CreateDirectory(runs));
        directory.WriteText(ExperimentFile, plan.Experiment.Text);
        directory.WriteText(SweepManifest.FileName, manifest.ToJson());
        return directory;
    }

    /// <summary>A directory that only gets results.</summary>
    /// <exception cref="ConfigurationException">It cannot be made.</exception>
    public static SweepDirectory OfResults(string path)
    {
        Guard(path, () => Directory.CreateDirectory(path));
        return new SweepDirectory(path);
    }

    /// <summary>A directory that a sweep has filled.</summary>
    /// <exception cref="ConfigurationException">It is none.</exception>
    public static (SweepDirectory Directory, SweepManifest Manifest) Existing(string path)
    {
        SweepDirectory directory = new(path);
        return (directory, directory.ManifestIfAny()
            ?? throw new ConfigurationException(
                $"{path}: expected the directory of a sweep: there is no {SweepManifest.FileName}"));
    }

    /// <summary>The directory of a run.</summary>
    public string RunPath(RunPoint point) => System.IO.Path.Combine(Path, "runs", point.Name);

    /// <summary>The file of a result.</summary>
    public string ResultPath(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The row of a finished run; null when it has to run (again).</summary>
    /// <exception cref="ConfigurationException">Its files are there and cannot be read.</exception>
    public SweepRow? Load(RunPoint point, string fingerprint, IReadOnlyCollection<string> statistics)
    {
        string run = RunPath(point), result = System.IO.Path.Combine(run, "result.json");
        if (!File.Exists(result))
            return null;
        try
        {
            return SweepRow.FromJson(point, fingerprint, File.ReadAllText(result),
                () => File.ReadAllText(System.IO.Path.Combine(run, "stats.json")), statistics);
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or FormatException
            or InvalidOperationException or FileNotFoundException)
        {
            // A damaged result is no result: the run is played again.
            return null;
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{run}: expected files that can be read: {wrong.Message}");
        }
    }

    /// <summary>Finishes a run: its row appears at once and whole, after everything else of it.</summary>
    /// <exception cref="ConfigurationException">It cannot be written.</exception>
    public void Save(SweepRow row, Grid grid, string fingerprint) =>
        WriteText(System.IO.Path.Combine("runs", row.Point.Name, "result.json"), row.ToJson(grid, fingerprint));

    /// <summary>Takes a run's row away before it runs again.</summary>
    public void Forget(RunPoint point)
    {
        string result = System.IO.Path.Combine(RunPath(point), "result.json");
        if (File.Exists(result))
            Guard(result, () => File.Delete(result));
    }

    /// <summary>Text of a file in it.</summary>
    /// <exception cref="ConfigurationException">It cannot be read.</exception>
    public string ReadText(string name)
    {
        string path = ResultPath(name);
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: expected a file that can be read: {wrong.Message}");
        }
    }

    /// <summary>Writes a file so that it is there as a whole or not at all.</summary>
    /// <exception cref="ConfigurationException">It cannot be written.</exception>
    public void WriteText(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Writes a file so that it is there as a whole or not at all.</summary>
    /// <exception cref="ConfigurationException">It cannot be written.</exception>
    public void Write(string name, ReadOnlyMemory<byte> bytes)
    {
        string path = ResultPath(name), draft = path + ".new";
        Guard(path, () =>
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            try
            {
                using (FileStream stream = File.Create(draft))
                    stream.Write(bytes.Span);
                File.Move(draft, path, overwrite: true);
            }
            catch (IOException)
            {
                File.Delete(draft);
                throw;
            }
        });
    }

    private SweepManifest? ManifestIfAny()
    {
        string path = ResultPath(SweepManifest.FileName);
        if (!File.Exists(path))
            return null;
        try
        {
            return SweepManifest.FromJson(ReadText(SweepManifest.FileName));
        }
        catch (JsonException wrong)
        {
            throw new ConfigurationException($"{path}: expected the manifest of a sweep: {wrong.Message}");
        }
    }

    /// <summary>What the file system refuses is told with the path, not as a bug.</summary>
    public static void Guard(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigurationException($"{path}: cannot be written: {wrong.Message}", wrong);
        }
    }
}
