using System.Globalization;
using System.Text;
using Seamsim.Firmware.Abi;
using Seamsim.Oracle;

namespace Seamsim.Cli;

/// <summary>The CPUID of a TD as comma-separated values (RFC 4180), one row a field or MSR bit.</summary>
internal static class CpuidCsv
{
    private static readonly string[] Columns =
        ["leaf", "subleaf", "register", "msb", "lsb", "name", "value", "category", "reason", "why"];

    /// <summary>Header and rows.</summary>
    public static string Of(CpuidReport report, CpuidRequest request)
    {
        StringBuilder text = new();
        Append(text, Columns);
        foreach (CpuidLeafView leaf in report.Leaves)
            if (request.Wants(leaf.Answer.Entry.Leaf, leaf.Answer.Entry.Subleaf))
                foreach (CpuidFieldView view in leaf.Fields.Where(request.Wants))
                    Append(text, Cells(view));
        if (request.Only is null && request.Grep is null)
            foreach (MsrAnswer msr in report.Answer.Msrs)
                Append(text, msr, report.Answer);
        return text.ToString();
    }

    /// <summary>A row; cells with commas, quotes or line ends are quoted.</summary>
    public static void Append(StringBuilder text, params IReadOnlyList<string> cells) =>
        text.AppendJoin(',', cells.Select(Quoted)).Append('\n');

    /// <summary>0x… of a number.</summary>
    public static string Hex(ulong value) => string.Create(CultureInfo.InvariantCulture, $"0x{value:x}");

    /// <summary>A decimal number.</summary>
    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A sub-leaf, or nothing.</summary>
    public static string Subleaf(uint subleaf) => subleaf == CpuidEntry.NoSubleaf ? "" : Hex(subleaf);

    private static string[] Cells(CpuidFieldView view)
    {
        CpuidField field = view.Field;
        return
        [
            Hex(field.Leaf), Subleaf(field.Subleaf), CpuidNames.Registers[field.Register], Number(field.Msb),
            Number(field.Lsb), field.Name, view.Value is { } value ? Hex(value) : "", CpuidNames.Of(field.Category),
            view.Reason.Kind.ToString(), view.Reason.Text,
        ];
    }

    private static void Append(StringBuilder text, MsrAnswer msr, CpuidAnswer answer)
    {
        string place = "msr." + Hex(msr.Number);
        Append(text, place, "", "", "63", "0", msr.Name, Hex(msr.Seen), "MSR", msr.Evidence.ToString(), msr.Why);
        if (msr.Number != ArchCapabilities.Msr)
            return;
        foreach (CapabilityView view in CpuidNames.CapabilitiesOf(answer, msr))
            Append(text, place, "", "", Number(view.Bit.Bit), Number(view.Bit.Bit), view.Bit.Name,
                Hex(view.Value ? 1u : 0), view.Bit.Rule.ToString().ToUpperInvariant(), msr.Evidence.ToString(), view.Why);
    }

    private static string Quoted(string cell) => cell.AsSpan().ContainsAny(",\"\n")
        ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
        : cell;
}
