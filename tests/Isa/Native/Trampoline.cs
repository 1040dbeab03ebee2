using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Native;

/// <summary>
/// The code around an instruction on the host: loads every register from the frame, jumps to the instruction, and
/// stores every register from one of the landing places. It addresses the frame absolutely, so that no register is its
/// own, RSP included.
/// </summary>
internal sealed unsafe class Trampoline
{
    private const ulong Safe = 0x202; // IF: no direction, no trap, no alignment check

    private Trampoline(ulong start, ulong[] exits, ulong handler)
    {
        (Start, Exits, SignalHandler) = (start, exits, handler);
    }

    /// <summary>Entry, a function without arguments.</summary>
    public ulong Start { get; }

    /// <summary>Landing places by <see cref="HostEnding"/>.</summary>
    public IReadOnlyList<ulong> Exits { get; }

    /// <summary>A signal handler with three arguments.</summary>
    public ulong SignalHandler { get; }

    /// <summary>Writes the code to <see cref="HostArena.Trampoline"/>.</summary>
    public static Trampoline Write(ulong instruction, uint components)
    {
        Assembler a = new(64);
        Label exit = a.CreateLabel();
        Enter(a, instruction, components);
        Label[] exits = [.. Enum.GetValues<HostEnding>().Select(_ => a.CreateLabel())];
        for (int i = 0; i < exits.Length; i++)
        {
            a.Label(ref exits[i]);
            a.mov(__dword_ptr[At(HostFrame.Ending)], i);
            a.jmp(exit);
        }
        a.Label(ref exit);
        Leave(a, components);
        Label handler = a.CreateLabel();
        a.Label(ref handler);
        Handle(a, exits[(int)HostEnding.Faulted]);
        using MemoryStream code = new();
        AssemblerResult result = a.Assemble(
            new StreamCodeWriter(code), HostArena.Trampoline, BlockEncoderOptions.ReturnNewInstructionOffsets);
        code.ToArray().CopyTo(new Span<byte>((void*)HostArena.Trampoline, 0x1000));
        return new Trampoline(
            HostArena.Trampoline, [.. exits.Select(label => result.GetLabelRIP(label))], result.GetLabelRIP(handler));
    }

    private static long At(int field) => (long)HostArena.Frame + field;

    private static AssemblerRegister64[] General =>
        [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];

    private static void Enter(Assembler a, ulong instruction, uint components)
    {
        AssemblerRegister64[] all = General;
        foreach (AssemblerRegister64 register in (AssemblerRegister64[])[rbx, rbp, r12, r13, r14, r15])
            a.push(register);
        a.mov(__qword_ptr[At(HostFrame.SavedRsp)], rsp);
        a.stmxcsr(__dword_ptr[At(HostFrame.SavedMxcsr)]);
        a.mov(eax, components);
        a.xor(edx, edx);
        a.xrstor(__[At(HostFrame.Xsave)]);
        a.push(__qword_ptr[At(HostFrame.Flags)]);
        a.popfq();
        for (int i = 0; i < all.Length; i++)
            a.mov(all[i], __qword_ptr[At(HostFrame.Gpr + (i * 8))]);
        a.jmp(instruction);
    }

    private static void Leave(Assembler a, uint components)
    {
        AssemblerRegister64[] all = General;
        for (int i = 0; i < all.Length; i++)
            a.mov(__qword_ptr[At(HostFrame.Gpr + (i * 8))], all[i]);
        a.mov(rsp, __qword_ptr[At(HostFrame.SavedRsp)]);
        a.pushfq();
        a.pop(__qword_ptr[At(HostFrame.Flags)]);
        a.push((int)Safe);
        a.popfq();
        a.mov(eax, components);
        a.xor(edx, edx);
        a.xsave(__[At(HostFrame.Xsave)]);
        a.fninit();
        a.ldmxcsr(__dword_ptr[At(HostFrame.SavedMxcsr)]);
        a.vzeroupper();
        foreach (AssemblerRegister64 register in (AssemblerRegister64[])[r15, r14, r13, r12, rbp, rbx])
            a.pop(register);
        a.ret();
    }

    /// <summary>
    /// On a signal of the instruction goes on at the landing place for faults, on any other to the handler before.
    /// The third argument is a ucontext_t of Linux: REG_RSP, REG_RIP and REG_EFL are registers 15 to 17 behind 40 bytes.
    /// </summary>
    private static void Handle(Assembler a, Label faulted)
    {
        const int stack = 40 + (15 * 8), rip = 40 + (16 * 8), flags = 40 + (17 * 8);
        Label foreign = a.CreateLabel();
        a.mov(rax, __qword_ptr[rdx + rip]);
        a.sub(rax, (int)HostArena.Code);
        a.cmp(rax, (int)HostArena.CodeBytes);
        a.jae(foreign);
        a.mov(__dword_ptr[At(HostFrame.Signal)], edi);
        a.lea(rax, __[faulted]);
        a.mov(__qword_ptr[rdx + rip], rax);
        a.mov(rax, __qword_ptr[At(HostFrame.SavedRsp)]); // the kernel cannot return to any RSP
        a.mov(__qword_ptr[rdx + stack], rax);
        a.and(__qword_ptr[rdx + flags], ~0x40100); // TF, AC
        a.ret();
        a.Label(ref foreign);
        a.mov(eax, edi);
        a.jmp(__qword_ptr[(rax * 8) + At(HostFrame.Handlers)]);
    }
}
