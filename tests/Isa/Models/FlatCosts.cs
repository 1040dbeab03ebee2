using Seamsim.Isa.Ports;

namespace Seamsim.Tests.Isa.Models;

/// <summary>Everything costs one cycle.</summary>
internal sealed class FlatCosts : ICostModel
{
    public string Name => "flat";

    public uint BlockCycles(ReadOnlySpan<byte> code, ulong rip, int bits, int instructions) => (uint)instructions;

    public uint OperationCycles(Operation operation) => 1;
}
