namespace Seamsim.Timing.Blocks;

/// <summary>What an instruction costs in one of its shapes.</summary>
/// <param name="Fused">Slots at issue, after unlamination.</param>
/// <param name="Decoded">µops from the decoders.</param>
/// <param name="Ports">Where its µops execute.</param>
internal sealed record MicroOps(int Fused, int Decoded, PortUse[] Ports);
