using System.CommandLine;

namespace Seamsim.Cli;

/// <summary>A verb of the command line.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Operand">What follows it in the list of verbs; empty when nothing has to.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Create">Makes it, with all its options.</param>
internal sealed record Verb(string Name, string Operand, string Description, Func<GlobalOptions, Command> Create)
{
    /// <summary>Name and operand.</summary>
    public string Usage => Operand.Length == 0 ? Name : $"{Name} {Operand}";
}

/// <summary>The verbs in the order in which they are listed.</summary>
internal static class Verbs
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Verb> All { get; } =
    [
        new("run",      "<scenario>",   RunVerb.Description,         RunVerb.Create),
        new("seamcall", "<script>",     SeamcallVerb.Description,    SeamcallVerb.Create),
        new("sweep",    "<experiment>", SweepVerb.Description,       SweepVerb.Create),
        new("explain",  "<subject>",    ExplainVerb.Description,     ExplainVerb.Create),
        new("cpuid",    "",             CpuidVerb.Description,       CpuidVerb.Create),
        new("cycles",   "<hex>",        CyclesVerb.Description,      CyclesVerb.Create),
        new("isa",      "",             IsaVerb.Description,         IsaVerb.Create),
        new("boot",     "<image>",      BootVerb.Description,        BootVerb.Create),
        new("trace",    "",             Trace.TraceVerb.Description, Trace.TraceVerb.Create),
        new("profile",  "<scenario>",   ProfileVerb.Description,     ProfileVerb.Create),
    ];

    /// <summary>
    /// The verbs that a command line needs. Making one costs time, so where the first word is a verb it is the only
    /// one; where no word is there is none; anything else may be a mistake that the others explain.
    /// </summary>
    public static IEnumerable<Verb> NeededBy(IReadOnlyList<string> arguments)
    {
        foreach (string argument in arguments)
        {
            if (argument.StartsWith('-'))
                continue;
            foreach (Verb verb in All)
                if (verb.Name == argument)
                    return [verb];
            return All;
        }
        return [];
    }
}
