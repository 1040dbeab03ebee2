using Seamsim.Cli;

namespace Seamsim.Tests.Sweeps;

/// <summary>A directory of its own with experiments in it, and the command line in front of them.</summary>
internal sealed class SweepRig : IDisposable
{
    /// <summary>Four runs: two of bring-up on one and two packages, and two that fail.</summary>
    public const string FourRuns = """
        title = "Four runs"
        [set]
        steps = ["load", "init"]
        memory = "1 GiB"
        [grid]
        packages = [1, 2]
        event = ["none", "busy"]
        [bundle.event.none]
        [bundle.event.busy]
        fail = [{ leaf = "TDH.SYS.INIT", call = 1, status = "TDX_SYS_BUSY" }]
        [table]
        columns = ["run.seamcalls", "lp0.cycles", "leaf.tdh_sys_lp_init.calls"]

        """;

    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("seamsim-sweep-");

    /// <inheritdoc/>
    public void Dispose() => root.Delete(recursive: true);

    /// <summary>The full name of something in the directory.</summary>
    public string this[string name] => Path.Combine(root.FullName, name);

    /// <summary>Writes a file and tells its full name.</summary>
    public string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], text.Replace("memory = ", "\"platform.memory\" = ", StringComparison.Ordinal));
        return this[name];
    }

    /// <summary>Text of a file.</summary>
    public string Read(string name) => File.ReadAllText(this[name]);

    /// <summary>Names of the runs of a sweep.</summary>
    public string[] Runs(string directory) =>
        [.. Directory.GetDirectories(Path.Combine(this[directory], "runs")).Select(Path.GetFileName).Order()!];

    /// <summary>The command line.</summary>
    public static (int Code, string Output, string Error) Invoke(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = Root.Invoke(arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Sweeps an experiment into a directory.</summary>
    public (int Code, string Output, string Error) Sweep(string experiment, string directory, params string[] options) =>
        Invoke(["sweep", experiment, "-d", this[directory], .. options]);
}
