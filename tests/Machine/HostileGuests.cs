using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Composition;

/// <summary>Guests that want to do harm, made from a seed: flat binaries that start at 1 MiB in 64-bit mode.</summary>
internal static class HostileGuests
{
    private const ulong Base = 0x10_0000, Tables = 0xFFFF_8000;
    private const int Steps = 40;
    private static readonly byte[] Tdcall = [0x66, 0x0F, 0x01, 0xCC];
    private static readonly int[] Subfunctions = [1, 10, 12, 28, 30, 31, 32, 48, 0x1_0000, 0x1_0001, 0x1_0003, 0x1_0005];

    /// <summary>Every kind of guest, by name.</summary>
    public static readonly IReadOnlyList<(string Name, Func<Random, byte[]> Make)> Kinds =
    [
        ("random bytes",           Bytes),
        ("jmp $",                  _ => [0xEB, 0xFE]),
        ("all ones",               _ => [.. Enumerable.Repeat((byte)0xFF, 4096)]),
        ("hlt",                    _ => [0xF4, 0xEB, 0xFD]),
        ("sti; hlt",               _ => [0xFB, 0xF4, 0xEB, 0xFC]),
        ("ud2",                    _ => [0x0F, 0x0B]),
        ("lidt of garbage",        r => Loop(r, (a, _) => { a.lidt(__[Base]); a.int3(); })),
        ("random TDCALLs",         r => Loop(r, AnyTdcall)),
        ("random TDG.VP.VMCALLs",  r => Loop(r, AnyVmcall)),
        ("port storm",             r => Loop(r, AnyPort)),
        ("MSR storm",              r => Loop(r, AnyMsr)),
        ("CPUID storm",            r => Loop(r, AnyCpuid)),
        ("control registers",      r => Loop(r, AnyControlRegister)),
        ("VMX and SEAM",           r => Loop(r, AnyVirtualization)),
        ("stacks and tables",      r => Loop(r, AnySystemState)),
        ("writes over itself",     r => Loop(r, (a, random) => Fill(a, Base, random.Next(1, 400), random))),
        ("writes over its tables", r => Loop(r, (a, random) => Fill(a, Tables, random.Next(1, 28_000), random))),
        ("a bit of everything",    r => Loop(r, Anything)),
    ];

    /// <summary>TDG.VP.VMCALL&lt;Instruction.IO&gt; of a port nobody answers, for ever: an exit every few instructions.</summary>
    public static byte[] PortReads() => Loop(new Random(0), (code, _) =>
    {
        code.xor(eax, eax);
        code.mov(ecx, 0xFC00);
        code.xor(r10d, r10d);
        code.mov(r11d, 30);
        code.mov(r12d, 1);
        code.xor(r13d, r13d);
        code.mov(r14d, 0x80);
        code.db(Tdcall);
    });

