using System.Globalization;
using System.Text;
using Iced.Intel;

namespace Seamsim.Trace;

/// <summary>
/// Text as drmemtrace's <c>view</c> tool prints it: record and instruction numbers, the logical processor in the place
/// of the thread, then an instruction fetch, a read, a write or a marker.
/// </summary>
internal sealed class DrMemtraceExporter : ITraceExporter
{
    private readonly StreamWriter text;
    private readonly InstructionWalk walk = new();
    private readonly Formatter formatter = new IntelFormatter(
        new FormatterOptions
        {
            HexPrefix = "0x", HexSuffix = "", UppercaseHex = false, SpaceAfterOperandSeparator = true,
        });
    private readonly StringOutput disassembly = new();
    private ulong records, instructions;
    private int lp = -1;

    public DrMemtraceExporter(Stream to)
    {
        text = new StreamWriter(to, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
        text.WriteLine("Output format:");
        text.WriteLine("<--record#-> <--instr#->: <---tid---> <record details>");
        text.WriteLine(new string('-', 60));
    }

    public void Take(TraceRecord record, ulong space)
    {
        if (record.Lp != lp)
        {
            lp = record.Lp;
            Line($"<marker: timestamp {record.Cycles}>");
            Line($"<marker: tid {lp} on core {lp}>");
        }
        if (record.IsExecution)
            Execution(record);
        else if (record.Kind == EventKind.Exception)
            Line($"<marker: kernel xfer: {EventText.Of(record)}>");
        else if (record.Kind == EventKind.Mark)
            Line($"<marker: {record.Name}>");
    }

    public void Dispose() => text.Dispose();

    private void Execution(TraceRecord record)
    {
        walk.Begin(record);
        for (int i = 0; i < walk.Count; i++)
        {
            instructions++;
            disassembly.Reset();
            formatter.Format(walk[i], disassembly);
            Line($"ifetch      {walk[i].Length,2} byte(s) @ 0x{walk[i].IP:x16} "
                + $"{Spaced(walk.Block.CodeOf(i)),-24} {disassembly}");
            foreach (MemoryAccess access in walk.AccessesOf(i))
                Line($"{(access.IsWrite ? "write" : "read"),-11} {access.Bytes,2} byte(s) @ 0x{access.Address:x16} "
                    + $"by PC 0x{walk[i].IP:x16}");
        }
    }

    private static string Spaced(ReadOnlySpan<byte> bytes)
    {
        StringBuilder spaced = new();
        foreach (byte value in bytes)
            spaced.Append(spaced.Length == 0 ? "" : " ").Append(value.ToString("x2", CultureInfo.InvariantCulture));
        return spaced.ToString();
    }

    private void Line(string details) =>
        text.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{++records,12} {instructions,11}: {lp,11} {details}"));
}
