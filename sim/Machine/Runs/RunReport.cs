namespace Seamsim.Runs;

/// <summary>What became of one TD.</summary>
internal sealed record TdReport(string Name)
{
    /// <summary>MRTD, or empty when the TD was not built.</summary>
    public string Mrtd { get; set; } = "";

    /// <summary>RTMR0..3 when the vCPUs had ended.</summary>
    public IReadOnlyList<string> Rtmrs { get; set; } = [];

    /// <summary>What the guest printed.</summary>
    public string Output { get; set; } = "";

    /// <summary>How every vCPU ended.</summary>
    public List<string> Endings { get; } = [];
}

/// <summary>The result of a run: complete at any time, also when the run was cut short.</summary>
internal sealed class RunReport
{
    /// <summary>The TDs, in the scenario's order.</summary>
    public List<TdReport> Tds { get; } = [];

    /// <summary>Everything that went wrong, in order.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>Whether the run came to its end.</summary>
    public bool Complete { get; set; }

    /// <summary>The verdict.</summary>
    public bool Passed => Complete && Problems.Count == 0;

    /// <summary>The verdict in words.</summary>
    public string Verdict => Problems.Count switch
    {
        0 when Complete => "every step succeeded",
        0               => "the run did not come to its end",
        1               => Problems[0],
        _               => $"{Problems[0]} (and {Problems.Count - 1} more)",
    };
}
