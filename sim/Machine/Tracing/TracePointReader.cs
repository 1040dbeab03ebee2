using Seamsim.Configuration;
using Seamsim.Guests;

namespace Seamsim.Tracing;

/// <summary>Points of a run as people write them.</summary>
internal static class TracePointReader
{
    /// <summary>
    /// A leaf name (<c>TDH.VP.ENTER</c>), a linear address (<c>0x…</c>), a number of instructions, or a symbol of a
    /// scenario's ELF guests.
    /// </summary>
    /// <param name="option">Where it was written, for the message.</param>
    /// <param name="text">The point.</param>
    /// <param name="scenario">Whose guests name symbols.</param>
    /// <exception cref="ConfigurationException">It is none of these.</exception>
    public static TracePoint Read(string option, string text, Scenario scenario)
    {
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && SettingReader.TryNumber(text, out ulong address))
            return new TracePoint.Address(address);
        if (SettingReader.TryNumber(text, out ulong instructions))
            return new TracePoint.Count(instructions);
        if (Names.Leaf(text) is { } leaf)
            return new TracePoint.Leaf(leaf);
        foreach (TdPlan plan in scenario.Tds)
            if (SymbolOf(Path.Combine(scenario.Directory, plan.Guest), text) is { } symbol)
                return new TracePoint.Address(symbol);
        throw new ConfigurationException(
            $"{option} {text}: expected the name of a SEAMCALL leaf (TDH.VP.ENTER), a linear address (0x...), a number of "
            + "instructions, or a symbol of an ELF guest");
    }

    private static ulong? SymbolOf(string guest, string name)
    {
        if (!File.Exists(guest))
            return null;
        byte[] file = File.ReadAllBytes(guest);
        return ElfFile.IsElf(file) ? ElfSymbols.Find(file, name) : null;
    }
}
