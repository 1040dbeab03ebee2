using System.Runtime.InteropServices;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Float;

/// <summary>What an x87 instruction takes and gives: FXSAVE images, RAX, RFLAGS and the memory RSI names.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct X87Frame
{
    public const int MemoryOffset = 1040, MemoryBytes = 128;
    public fixed byte Before[512], After[512];
    public ulong Rax, Rflags;
    public fixed byte Memory[MemoryBytes];
}

/// <summary>One x87 instruction on the processor the tests run on.</summary>
internal sealed unsafe partial class HostX87Code : IDisposable
{
    private const int Size = 4096, ReadWriteExecute = 7, PrivateAnonymous = 0x22, FrameOffset = 2048;
    private readonly byte* page;

    public HostX87Code() => page = (byte*)Mmap(0, Size, ReadWriteExecute, PrivateAnonymous, -1, 0);

    /// <summary>Where the frame lives; aligned as FXSAVE needs it.</summary>
    public X87Frame* Frame => (X87Frame*)(page + FrameOffset);

    /// <summary>Executes the bytes, whose memory operand may be [RSI].</summary>
    public void Run(ReadOnlySpan<byte> instruction)
    {
        Assembler a = new(64);
        a.lea(rsi, __[rdi + X87Frame.MemoryOffset]);
        a.fxrstor64(__[rdi]);
        a.mov(rax, __[rdi + 1024]);
        a.push(__qword_ptr[rdi + 1032]);
        a.popfq();
        a.db(instruction.ToArray());
        a.pushfq();
        a.pop(__qword_ptr[rdi + 1032]);
        a.mov(__[rdi + 1024], rax);
        a.fxsave64(__[rdi + 512]);
        a.fninit();
        a.ret();
        using MemoryStream code = new();
        a.Assemble(new StreamCodeWriter(code), (ulong)page);
        code.ToArray().CopyTo(new Span<byte>(page, FrameOffset));
        ((delegate* unmanaged<X87Frame*, void>)page)(Frame);
    }

    public void Dispose() => _ = Munmap((nint)page, Size);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Mmap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Munmap(nint address, nuint length);
}
