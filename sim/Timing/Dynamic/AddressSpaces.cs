using Seamsim.Isa.Paging;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// Numbers the address spaces of a processor. Tags of translations carry the number, so that dropping the translations
/// of a space means giving it another one.
/// </summary>
internal sealed class AddressSpaces
{
    private const int Most = 4096;
    private readonly Dictionary<(TranslationContext Context, ulong Cr3), ulong> numbers = [];
    private ulong last;

    /// <summary>The number of a space.</summary>
    public ulong Of(in TranslationContext context, ulong cr3)
    {
        if (numbers.TryGetValue((context, cr3), out ulong number))
            return number;
        if (numbers.Count == Most)
            numbers.Clear(); // what it held is dropped: it has long been evicted
        numbers.Add((context, cr3), ++last);
        return last;
    }

    /// <summary>Drops the translations of a context: of one PCID, or of all.</summary>
    public void Drop(TranslationContext context, ulong? pcid)
    {
        foreach ((TranslationContext Context, ulong Cr3) key in numbers.Keys.ToArray())
            if (key.Context == context && (pcid is null || (key.Cr3 & 0xFFF) == pcid))
                numbers.Remove(key);
    }

    /// <summary>Drops all translations.</summary>
    public void Clear() => numbers.Clear();
}
