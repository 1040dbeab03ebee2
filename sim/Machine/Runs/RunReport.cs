using System.Globalization;
using Seamsim.Consistency;

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

    /// <summary>What KVM or the module refused, or null.</summary>
    public string? Refusal { get; set; }

    /// <summary>Levels of its secure EPT; 0 when it was not built.</summary>
    public int EptLevels { get; set; }

    /// <summary>The GPA bit that tells shared from private; 0 when it was not built.</summary>
    public int SharedBit { get; set; }

    /// <summary>Its CPUID in three views, when it ran the census guest.</summary>
    public TdConsistency? Consistency { get; set; }

    /// <summary>The same of the TD before the upgrade, when there was one.</summary>
    public TdConsistency? Before { get; set; }

    /// <summary>What the upgrade did to it, when there was one and both TDs ran the census guest.</summary>
    public UpgradeEffect? Effect { get; set; }

    /// <summary>What became of it, in a few words.</summary>
    public string Outcome { get; set; } = "not run";

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

    /// <summary>What was refused before there was any TD, or null.</summary>
    public string? Refusal { get; set; }

    /// <summary>MSRs of the host that running TDs changed and nobody restored.</summary>
    public IReadOnlyList<ClobberedMsr> Clobbered { get; set; } = [];

    /// <summary>What the run came to, in a few words: of its TDs, of the platform, or why there is none.</summary>
    public string Outcome
    {
        get
        {
            if (Problems.Count > 0)
                return Problems[0];
            if (Refusal is not null)
                return "refused: " + Refusal.Split('(')[0].TrimEnd();
            string clobbered = Clobbered.Count == 0 ? ""
                : string.Create(CultureInfo.InvariantCulture, $"; {Clobbered.Count} host MSR(s) clobbered");
            string tds = string.Join("; ", Tds.Select(td => Tds.Count == 1 ? td.Outcome : $"{td.Name}: {td.Outcome}"));
            return (tds.Length == 0 ? Verdict : tds) + clobbered;
        }
    }

    /// <summary>Everything that went wrong or was refused, in full.</summary>
    public string Reason => string.Join("; ", Problems
        .Concat(Refusal is null ? [] : [Refusal])
        .Concat(Tds.Where(td => td.Refusal is not null).Select(td => $"{td.Name}: {td.Refusal}"))
        .Distinct());

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
