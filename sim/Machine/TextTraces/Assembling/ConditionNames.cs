namespace Seamsim.TextTraces.Assembling;

/// <summary>The names a condition has. SDM vol. 1, appendix B, table B-1.</summary>
internal static class ConditionNames
{
    private static readonly string[][] Conditions =
    [
        ["b", "c", "nae"], ["ae", "nb", "nc"], ["e", "z"], ["ne", "nz"], ["be", "na"], ["a", "nbe"], ["p", "pe"],
        ["np", "po"], ["l", "nge"], ["ge", "nl"], ["le", "ng"], ["g", "nle"],
    ];

    private static readonly (string Before, string After)[] Stems =
        [("j", ""), ("set", ""), ("cmov", ""), ("loop", ""), ("cmp", "xadd"), ("jk", "d")];

    /// <summary>A mnemonic and, when it contains a condition, its other names.</summary>
    public static IEnumerable<string> All(string mnemonic)
    {
        foreach ((string before, string after) in Stems)
            foreach (string[] names in Conditions)
                if (names.Any(name => mnemonic == before + name + after))
                    return names.Select(name => before + name + after);
        return [mnemonic];
    }
}
