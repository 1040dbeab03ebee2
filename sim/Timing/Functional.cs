using Seamsim.Isa.Ports;

namespace Seamsim.Timing;

/// <summary>
/// The cost model without a microarchitecture: one cycle an instruction, one cycle an operation. Its figures count
/// work, they do not predict time.
/// </summary>
public sealed class Functional : ICostModel
{
    /// <summary>The model; it has no state.</summary>
    public static Functional Instance { get; } = new();

    /// <inheritdoc/>
    public string Name => "functional";

    /// <inheritdoc/>
    public uint BlockCycles(ReadOnlySpan<byte> code, ulong rip, int bits, int instructions) => (uint)Math.Max(instructions, 1);

    /// <summary>One cycle an operation; straight-line work that is no operation of its own is free.</summary>
    public uint OperationCycles(Operation operation) =>
        operation is Operation.KeyholeMap or Operation.PamtEntryInit or Operation.CpuidValue
            or Operation.StringLine or Operation.StringStep ? 0u : 1u;
}
