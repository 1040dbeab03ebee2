using BenchmarkDotNet.Attributes;
using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Timing;

namespace Seamsim.Perf.Engine;

/// <summary>
/// Interpreter speed on an integer kernel, paging, code-write checks and instruction budget on, result checked. The
/// target is 350 MIPS: 100 rounds are 216,927,459 instructions, so 620 ms an operation.
/// </summary>
public unsafe class InterpreterBenchmarks
{
    private const ulong Rounds = 100, Hash = 0x58a4133cbc214f39;
    private GuestMachine machine = null!, timed = null!;

    [GlobalSetup]
    public void Setup()
    {
        byte[] program = GuestMachine.ReadListing("integer-kernel.lst");
        machine = new GuestMachine(program);
        timed = new GuestMachine(program, new Interval(CoreParameters.Shipped));
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        machine.Dispose();
        timed.Dispose();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = 216_927_459, Description = "instruction of the integer kernel")]
    public ulong IntegerKernel() => Run(machine);

    [Benchmark(OperationsPerInvoke = 216_927_459, Description = "the same under interval")]
    public ulong IntegerKernelTimed() => Run(timed);

    private static ulong Run(GuestMachine machine)
    {
        ulong hash = machine.Call(Rounds);
        return hash == Hash ? hash : throw new InvalidOperationException($"wrong result {hash:x}");
    }
}

/// <summary>
/// Decode rate: blocks of instructions that are executed once. The baseline is what a loop over them costs once they
/// are decoded, so the difference is decoding.
/// </summary>
public unsafe class DecodeBenchmarks
{
    private const int Instructions = 40_000;
    private GuestMachine machine = null!;

    [GlobalSetup]
    public void Setup()
    {
        using MemoryStream code = new();
        Assembler a = new(64);
        for (int i = 0; i < Instructions - 1; i++)
            a.add(AssemblerRegisters.rax, i & 0x7F);
        a.ret();
        a.Assemble(new StreamCodeWriter(code), GuestMachine.Code);
        machine = new GuestMachine(code.ToArray());
    }

    [GlobalCleanup]
    public void Cleanup() => machine.Dispose();

    [Benchmark(OperationsPerInvoke = Instructions, Baseline = true)]
    public ulong Decoded() => machine.Call(0);

    [Benchmark(OperationsPerInvoke = Instructions)]
    public ulong DecodedAnew()
    {
        // a write to each code page drops its blocks
        for (ulong page = 0; page < 41; page++)
        {
            Hpa at = new(GuestMachine.Code + (page << 12) + 0xFFF);
            byte same = machine.Memory.Read<byte>(at, false, out _);
            machine.Memory.Write(at, same, false);
        }
        return machine.Call(0);
    }
}
