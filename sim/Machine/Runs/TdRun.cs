using System.Text;
using Seamsim.Host.Vmm;

namespace Seamsim.Runs;

/// <summary>Collects what a guest prints.</summary>
internal sealed class OutputConsole : IConsole
{
    private const int MaxBytes = 1 << 20;
    private readonly StringBuilder text = new();

    /// <summary>Everything so far; bytes outside printable ASCII show as escapes.</summary>
    public string Text => text.ToString();

    /// <inheritdoc/>
    public void Write(byte value)
    {
        if (text.Length >= MaxBytes || value == '\r')
            return;
        if (value is (byte)'\n' or (byte)'\t' or (>= 0x20 and < 0x7F))
            text.Append((char)value);
        else
            text.Append("\\x").Append(value.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
    }
}

/// <summary>One TD of a run: what was planned, the VMM that plays it, and what is reported.</summary>
internal sealed class TdRun(TdPlan plan, TdVmm vmm, OutputConsole console, TdReport report)
{
    /// <summary>The plan.</summary>
    public TdPlan Plan { get; } = plan;

    /// <summary>The VMM.</summary>
    public TdVmm Vmm { get; } = vmm;

    /// <summary>The serial port's other end.</summary>
    public OutputConsole Console { get; } = console;

    /// <summary>The report.</summary>
    public TdReport Report { get; } = report;

    /// <summary>Whether it can run.</summary>
    public bool IsBuilt { get; set; }

    /// <summary>Whether it has been torn down.</summary>
    public bool IsDestroyed { get; set; }
}