    private static byte[] Bytes(Random random)
    {
        byte[] bytes = new byte[4096];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Steps one behind the other, for ever.</summary>
    private static byte[] Loop(Random random, Action<Assembler, Random> step)
    {
        Assembler code = new(64);
        Label top = code.CreateLabel();
        code.Label(ref top);
        for (int i = 0; i < Steps; i++)
            step(code, random);
        code.jmp(top);
        using MemoryStream bytes = new();
        code.Assemble(new StreamCodeWriter(bytes), Base);
        return bytes.ToArray();
    }

    /// <summary>Numbers that leaves and instructions have opinions about.</summary>
    private static ulong Value(Random random) => random.Next(8) switch
    {
        0 => (ulong)random.Next(64),
        1 => 1UL << random.Next(64),
        2 => ulong.MaxValue,
        3 => (ulong)random.NextInt64(),
        4 => Base + (ulong)random.Next(8192),
        5 => (1UL << 47) + (ulong)random.Next(1 << 21),
        6 => Tables + (ulong)random.Next(0x8000),
        _ => (ulong)random.Next(1 << 21),
    };

    private static void AnyRegisters(Assembler code, Random random)
    {
        AssemblerRegister64[] registers = [rbx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15];
        foreach (AssemblerRegister64 register in registers)
            code.mov(register, Value(random));
    }

    private static void AnyTdcall(Assembler code, Random random)
    {
        AnyRegisters(code, random);
        code.mov(rax, random.Next(6) == 0 ? Value(random) : (uint)random.Next(32) | ((uint)random.Next(3) << 16));
        code.mov(rcx, Value(random));
        code.db(Tdcall);
    }

    private static void AnyVmcall(Assembler code, Random random)
    {
        AnyRegisters(code, random);
        code.mov(rax, 0UL);
        code.mov(rcx, random.Next(4) == 0 ? Value(random) : 0xFC00UL);
        code.mov(r10, random.Next(4) == 0 ? Value(random) : 0UL);
        code.mov(r11, random.Next(5) == 0 ? Value(random) : (ulong)Subfunctions[random.Next(Subfunctions.Length)]);
        code.db(Tdcall);
    }

    private static void AnyPort(Assembler code, Random random)
    {
        code.mov(edx, (uint)random.Next(65536));
        code.mov(rcx, Value(random));
        code.mov(rsi, Value(random));
        code.mov(rdi, Value(random));
        switch (random.Next(4))
        {
            case 0: code.@in(eax, dx); break;
            case 1: code.@out(dx, al); break;
            case 2: code.rep.outsb(); break;
            default: code.rep.insd(); break;
        }
    }

    private static void AnyMsr(Assembler code, Random random)
    {
        code.mov(rax, Value(random));
        code.mov(rdx, Value(random));
        code.mov(ecx, random.Next(2) == 0 ? (uint)random.Next(0x2000) : 0xC000_0080 + (uint)random.Next(256));
        if (random.Next(2) == 0)
            code.rdmsr();
        else
            code.wrmsr();
    }

    private static void AnyCpuid(Assembler code, Random random)
    {
        code.mov(eax, random.Next(2) == 0 ? (uint)random.Next(64) : 0x8000_0000 + (uint)random.Next(16));
        code.mov(ecx, (uint)random.Next(8));
        code.cpuid();
    }

    private static void AnyControlRegister(Assembler code, Random random)
    {
        code.mov(rax, Value(random));
        switch (random.Next(6))
        {
            case 0: code.mov(cr0, rax); break;
            case 1: code.mov(cr3, rax); break;
            case 2: code.mov(cr4, rax); break;
            case 3: code.mov(cr8, rax); break;
            case 4: code.mov(dr7, rax); break;
            default: code.xsetbv(); break;
        }
    }

    private static void AnyVirtualization(Assembler code, Random random)
    {
        switch (random.Next(6))
        {
            case 0: code.seamcall(); break;
            case 1: code.seamret(); break;
            case 2: code.seamops(); break;
            case 3: code.vmlaunch(); break;
            case 4: code.vmxon(__qword_ptr[rsp]); break;
            default: code.vmcall(); break;
        }
    }

    private static void AnySystemState(Assembler code, Random random)
    {
        code.mov(rax, Value(random));
        switch (random.Next(6))
        {
            case 0: code.@int((byte)random.Next(256)); break;
            case 1: code.push(rax); code.popfq(); break;
            case 2: code.mov(ds, ax); break;
            case 3: code.mov(rsp, rax); break;
            case 4: code.lgdt(__[random.Next(1 << 21)]); break;
            default: code.ltr(ax); break;
        }
    }

    private static void Fill(Assembler code, ulong from, int quadwords, Random random)
    {
        code.mov(rdi, from);
        code.mov(ecx, quadwords / 8);
        code.mov(rax, Value(random));
        code.rep.stosq();
    }

    private static void Anything(Assembler code, Random random)
    {
        Action<Assembler, Random>[] steps = [AnyTdcall, AnyVmcall, AnyMsr, AnyCpuid, AnyPort];
        steps[random.Next(steps.Length)](code, random);
    }
}
