namespace Seamsim.Timing.Blocks;

/// <summary>A block's cost with its reasons.</summary>
/// <param name="Hex">Its bytes.</param>
/// <param name="Core">The core.</param>
/// <param name="Unrolled">Bounds when it is repeated without a loop.</param>
/// <param name="Looped">Bounds as the body of a loop.</param>
/// <param name="CriticalPorts">The ports of the port bound, e.g. <c>p23</c>; empty when nothing executes.</param>
/// <param name="Ports">µops at every port.</param>
/// <param name="Instructions">In program order.</param>
public sealed record BlockReport(
    string Hex, string Core, BlockBounds Unrolled, BlockBounds Looped, string CriticalPorts,
    IReadOnlyList<PortLoad> Ports, IReadOnlyList<InstructionReport> Instructions)
{
    /// <summary>Reports on a block.</summary>
    /// <param name="code">Its bytes.</param>
    /// <param name="rip">Linear address of the first byte.</param>
    /// <param name="core">The core it runs on.</param>
    /// <param name="start">What registers hold when it starts.</param>
    /// <param name="reason">Why there is no report.</param>
    /// <returns>The report; null when the bytes are no instructions.</returns>
    public static BlockReport? Of(
        ReadOnlySpan<byte> code, ulong rip, PipelineParameters core, BlockStart start, out string reason)
    {
        if (BlockReader.Read(code, rip, core, out reason) is not { } block)
            return null;
        BlockAnalysis analysis = BlockAnalysis.Of(block, core, start);
        return new(Convert.ToHexStringLower(code), core.Name, analysis.Unrolled, analysis.Looped,
            analysis.Ports.Ports == 0 ? "" : "p" + PortUse.NamePorts(analysis.Ports.Ports),
            PortLoads.Of(PortBound.UsesOf(block, core), core), InstructionReports.Of(block, code));
    }
}
