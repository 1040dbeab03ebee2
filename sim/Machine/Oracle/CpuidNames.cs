using System.Globalization;
using System.Text;
using Seamsim.Configuration;
using Seamsim.Firmware.Abi;

namespace Seamsim.Oracle;

/// <summary>CPUID fields, categories and feature bits as people write them.</summary>
internal static class CpuidNames
{
    /// <summary>EAX, EBX, ECX, EDX.</summary>
    public static IReadOnlyList<string> Registers { get; } = ["EAX", "EBX", "ECX", "EDX"];

    /// <summary>Bits of ATTRIBUTES.</summary>
    public static IReadOnlyDictionary<string, int> AttributeBits => ScenarioReader.AttributeBits;

    /// <summary>Bits of XFAM.</summary>
    public static IReadOnlyDictionary<string, int> XfamBits => ScenarioReader.XfamBits;

    /// <summary>A category as the tables spell it, e.g. <c>ALLOW_DIRECT_XFAM</c>.</summary>
    public static string Of(CpuidCategory category)
    {
        StringBuilder text = new();
        foreach (char c in category.ToString())
        {
            if (char.IsUpper(c) && text.Length > 0)
                text.Append('_');
            text.Append(char.ToUpperInvariant(c));
        }
        return text.ToString();
    }

    /// <summary><c>0x7.0</c>, or <c>0x15</c> for a leaf without sub-leaves.</summary>
    public static string Leaf(uint leaf, uint subleaf) => subleaf == CpuidEntry.NoSubleaf
        ? Text($"0x{leaf:x}")
        : Text($"0x{leaf:x}.{subleaf:x}");

    /// <summary><c>11</c> or <c>31:24</c>.</summary>
    public static string Bits(int msb, int lsb) => msb == lsb ? Text($"{lsb}") : Text($"{msb}:{lsb}");

    /// <summary><c>0x7.0.EBX[11] RTM</c>.</summary>
    public static string Of(CpuidField field)
    {
        string place = $"{Leaf(field.Leaf, field.Subleaf)}.{Registers[field.Register]}[{Bits(field.Msb, field.Lsb)}]";
        return field.Name.Length == 0 ? place : $"{place} {field.Name}";
    }

    /// <summary>The names of the bits that are 1, with a number for those without a name.</summary>
    public static string Of(ulong mask, IReadOnlyDictionary<string, int> names)
    {
        List<string> found = [];
        for (int bit = 0; bit < 64; bit++)
            if ((mask >> bit & 1) != 0)
                found.Add(Of(bit, names));
        return found.Count == 0 ? "none" : string.Join(", ", found);
    }

    /// <summary><c>bit 11 (CET_U)</c>.</summary>
    public static string Bit(int bit, IReadOnlyDictionary<string, int> names) =>
        names.FirstOrDefault(pair => pair.Value == bit).Key is { } name
            ? Text($"bit {bit} ({name})")
            : Text($"bit {bit}");

    /// <summary><c>bit 11 (CET_U)</c>, or <c>bits 5 (OPMASK), 6 (ZMM_HI256)</c>.</summary>
    public static string BitList(IReadOnlyList<int> bits, IReadOnlyDictionary<string, int> names) => bits.Count == 1
        ? Bit(bits[0], names)
        : "bits " + string.Join(", ", bits.Select(bit => Bit(bit, names)["bit ".Length..]));

    /// <summary>How an MSR's value is known, in words.</summary>
    public static string Of(MsrEvidence evidence) => evidence switch
    {
        MsrEvidence.MetadataRead   => "read with TDH.MNG.RD: a DEBUG TD",
        MsrEvidence.TdcsThroughKey => "read from the TDCS through the TD's key, which no host can",
        _                          => "the module's rule for RDMSR; no TD executed it",
    };

    /// <summary>The named bits of a TD's IA32_ARCH_CAPABILITIES.</summary>
    public static IEnumerable<CapabilityView> CapabilitiesOf(CpuidAnswer answer, MsrAnswer msr) =>
        ArchCapabilities.Of(msr.Native, msr.Configured, HasTsx(answer));

    // HLE and RTM are equal in every TD.
    private static bool HasTsx(CpuidAnswer answer) => ((answer.Of(7, 0)?.Ebx ?? 0) >> 11 & 1) != 0;

    private static string Of(int bit, IReadOnlyDictionary<string, int> names) =>
        names.FirstOrDefault(pair => pair.Value == bit).Key ?? Text($"bit {bit}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
