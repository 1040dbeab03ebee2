using System.Globalization;
using System.Text;

namespace Seamsim.Trace;

/// <summary>
/// A commit log as Spike writes it with <c>--log-commits</c>: <c>core   0: 3 0x… (0x…) register 0x… mem 0x… 0x…</c>.
/// The number behind the core is the CPL; instruction bytes are in the order of memory.
/// </summary>
internal sealed class SpikeExporter(Stream to) : ITraceExporter
{
    private readonly StreamWriter text = new(to, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
    private readonly InstructionWalk walk = new();
    private readonly RegisterNews news = new();
    private readonly StringBuilder line = new();

    public void Take(TraceRecord record, ulong space)
    {
        if (record.IsExecution)
            Execution(record);
        else if (record.Kind == EventKind.Registers)
            Registers(record);
        else if (record.Kind == EventKind.Exception)
            Exception(record);
        else if (record.Kind == EventKind.LpSwitch)
            Flush();
    }

    public void Pass(TraceRecord record, ulong space)
    {
        if (!record.IsExecution && record.Kind == EventKind.Registers)
            news.IsNews(record);
    }

    public void Dispose()
    {
        Flush();
        text.Dispose();
    }

    private void Execution(TraceRecord record)
    {
        walk.Begin(record);
        for (int i = 0; i < walk.Count; i++)
        {
            Flush();
            line.Append(CultureInfo.InvariantCulture,
                $"core {record.Lp,3}: {record.Block!.Cpl} 0x{walk[i].IP:x16} "
                + $"(0x{Convert.ToHexStringLower(walk.Block.CodeOf(i))})");
            foreach (MemoryAccess access in walk.AccessesOf(i))
            {
                line.Append(CultureInfo.InvariantCulture, $" mem 0x{access.Address:x16}");
                if (access.IsWrite)
                    line.Append(" 0x").Append(access.Value.ToString(
                        $"x{Math.Min(access.Bytes, 8) * 2}", CultureInfo.InvariantCulture));
            }
        }
    }

    private void Registers(TraceRecord record)
    {
        if (!news.IsNews(record) || line.Length == 0)
            return;
        int next = 0;
        for (int bit = 0; bit < 32; bit++)
            if ((record.RegisterMask >> bit & 1) != 0)
                line.Append(CultureInfo.InvariantCulture,
                    $" {EventText.RegisterName(record.Code, bit)} 0x{record.Operand(next++):x16}");
    }

    private void Exception(TraceRecord record)
    {
        Flush();
        text.WriteLine($"core {record.Lp,3}: exception {EventText.Of(record)["exception ".Length..]}");
    }

    private void Flush()
    {
        if (line.Length == 0)
            return;
        text.WriteLine(line);
        line.Clear();
    }
}
