using System.Runtime.InteropServices;

namespace Seamsim.Tests.Isa.Native;

/// <summary>
/// Memory of the test process at the linear addresses the simulated processor uses too, so that one encoding with one
/// set of registers means the same to both. All of it lies below 2 GiB: 32-bit displacements and addresses reach it.
/// </summary>
internal sealed unsafe partial class HostArena : IDisposable
{
    /// <summary>The page that holds the instruction, and the one behind it.</summary>
    public const ulong Code = 0x100000, CodeBytes = 0x2000;

    /// <summary>Where the code that loads and stores the processor's state lies, and what it works on.</summary>
    public const ulong Trampoline = 0x110000, Frame = 0x120000;

    /// <summary>Stack of signal handlers.</summary>
    public const ulong SignalStack = 0x130000, SignalStackBytes = 0x20000;

    /// <summary>What both processors start with and what is compared: the top of the stack, then the operands.</summary>
    public const ulong Window = 0x1FF000, Data = 0x200000, WindowEnd = 0x202000;

    public const int WindowBytes = (int)(WindowEnd - Window);

    private const ulong StackBottom = 0x1C0000;
    private const int Read = 1, Write = 2, Execute = 4, PrivateAnonymousFixedNoReplace = 0x100022;

    private readonly List<(ulong At, ulong Bytes)> mapped = [];

    private HostArena()
    {
    }

    /// <summary>Maps the pages; null when the system does not allow writable code or something lies there.</summary>
    public static HostArena? TryMap()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return null;
        HostArena arena = new();
        bool ok = arena.Map(Code, CodeBytes, Read | Write | Execute)
            && arena.Map(Trampoline, 0x1000, Read | Write | Execute)
            && arena.Map(Frame, 0x4000, Read | Write)
            && arena.Map(SignalStack, SignalStackBytes, Read | Write)
            && arena.Map(StackBottom, WindowEnd - StackBottom, Read | Write);
        if (ok)
            return arena;
        arena.Dispose();
        return null;
    }

    public void Dispose()
    {
        foreach ((ulong at, ulong bytes) in mapped)
            _ = Munmap((nint)at, (nuint)bytes);
        mapped.Clear();
    }

    private bool Map(ulong at, ulong bytes, int protection)
    {
        nint result = Mmap((nint)at, (nuint)bytes, protection, PrivateAnonymousFixedNoReplace, -1, 0);
        if (result == -1)
            return false;
        mapped.Add(((ulong)result, bytes));
        return (ulong)result == at;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Mmap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Munmap(nint address, nuint length);
}
