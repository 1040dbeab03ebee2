using BenchmarkDotNet.Attributes;

namespace Seamsim.Perf.Engine;

/// <summary>
/// Interpreter speed on single-precision matrix product and saxpy, result checked. The target is 60 MIPS for both. The
/// pair shows what vector width and fusing are worth: the rounds are the same, the instructions are not. The hashes are
/// what an x86-64 processor computes; they differ because a fused product is rounded once.
/// </summary>
public unsafe class FloatBenchmarks
{
    private const ulong Rounds = 100, SseHash = 0x8ef3e253100cac44, AvxHash = 0x398b97758d55a267;
    private const int SseInstructions = 57_512_250, AvxInstructions = 23_114_962;
    private GuestMachine sse2 = null!, avx2 = null!;

    [GlobalSetup]
    public void Setup()
    {
        sse2 = new GuestMachine(GuestMachine.ReadListing("sse2-kernel.lst"));
        avx2 = new GuestMachine(GuestMachine.ReadListing("avx2-kernel.lst"));
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        sse2.Dispose();
        avx2.Dispose();
    }

    [Benchmark(OperationsPerInvoke = SseInstructions, Baseline = true, Description = "instruction of the SSE2 kernel")]
    public ulong Sse2Kernel() => Check(sse2.Call(Rounds), SseHash);

    [Benchmark(OperationsPerInvoke = AvxInstructions, Description = "instruction of the AVX2 and FMA kernel")]
    public ulong Avx2Kernel() => Check(avx2.Call(Rounds), AvxHash);

    private static ulong Check(ulong hash, ulong expected) =>
        hash == expected ? hash : throw new InvalidOperationException($"wrong result {hash:x}");
}
