using System.Runtime.InteropServices;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Float;

/// <summary>What a run on the machine's own processor takes and gives: three vectors, MXCSR and RAX.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct HostFrame
{
    public fixed ulong Vector0[8], Vector1[8], Vector2[8];
    public uint Mxcsr, HostMxcsr;
    public ulong Rax;
    public fixed byte Memory[128];
}

/// <summary>
/// A few instructions on the processor the tests run on, with xmm0..xmm2 (or zmm), MXCSR and RAX from a frame that RDI
/// names.
/// </summary>
internal sealed unsafe partial class HostVectorCode : IDisposable
{
    private const int Size = 4096, ReadWriteExecute = 7, PrivateAnonymous = 0x22;
    private readonly byte* page;

    public HostVectorCode(Action<Assembler> body, bool wide = false)
    {
        page = (byte*)Mmap(0, Size, ReadWriteExecute, PrivateAnonymous, -1, 0);
        Assembler a = new(64);
        AssemblerRegisterXMM[] narrow = [xmm0, xmm1, xmm2];
        AssemblerRegisterZMM[] full = [zmm0, zmm1, zmm2];
        a.stmxcsr(__dword_ptr[rdi + 196]);
        a.ldmxcsr(__dword_ptr[rdi + 192]);
        for (int i = 0; i < 3; i++)
            if (wide)
                a.vmovdqu64(full[i], __[rdi + (i * 64)]);
            else
                a.movdqu(narrow[i], __[rdi + (i * 64)]);
        a.mov(rax, __[rdi + 200]);
        body(a);
        a.mov(__[rdi + 200], rax);
        for (int i = 0; i < 3; i++)
            if (wide)
                a.vmovdqu64(__[rdi + (i * 64)], full[i]);
            else
                a.movdqu(__[rdi + (i * 64)], narrow[i]);
        a.stmxcsr(__dword_ptr[rdi + 192]);
        a.ldmxcsr(__dword_ptr[rdi + 196]);
        if (wide)
            a.vzeroupper();
        a.ret();
        using MemoryStream code = new();
        a.Assemble(new StreamCodeWriter(code), (ulong)page);
        code.ToArray().CopyTo(new Span<byte>(page, Size));
    }

    /// <summary>Linux on x86-64.</summary>
    public static bool IsAvailable =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    public void Run(ref HostFrame frame)
    {
        fixed (HostFrame* at = &frame)
            ((delegate* unmanaged<HostFrame*, void>)page)(at);
    }

    public void Dispose() => _ = Munmap((nint)page, Size);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Mmap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Munmap(nint address, nuint length);
}
