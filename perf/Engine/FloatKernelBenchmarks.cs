using BenchmarkDotNet.Attributes;
using Iced.Intel;
using Seamsim.Isa;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Perf.Engine;

/// <summary>
/// Interpreter speed on floating-point kernels, results checked against .NET. The target is 60 MIPS: 17 ns an
/// instruction.
/// </summary>
public unsafe class FloatKernelBenchmarks
{
    private const int Size = 64, Row = Size * sizeof(double), Elements = 4096;
    private const ulong A = 0x200000, B = 0x210000, C = 0x220000, X = 0x230000, Y = 0x240000;

    // instructions: 8 for each product pair, 9 around them for each pair of results, 5 for each row, 2 more
    private const int MatmulInstructions = (Size * ((Size / 2 * ((Size * 8) + 9)) + 5)) + 2;

    // 7 for each eight elements, 4 more
    private const int SaxpyInstructions = (Elements / 8 * 7) + 4;

    private const int Ymm2 = 2 * 8; // in the state's 64-bit words
    private const ulong Half = 0x3F000000;

    private GuestMachine matmul = null!, saxpy = null!;
    private double[] product = null!;

    [GlobalSetup]
    public void Setup()
    {
        matmul = new GuestMachine(Assemble(WriteMatmul));
        saxpy = new GuestMachine(Assemble(WriteSaxpy));
        double[] a = new double[Size * Size], b = new double[Size * Size];
        for (int i = 0; i < a.Length; i++)
            (a[i], b[i]) = (Math.Sqrt(i + 1), 1 / (i + 3.0));
        Store(matmul, A, a);
        Store(matmul, B, b);
        product = Multiply(a, b);
        for (ulong i = 0; i < Elements; i++)
            saxpy.Memory.Write(new Hpa(X + (i * sizeof(float))), 1 / (i + 7f), false);
        for (int i = 0; i < 4; i++)
            saxpy.Core.Lp->Zmm[Ymm2 + i] = Half | (Half << 32);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        matmul.Dispose();
        saxpy.Dispose();
    }

    [Benchmark(OperationsPerInvoke = MatmulInstructions, Description = "instruction of an SSE2 matrix product")]
    public void Matmul()
    {
        matmul.Call(0);
        for (ulong i = 0; i < Size * Size; i++)
            if (matmul.Memory.Read<double>(new Hpa(C + (i * sizeof(double))), false, out _) != product[i])
                throw new InvalidOperationException($"wrong result {i}");
    }

    [Benchmark(OperationsPerInvoke = SaxpyInstructions, Description = "instruction of an AVX2 saxpy")]
    public void Saxpy() => saxpy.Call(0);

    private static void WriteMatmul(Assembler a)
    {
        Label row = a.CreateLabel("row"), pair = a.CreateLabel("pair"), sum = a.CreateLabel("sum");
        a.mov(r8, A);
        a.mov(r10, C);
        a.Label(ref row);
        a.mov(r9, B);
        a.mov(r11d, Size / 2);
        a.Label(ref pair);
        a.xorpd(xmm0, xmm0);
        a.mov(rsi, r8);
        a.mov(rdx, r9);
        a.mov(ecx, Size);
        a.Label(ref sum);
        a.movsd(xmm1, __[rsi]);
        a.unpcklpd(xmm1, xmm1);
        a.mulpd(xmm1, __[rdx]);
        a.addpd(xmm0, xmm1);
        a.add(rsi, sizeof(double));
        a.add(rdx, Row);
        a.dec(ecx);
        a.jne(sum);
        a.movapd(__[r10], xmm0);
        a.add(r10, 2 * sizeof(double));
        a.add(r9, 2 * sizeof(double));
        a.dec(r11d);
        a.jne(pair);
        a.add(r8, Row);
        a.cmp(r8, (int)(A + (Size * Row)));
        a.jne(row);
        a.ret();
    }

    private static void WriteSaxpy(Assembler a)
    {
        Label next = a.CreateLabel("next");
        a.mov(rsi, X);
        a.mov(rdx, Y);
        a.mov(ecx, Elements / 8);
        a.Label(ref next);
        a.vmulps(ymm0, ymm2, __[rsi]);
        a.vaddps(ymm0, ymm0, __[rdx]);
        a.vmovups(__[rdx], ymm0);
        a.add(rsi, 32);
        a.add(rdx, 32);
        a.dec(ecx);
        a.jne(next);
        a.ret();
    }

    private static byte[] Assemble(Action<Assembler> write)
    {
        Assembler a = new(64);
        write(a);
        using MemoryStream bytes = new();
        a.Assemble(new StreamCodeWriter(bytes), GuestMachine.Code);
        return bytes.ToArray();
    }

    private static void Store(GuestMachine machine, ulong at, double[] values)
    {
        for (int i = 0; i < values.Length; i++)
            machine.Memory.Write(new Hpa(at + ((ulong)i * sizeof(double))), values[i], false);
    }

    private static double[] Multiply(double[] a, double[] b)
    {
        double[] c = new double[Size * Size];
        for (int i = 0; i < Size; i++)
            for (int j = 0; j < Size; j++)
                for (int k = 0; k < Size; k++)
                    c[(i * Size) + j] += a[(i * Size) + k] * b[(k * Size) + j];
        return c;
    }
}
