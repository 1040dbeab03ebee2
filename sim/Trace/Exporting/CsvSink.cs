using System.Globalization;
using System.Text;

namespace Seamsim.Trace;

/// <summary>
/// Rows as comma-separated values: numbers decimal, addresses and values hexadecimal, nothing where unknown.
/// </summary>
internal sealed class CsvSink : ITableSink
{
    public const string Heading =
        "record,instruction,lp,world,cycles,kind,address,bytes,physical,keyid,value,code,text";

    private readonly StreamWriter text;

    public CsvSink(Stream to)
    {
        text = new StreamWriter(to, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
        text.WriteLine(Heading);
    }

    public void Put(in TableRow row) => text.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{row.Record},{row.Instruction},{row.Lp},{row.World},{row.Cycles},{row.Kind},{Hex(row.Address)},{row.Bytes},"
        + $"{Hex(row.Physical)},{row.KeyId},{Hex(row.Value)},{row.Code},{Quoted(row.Text)}"));

    public void Dispose() => text.Dispose();

    private static string Hex(ulong? value) =>
        value is { } number ? "0x" + number.ToString("x", CultureInfo.InvariantCulture) : "";

    private static string Quoted(string words) =>
        words.AsSpan().IndexOfAny(',', '"', '\n') < 0
            ? words
            : $"\"{words.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
