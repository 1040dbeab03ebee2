namespace Seamsim.TextTraces;

/// <summary>How a section ended.</summary>
public enum SectionEnd
{
    /// <summary>Control reached the end of its code.</summary>
    Completed,

    /// <summary>An exception nobody expected.</summary>
    Exception,

    /// <summary>Its instructions are spent.</summary>
    Limit,

    /// <summary>The processor or the TD halted.</summary>
    Halted,

    /// <summary>The machine, KVM or the TD ended it.</summary>
    Stopped,
}

/// <summary>What became of one expectation.</summary>
/// <param name="Line">1-based line of the text.</param>
/// <param name="Text">The expectation as it is written.</param>
/// <param name="Passed">Whether it held every time.</param>
/// <param name="Times">How often it was looked at.</param>
/// <param name="Got">What was there instead, the first time it did not hold; empty when it held.</param>
public sealed record CheckResult(int Line, string Text, bool Passed, int Times, string Got);

/// <summary>What became of a section.</summary>
/// <param name="Name">The host, or the TD's name.</param>
/// <param name="World">Where it ran.</param>
/// <param name="Line">1-based line of its header.</param>
public sealed record SectionResult(string Name, SectionWorld World, int Line)
{
    /// <summary>How it ended.</summary>
    public SectionEnd End { get; init; }

    /// <summary>1-based line at which it ended; 0 when none belongs to the end.</summary>
    public int EndLine { get; init; }

    /// <summary>The end in words.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Instructions executed in the section's world from its first instruction on.</summary>
    public ulong Instructions { get; init; }

    /// <summary>Core cycles from its first instruction on, everything it led to included.</summary>
    public ulong Cycles { get; init; }

    /// <summary>Names and values of the general registers, RIP and RFLAGS at the end.</summary>
    public IReadOnlyList<(string Name, ulong Value)> Registers { get; init; } = [];

    /// <summary>Its expectations, by line.</summary>
    public IReadOnlyList<CheckResult> Checks { get; init; } = [];

    /// <summary>Whether it came to its end and every expectation held.</summary>
    public bool Passed => End is SectionEnd.Completed or SectionEnd.Halted && Checks.All(check => check.Passed);
}

/// <summary>What became of a text trace.</summary>
/// <param name="Sections">Its sections as far as they ran.</param>
/// <param name="Unmodelled">Instructions that are not modelled and raised #UD, in alphabetical order.</param>
/// <param name="Problem">Why the run ended before its last section; empty when it did not.</param>
public sealed record TextTraceResult(
    IReadOnlyList<SectionResult> Sections, IReadOnlyCollection<string> Unmodelled, string Problem)
{
    /// <summary>Whether everything ran and every expectation held.</summary>
    public bool Passed => Problem.Length == 0 && Sections.All(section => section.Passed);
}
