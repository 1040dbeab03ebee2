namespace Seamsim.Timing.Blocks;

/// <summary>What an instruction of a block costs.</summary>
/// <param name="Text">Disassembled.</param>
/// <param name="Hex">Its bytes.</param>
/// <param name="Fused">Issue slots; none for a jump that fused with the instruction before it.</param>
/// <param name="Executed">µops that execute.</param>
/// <param name="Ports">Where, e.g. <c>1*p23+1*p0156</c>.</param>
/// <param name="Latency">Cycles to its results, e.g. <c>1</c> or <c>1-5</c>; empty when it has none.</param>
/// <param name="FusedWith">The number in the block of the instruction it fused with; null when it did not.</param>
/// <param name="Notes">What else its cost depends on.</param>
public sealed record InstructionReport(
    string Text, string Hex, int Fused, int Executed, string Ports, string Latency, int? FusedWith,
    IReadOnlyList<string> Notes);
