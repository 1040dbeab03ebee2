namespace Seamsim.Cli;

/// <summary>What the process ends with: the verdict.</summary>
internal static class ExitCode
{
    /// <summary>Everything asked for happened.</summary>
    public const int Pass = 0;

    /// <summary>The run or a check failed.</summary>
    public const int Fail = 1;

    /// <summary>The command line, scenario or script cannot be used.</summary>
    public const int Usage = 2;

    /// <summary>A bug in the simulator.</summary>
    public const int Internal = 70;
}
