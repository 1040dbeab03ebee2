using Seamsim.Isa.Ports;

namespace Seamsim.Timing;

/// <summary>A row of a core parameter file: what one operation costs.</summary>
/// <param name="Operation">Which.</param>
/// <param name="Cycles">Core cycles of the operation itself.</param>
/// <param name="Low">Lower end of what is believed.</param>
/// <param name="High">Upper end of what is believed.</param>
/// <param name="Instructions">
/// Instructions around it where managed SEAM code performs it: they are paid at the rate of straight-line code.
/// </param>
/// <param name="Cause">What its cycles are booked to.</param>
/// <param name="Source">Where the figures come from: a citation, <c>fitted</c> or <c>assumed</c>, with words.</param>
public sealed record OperationCost(
    Operation Operation, uint Cycles, uint Low, uint High, uint Instructions, Cause Cause, string Source);
