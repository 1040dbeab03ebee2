using System.CommandLine;
using Seamsim.Configuration;
using Seamsim.Trace;
using Seamsim.Tracing;

namespace Seamsim.Cli.Trace;

/// <summary>The options that say what a trace holds.</summary>
internal sealed class RecordOptions
{
    private readonly Option<string?> worlds = new("--worlds")
        { Description = "Worlds to record: host, seam, td; separated by commas. Default: all." };

    private readonly Option<string[]> lps = new("--lp")
        { Description = "A logical processor to record, 0-based; repeatable. Default: all." };

    private readonly Option<string?> from = new("--from")
        { Description = "Begin at a leaf (TDH.VP.ENTER), linear address (0x...), guest symbol, or instruction count." };

    private readonly Option<string?> to = new("--to")
        { Description = "End behind a leaf, or at an address, guest symbol or instruction count." };

    private readonly Option<bool> values = new("--values")
        { Description = "Record the values of memory accesses." };

    private readonly Option<bool> registers = new("--registers")
        { Description = "Record general registers at the entry of every block and after faults, events and managed code, "
            + "and RFLAGS after the latter only; each where it has changed." };

    private readonly Option<bool> flow = new("--control-flow")
        { Description = "Record neither addresses nor translations of memory accesses." };

    /// <summary>Adds them to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[worlds, lps, from, to, values, registers, flow])
            command.Add(option);
    }

    /// <summary>What the command line asks for; points need the scenario whose guests name symbols.</summary>
    /// <exception cref="ConfigurationException">A value cannot be used.</exception>
    public TraceOptions Read(ParseResult result, Scenario scenario) => new()
    {
        Worlds = WorldsOf(result.GetValue(worlds)),
        Lps = [.. (result.GetValue(lps) ?? []).Select(text => LpOf(text, scenario.Platform.LpCount))],
        From = PointOf("--from", result.GetValue(from), scenario),
        To = PointOf("--to", result.GetValue(to), scenario),
        Memory = !result.GetValue(flow) || result.GetValue(values),
        Values = result.GetValue(values),
        Registers = result.GetValue(registers),
    };

    private static TracePoint? PointOf(string option, string? text, Scenario scenario) =>
        text is null ? null : TracePointReader.Read(option, text, scenario);

    private static int LpOf(string text, int count) => int.TryParse(text, out int lp) && lp >= 0 && lp < count
        ? lp
        : throw new ConfigurationException($"--lp {text}: expected a logical processor 0..{count - 1}");

    private static TraceWorlds WorldsOf(string? text)
    {
        if (text is null)
            return TraceWorlds.All;
        TraceWorlds worlds = TraceWorlds.None;
        foreach (string world in text.Split(',', StringSplitOptions.TrimEntries))
            worlds |= world.ToLowerInvariant() switch
            {
                "host" => TraceWorlds.Host,
                "seam" => TraceWorlds.Seam,
                "td"   => TraceWorlds.Td | TraceWorlds.L2,
                "all"  => TraceWorlds.All,
                _      => throw new ConfigurationException($"--worlds {text}: expected host, seam and td, separated by commas"),
            };
        return worlds;
    }
}
