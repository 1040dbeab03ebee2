using Seamsim.Isa.Memory;
using Seamsim.Isa.Models;
using Seamsim.Isa.State;

namespace Seamsim.Tests.Isa.Models;

/// <summary>Cores of one model on one memory, powered on.</summary>
internal sealed class TestPlatform : IDisposable
{
    public TestPlatform(CpuParameters parameters, Action<CpuModel>? prepare = null)
    {
        Model = CpuModel.Load("sapphire-rapids", parameters);
        prepare?.Invoke(Model);
        Memory = new PhysicalMemory(parameters.Keys, [(0, 1UL << 30)], parameters.Packages);
        Uncore = new Uncore(Model, Memory, seed: 7);
        for (int i = 0; i < parameters.Packages * parameters.LpsPerPackage; i++)
        {
            Cores.Add(new Core(i, i / parameters.LpsPerPackage, Memory, new FlatCosts()));
            Cores[i].PowerOn(Uncore);
        }
    }

    public CpuModel Model { get; }

    public PhysicalMemory Memory { get; }

    public Uncore Uncore { get; }

    public List<Core> Cores { get; } = [];

    public void Dispose()
    {
        foreach (Core core in Cores)
            core.Dispose();
        Memory.Dispose();
    }
}
