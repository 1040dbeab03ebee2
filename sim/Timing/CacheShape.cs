using System.Numerics;

namespace Seamsim.Timing;

/// <summary>Two rows of a core parameter file that make the sets of a cache, a TLB or the branch target buffer.</summary>
/// <param name="Size">The row of its size.</param>
/// <param name="Ways">The row of its ways.</param>
/// <param name="Unit">What the size counts.</param>
/// <param name="EntriesOfUnit">Entries of one unit.</param>
/// <param name="PowerOfTwo">Whether address bits choose a set.</param>
/// <param name="LeastSets">The fewest sets for which the model is exact.</param>
/// <param name="LeastWays">The fewest ways for which it is.</param>
internal sealed record CacheShape(
    CoreParameter Size, CoreParameter Ways, string Unit, uint EntriesOfUnit, bool PowerOfTwo = false, uint LeastSets = 1,
    uint LeastWays = 1)
{
    /// <summary>Lines of a kibibyte.</summary>
    public const uint LinesOfKib = 1024 / 64;

    private const uint MostEntries = 1 << 24;

    /// <summary>Everything in a file that has sets. What has no row of ways is one set.</summary>
    public static IReadOnlyList<CacheShape> All { get; } =
    [
        new(CoreParameter.L1dKib,           CoreParameter.L1dWays,       "KiB",     LinesOfKib, true, 64, 2),
        new(CoreParameter.L1iKib,           CoreParameter.L1iWays,       "KiB",     LinesOfKib, true, 64),
        new(CoreParameter.L2Kib,            CoreParameter.L2Ways,        "KiB",     LinesOfKib, true),
        new(CoreParameter.L3KibPerLp,       CoreParameter.L3Ways,        "KiB",     LinesOfKib),
        new(CoreParameter.DtlbEntries,      CoreParameter.DtlbWays,      "entries", 1),
        new(CoreParameter.DtlbLargeEntries, CoreParameter.DtlbLargeWays, "entries", 1),
        new(CoreParameter.ItlbEntries,      CoreParameter.ItlbWays,      "entries", 1),
        new(CoreParameter.ItlbLargeEntries, CoreParameter.ItlbLargeWays, "entries", 1),
        new(CoreParameter.StlbEntries,      CoreParameter.StlbWays,      "entries", 1),
        new(CoreParameter.BtbEntries,       CoreParameter.BtbWays,       "entries", 1,          true),
    ];

    /// <summary>Why a file's two values do not go together; null: they do.</summary>
    public string? Refusal(CoreParameters parameters)
    {
        ulong entries = (ulong)parameters[Size] * EntriesOfUnit, ways = parameters[Ways], sets = entries / ways;
        bool whole = entries % ways == 0;
        if (whole && (!PowerOfTwo || BitOperations.IsPow2(sets)) && sets >= LeastSets && ways >= LeastWays
            && entries <= MostEntries)
            return null;
        string expected = entries > MostEntries ? Text($"at most {MostEntries / EntriesOfUnit} {Unit}")
            : (PowerOfTwo ? "a power of two of sets" : "a whole number of sets")
                + (LeastSets == 1 ? "" : Text($", at least {LeastSets}"))
                + (LeastWays == 1 ? "" : Text($" of at least {LeastWays} ways"))
                + (whole ? Text($", not {sets}") : Text($", not {entries}/{ways}"));
        return Text($"{Size}: {parameters[Size]} {Unit} with {Ways} = {ways}: expected {expected}");
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
