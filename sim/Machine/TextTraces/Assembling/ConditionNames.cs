namespace Seamsim.TextTraces.Assembling;

/// <summary>The names a condition has. SDM vol. 1, appendix B, table B-1.</summary>
internal static class ConditionNames
{
    // Each row: the name Iced uses first.
    private static readonly string[][] Conditions =
    [
        ["b", "c", "nae"], ["ae", "nb", "nc"], ["e", "z"], ["ne", "nz"], ["be", "na"], ["a", "nbe"], ["p", "pe"],
        ["np", "po"], ["l", "nge"], ["ge", "nl"], ["le", "ng"], ["g", "nle"],
    ];

    private static readonly string[] Stems = ["j", "set", "cmov", "loop"];

    /// <summary>Other names of an instruction that ends in a condition.</summary>
    public static IEnumerable<string> Aliases(string mnemonic)
    {
        foreach (string stem in Stems)
            foreach (string[] names in Conditions)
                if (mnemonic == stem + names[0])
                    return names.Skip(1).Select(name => stem + name);
        return mnemonic.StartsWith("cmp", StringComparison.Ordinal) && mnemonic.EndsWith("xadd", StringComparison.Ordinal)
            ? Conditions.Where(names => mnemonic == $"cmp{names[0]}xadd")
                .SelectMany(names => names.Skip(1)).Select(name => $"cmp{name}xadd")
            : [];
    }
}
