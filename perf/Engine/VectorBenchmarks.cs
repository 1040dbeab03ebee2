using BenchmarkDotNet.Attributes;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Perf.Engine;

/// <summary>
/// Interpreter speed on vector kernels that read, compute and write 4 KiB again and again, as compilers emit them. The
/// target is 60 MIPS, 16.7 ns an instruction; masked AVX-512 goes out of line and has none.
/// </summary>
public unsafe class VectorBenchmarks
{
    private const int Rounds = 2000, Bytes = 4096, Overhead = 12;
    private const ulong Buffer = 0x200000;

    private GuestMachine sse2 = null!, avx2 = null!, masked = null!;

    [GlobalSetup]
    public void Setup()
    {
        sse2 = Machine(16, a =>
        {
            a.movdqu(xmm0, __[rsi + rcx]);
            a.paddd(xmm0, xmm7);
            a.pshufd(xmm1, xmm0, 0x1B);
            a.pmullw(xmm1, xmm0);
            a.psrld(xmm0, 7);
            a.pxor(xmm0, xmm1);
            a.punpcklbw(xmm1, xmm0);
            a.pand(xmm1, xmm6);
            a.paddb(xmm0, xmm1);
            a.movdqa(__[rsi + rcx], xmm0);
        });
        avx2 = Machine(32, a =>
        {
            a.vmovdqu(ymm0, __[rsi + rcx]);
            a.vpaddd(ymm0, ymm0, ymm7);
            a.vpshufb(ymm1, ymm0, ymm6);
            a.vpmulld(ymm1, ymm1, ymm0);
            a.vpsrld(ymm2, ymm0, 7);
            a.vpxor(ymm0, ymm2, ymm1);
            a.vpermq(ymm1, ymm0, 0x4E);
            a.vpblendd(ymm1, ymm1, ymm0, 0xAA);
            a.vpaddb(ymm0, ymm0, ymm1);
            a.vmovdqa(__[rsi + rcx], ymm0);
        });
        masked = Machine(64, a =>
        {
            a.vmovdqu32(zmm0, __[rsi + rcx]);
            a.vpaddd(zmm0.k1, zmm0, zmm7);
            a.vpcmpud(k2, zmm0, zmm6, 1);
            a.vpmulld(zmm1, zmm0, zmm0);
            a.vpxord(zmm0.k2, zmm0, zmm1);
            a.vmovdqa32(__[rsi + rcx], zmm0);
        });
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        sse2.Dispose();
        avx2.Dispose();
        masked.Dispose();
    }

    [Benchmark(OperationsPerInvoke = Rounds * Bytes / 16 * Overhead, Description = "instruction of the SSE2 kernel")]
    public ulong Sse2() => Checked(sse2);

    [Benchmark(OperationsPerInvoke = Rounds * Bytes / 32 * Overhead, Description = "instruction of the AVX2 kernel")]
    public ulong Avx2() => Checked(avx2);

    [Benchmark(OperationsPerInvoke = Rounds * Bytes / 64 * (Overhead - 4), Description = "instruction of the masked AVX-512 kernel")]
    public ulong Avx512() => Checked(masked);

    private static ulong Checked(GuestMachine machine)
    {
        ulong last = machine.Call(Rounds);
        return last != 0 ? last : throw new InvalidOperationException("nothing was computed");
    }

    /// <summary>The body for every <paramref name="step"/> bytes of the buffer, RDI times; RAX is the buffer's start.</summary>
    private static GuestMachine Machine(int step, Action<Assembler> body)
    {
        Assembler a = new(64);
        Label round = a.CreateLabel(), next = a.CreateLabel();
        a.mov(rsi, Buffer);
        a.mov(eax, 0x9E3779B9);
        a.movd(xmm7, eax);
        a.vpbroadcastd(zmm7, xmm7);
        a.vmovdqa64(zmm6, zmm7);
        a.mov(eax, 0x5555);
        a.kmovw(k1, eax);
        a.Label(ref round);
        a.xor(ecx, ecx);
        a.Label(ref next);
        body(a);
        a.add(rcx, step);
        a.cmp(rcx, Bytes);
        a.jb(next);
        a.dec(rdi);
        a.jne(round);
        a.mov(rax, __[rsi]);
        a.ret();
        using MemoryStream code = new();
        a.Assemble(new StreamCodeWriter(code), GuestMachine.Code);
        return new GuestMachine(code.ToArray());
    }
}
