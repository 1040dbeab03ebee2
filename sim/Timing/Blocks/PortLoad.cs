namespace Seamsim.Timing.Blocks;

/// <summary>µops an iteration at a port.</summary>
/// <param name="Name">The port's digit, as in the tables.</param>
/// <param name="MicroOps">How many.</param>
public readonly record struct PortLoad(string Name, Ratio MicroOps);
