using BenchmarkDotNet.Attributes;
using Seamsim.Host;
using Seamsim.Host.Kernel;

namespace Seamsim.Perf.Platforms;

/// <summary>
/// One SEAMCALL round trip on a READY platform, from the host's stub bytes through SEAM root and back. The baseline is a
/// leaf that does nothing, so the others show what their work adds.
/// </summary>
[MemoryDiagnoser]
public class SeamcallBenchmarks
{
    private const int Calls = 2_000;
    private const ulong Shutdown = 44, SysInfo = 32, Rdmd = 24;
    private Machine machine = null!;
    private ulong buffer;

    [GlobalSetup]
    public void Setup()
    {
        machine = new Machine(new Platform { MaxInstructions = ulong.MaxValue });
        machine.BringUp();
        buffer = machine.AllocatePages(2) ?? throw new InvalidOperationException("no memory");
    }

    [GlobalCleanup]
    public void Cleanup() => machine.Dispose();

    [Benchmark(OperationsPerInvoke = Calls, Baseline = true, Description = "TDH.SYS.LP.SHUTDOWN (no-op)")]
    public ulong Trivial() => Repeat(Shutdown, 0, 0, 0, 0);

    [Benchmark(OperationsPerInvoke = Calls, Description = "TDH.PHYMEM.PAGE.RDMD (PAMT walk)")]
    public ulong PamtWalk() => Repeat(Rdmd, buffer, 0, 0, 0);

    [Benchmark(OperationsPerInvoke = Calls, Description = "TDH.SYS.INFO (1.5 KiB written)")]
    public ulong Heavy() => Repeat(SysInfo, buffer, 1024, buffer + 4096, 32);

    private ulong Repeat(ulong leaf, ulong rcx, ulong rdx, ulong r8, ulong r9)
    {
        ulong status = machine.Execute(0, async cpu =>
        {
            for (int i = 0; i < Calls; i++)
            {
                (cpu.Gpr(0), cpu.Gpr(1), cpu.Gpr(2), cpu.Gpr(8), cpu.Gpr(9)) = (leaf, rcx, rdx, r8, r9);
                await cpu.Execute(Stub.Seamcall);
                if (cpu.Gpr(0) != 0)
                    break;
            }
            return cpu.Gpr(0);
        });
        return status == 0 ? status : throw new InvalidOperationException($"leaf {leaf}: 0x{status:X}");
    }
}
