using System.Globalization;
using System.Text;
using System.Text.Json;
using Seamsim.Trace;

namespace Seamsim.Cli.Trace;

/// <summary>Rows of a listing as lines: a margin in the world's colour, then what happened.</summary>
/// <param name="colours">Whether to write terminal colours.</param>
/// <param name="lps">Logical processors of the machine, for the width of their column.</param>
/// <param name="middle">The instruction to point at.</param>
internal sealed class TraceRowText(bool colours, int lps, ulong? middle)
{
    private const int TextColumn = 46;
    private readonly int lpWidth = Math.Max(2, (lps - 1).ToString(CultureInfo.InvariantCulture).Length);

    /// <summary>What the columns are.</summary>
    public string Heading =>
        $" {"lp".PadLeft(lpWidth)} world {"count",12} {"cycles",14}  address           instruction or event";

    /// <summary>One row.</summary>
    public string Line(TraceRow row)
    {
        StringBuilder line = new();
        if (colours)
            line.Append(Colour(row.World));
        line.Append(middle == row.Instruction && row.IsInstruction ? '>' : ' ');
        line.Append(row.Lp.ToString(CultureInfo.InvariantCulture).PadLeft(lpWidth)).Append(' ');
        line.Append(CultureInfo.InvariantCulture,
            $"{EventText.WorldName(row.World),-5} {row.Instruction,12} {row.Cycles,14}");
        if (colours)
            line.Append("\e[0m");
        line.Append("  ");
        if (!row.IsInstruction)
            return line.Append(colours ? $"\e[1m-- {row.Text}\e[0m" : $"-- {row.Text}").ToString();
        line.Append(CultureInfo.InvariantCulture, $"{row.Address:x16}  ");
        string symbol = row.Symbol.Length == 0 ? "" : $"<{row.Symbol}> ";
        string text = symbol + row.Text;
        line.Append(row.Detail.Length == 0 ? text : text.PadRight(TextColumn) + " ; " + row.Detail);
        return line.ToString();
    }

    /// <summary>One row as a JSON object.</summary>
    public static string ToJson(TraceRow row)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            writer.WriteStartObject();
            writer.WriteString("kind", row.IsInstruction ? "instruction" : "event");
            writer.WriteNumber("lp", row.Lp);
            writer.WriteString("world", EventText.WorldName(row.World));
            writer.WriteNumber("count", row.Instruction);
            writer.WriteNumber("cycles", row.Cycles);
            if (row.IsInstruction)
            {
                writer.WriteString("address", $"0x{row.Address:x}");
                writer.WriteString("bytes", Convert.ToHexStringLower(row.Code.Span));
                if (row.Symbol.Length > 0)
                    writer.WriteString("symbol", row.Symbol);
            }
            writer.WriteString("text", row.Text);
            if (row.Detail.Length > 0)
                writer.WriteString("accesses", row.Detail);
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static string Colour(TraceWorld world) => world switch
    {
        TraceWorld.Host => "\e[36m",
        TraceWorld.Seam => "\e[35m",
        TraceWorld.Td => "\e[32m",
        _ => "\e[33m",
    };
}
