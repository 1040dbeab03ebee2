using System.Globalization;
using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>Says in words and numbers what each instruction of a block costs.</summary>
internal static class InstructionReports
{
    public static IReadOnlyList<InstructionReport> Of(BlockCode block, ReadOnlySpan<byte> code)
    {
        List<InstructionReport> reports = [];
        IntelFormatter formatter = new();
        StringOutput output = new();
        for (int i = 0; i < block.Instructions.Count; i++)
        {
            BlockInstruction one = block.Instructions[i];
            formatter.Format(one.Instruction, output);
            PortUse[] ports = PortBound.PortsOf(block, i);
            reports.Add(new(output.ToStringAndReset(), Convert.ToHexStringLower(code.Slice(one.Start, one.Length)),
                one.FusedWithPrevious ? 0 : one.Cost.Fused, ports.Sum(use => use.Count), PortUse.Describe(ports),
                LatencyOf(one), one.FusesWithNext ? i + 1 : one.FusedWithPrevious ? i - 1 : null, Notes(one)));
        }
        return reports;
    }

    private static string LatencyOf(BlockInstruction one)
    {
        if (one.Latencies is null || one.SameSources && one.IsEliminated)
            return "";
        int least = int.MaxValue, most = -1;
        foreach (Latency latency in one.Latencies)
        {
            if (latency.To != OperandRole.Register || latency.From == OperandRole.Memory)
                continue;
            least = Math.Min(least, latency.Cycles);
            most = Math.Max(most, latency.Cycles);
        }
        return most < 0 ? "" : least == most ? most.ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{least}-{most}");
    }

    private static List<string> Notes(BlockInstruction one)
    {
        List<string> notes = [];
        if (one.Row is null)
            notes.Add("form in no table: default cost");
        if (one.FusesWithNext)
            notes.Add("macro-fused with the jump");
        if (one.FusedWithPrevious)
            notes.Add("macro-fused");
        if (one.IsEliminated)
            notes.Add(one.SameSources ? "zero idiom: no port" : "no port");
        else if (one.SameSources)
            notes.Add("same registers");
        if (one.IsIndexed && one.Row is not null && one.Cost.Fused > one.Row.Plain.Fused)
            notes.Add("unlaminated: indexed");
        if (one.Row is { Complex: true })
            notes.Add("complex decoder");
        if (one.IsMicrocoded)
            notes.Add("microcode");
        if (one.LengthChangingPrefix)
            notes.Add("length-changing prefix");
        if (one.StackSyncs > Ratio.Zero)
            notes.Add($"{one.StackSyncs} stack-engine µops before it");
        if (one.MergesHighByte)
            notes.Add("merges a high byte");
        return notes;
    }
}
