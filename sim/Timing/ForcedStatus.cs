namespace Seamsim.Timing;

/// <summary>
/// A status a run forces: the <paramref name="Call"/>-th SEAMCALL of a leaf does not enter SEAM and returns it.
/// </summary>
/// <param name="Leaf">Leaf number: RAX[15:0], with bit 63 for P-SEAMLDR.</param>
/// <param name="Call">Which call of the leaf on the whole platform, from 1.</param>
/// <param name="Status">RAX of the answer.</param>
public readonly record struct ForcedStatus(ulong Leaf, ulong Call, ulong Status);
