namespace Seamsim.Trace;

/// <summary>One data access.</summary>
/// <param name="Address">Linear address.</param>
/// <param name="Bytes">Size.</param>
/// <param name="IsWrite">Direction.</param>
/// <param name="Value">The value, or its lowest eight bytes; zero when values were not recorded.</param>
/// <param name="MoreValue">
/// Index of its further words in <see cref="TraceRecord.ValueWords"/>; -1: there are none.
/// </param>
public readonly record struct MemoryAccess(ulong Address, int Bytes, bool IsWrite, ulong Value, int MoreValue);
