using System.Runtime.InteropServices;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Semantics;

/// <summary>
/// Runs one user-mode instruction on the processor the test runs on: loads registers and flags from a frame, executes,
/// stores them back. R15 holds the frame and RSP is the host's, so neither may be an operand.
/// </summary>
internal sealed unsafe partial class NativeCode : IDisposable
{
    private const int Size = 4096, ReadWriteExecute = 7, PrivateAnonymous = 0x22;
    private readonly byte* page;

    public NativeCode() => page = (byte*)Mmap(0, Size, ReadWriteExecute, PrivateAnonymous, -1, 0);

    /// <summary>Linux on x86-64 that allows writable code.</summary>
    public static bool IsAvailable =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    public bool IsMapped => (nint)page != -1;

    /// <summary>Executes <paramref name="instruction"/> on 16 registers and RFLAGS (element 16).</summary>
    public void Run(in Instruction instruction, ulong* frame)
    {
        Assembler a = new(64);
        AssemblerRegister64[] saved = [rbx, rbp, r12, r13, r14, r15];
        foreach (AssemblerRegister64 register in saved)
            a.push(register);
        a.mov(r15, rdi);
        a.push(__qword_ptr[r15 + 128]);
        a.popfq();
        AssemblerRegister64[] all = [rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14];
        int[] slots = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];
        for (int i = 0; i < all.Length; i++)
            a.mov(all[i], __[r15 + (slots[i] * 8)]);
        a.AddInstruction(instruction);
        for (int i = 0; i < all.Length; i++)
            a.mov(__[r15 + (slots[i] * 8)], all[i]);
        a.pushfq();
        a.pop(__qword_ptr[r15 + 128]);
        for (int i = saved.Length - 1; i >= 0; i--)
            a.pop(saved[i]);
        a.cld();
        a.ret();
        using MemoryStream code = new();
        a.Assemble(new StreamCodeWriter(code), (ulong)page);
        code.ToArray().CopyTo(new Span<byte>(page, Size));
        ((delegate* unmanaged<ulong*, void>)page)(frame);
    }

    public void Dispose() => _ = Munmap((nint)page, Size);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Mmap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Munmap(nint address, nuint length);
}
