using System.Globalization;
using System.Text;
using System.Text.Json;
using Seamsim.BareMetal;
using Seamsim.Isa.State;

namespace Seamsim.Cli;

/// <summary>How a bare-metal run ended: a line on stderr with the registers, or JSON on stdout.</summary>
internal static class BootPrinter
{
    /// <summary>Says it.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="pc">The machine, as the run left it.</param>
    /// <param name="end">How it ended.</param>
    /// <param name="serial">What COM1 sent, when it belongs to the results.</param>
    public static void Finish(Terminal terminal, Pc pc, PcEnd end, string? serial)
    {
        if (terminal.Json)
            terminal.Line(Json(pc, end, serial));
        string figures = string.Create(CultureInfo.InvariantCulture,
            $"{end.Text}; {pc.Instructions} instructions, {pc.Cycles} cycles ({pc.TimingModel})");
        if (end.Kind == PcEndKind.Exit)
            terminal.Progress($"seamsim boot: {figures}");
        else
            Complain(terminal, pc, figures);
        if (pc.UnmodelledInstructions.Count > 0)
            terminal.Progress($"not modelled, #UD: {string.Join(", ", pc.UnmodelledInstructions)}");
    }

    private static void Complain(Terminal terminal, Pc pc, string figures)
    {
        terminal.Error($"seamsim boot: {figures}");
        foreach (Core core in pc.Cores)
        {
            if (pc.Cores.Skip(1).Any())
                terminal.Error(string.Create(CultureInfo.InvariantCulture, $"LP {core.Index}"));
            terminal.Error(RegisterText.Of(core).TrimEnd('\n'));
        }
    }

    private static string Json(Pc pc, PcEnd end, string? serial)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            writer.WriteStartObject();
            writer.WriteString("end", EndName(end.Kind));
            if (end.Kind == PcEndKind.Exit)
                writer.WriteNumber("code", end.Code);
            writer.WriteString("text", end.Text);
            writer.WriteNumber("instructions", pc.Instructions);
            writer.WriteNumber("cycles", pc.Cycles);
            writer.WriteString("timing", pc.TimingModel);
            if (serial is not null)
                writer.WriteString("serial", serial);
            writer.WriteStartArray("unmodelled");
            foreach (string mnemonic in pc.UnmodelledInstructions)
                writer.WriteStringValue(mnemonic);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static string EndName(PcEndKind kind) => kind switch
    {
        PcEndKind.Exit         => "exit",
        PcEndKind.TripleFault  => "triple-fault",
        PcEndKind.Halted       => "halted",
        PcEndKind.Instructions => "max-instructions",
        _                      => "cancelled",
    };
}
