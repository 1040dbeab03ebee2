using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Models;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Tests.Isa.Fuzz;

/// <summary>One processor of a model with a megabyte of memory.</summary>
internal sealed unsafe class FuzzMachine : IDisposable
{
    private readonly PhysicalMemory memory;
    private readonly byte[] copy = new byte[FuzzLayout.MemoryBytes];

    public FuzzMachine(CpuModel model, byte[] image)
    {
        memory = new PhysicalMemory(model.Parameters.Keys, [(0, FuzzLayout.MemoryBytes)]);
        Core = new Core(0, 0, memory, new FlatCosts());
        Core.PowerOn(new Uncore(model, memory, seed: 1));
        memory.Write(new Hpa(0), image, false);
    }

    public Core Core { get; }

    public void WriteCode(ulong at, ReadOnlySpan<byte> code) => memory.Write(new Hpa(at), code, false);

    /// <summary>What memory holds now; valid until the next call.</summary>
    public ReadOnlySpan<byte> Memory()
    {
        memory.Read(new Hpa(0), copy, false);
        return copy;
    }

    public void Dispose()
    {
        Core.Dispose();
        memory.Dispose();
    }

    private sealed class FlatCosts : ICostModel
    {
        public string Name => "fuzz";

        public uint BlockCycles(ReadOnlySpan<byte> code, ulong rip, int instructions) => (uint)instructions;

        public uint OperationCycles(Operation operation) => 1;
    }
}
