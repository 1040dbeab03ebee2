using System.Runtime.InteropServices;

namespace Seamsim.Tests.Isa.Native;

/// <summary>What the trampoline loads before the instruction and stores after it, at <see cref="HostArena.Frame"/>.</summary>
[StructLayout(LayoutKind.Explicit)]
internal unsafe struct HostFrame
{
    public const int SavedRsp = 0, SavedMxcsr = 8, Ending = 16, Signal = 24, Flags = 32, Gpr = 64, Handlers = 256,
        Xsave = 0x1000;

    /// <summary>How the instruction ended.</summary>
    [FieldOffset(Ending)] public HostEnding HowItEnded;

    /// <summary>The signal the instruction raised; 0 for none.</summary>
    [FieldOffset(Signal)] public int RaisedSignal;

    [FieldOffset(Flags)] public ulong Rflags;

    [FieldOffset(Gpr)] public fixed ulong Gprs[16];

    /// <summary>By signal number: the handlers that were installed before.</summary>
    [FieldOffset(Handlers)] public fixed ulong OldHandlers[32];

    /// <summary>An image in the standard format of XSAVE.</summary>
    [FieldOffset(Xsave)] public fixed byte Image[0x2000];
}

internal enum HostEnding : uint
{
    /// <summary>RIP is behind the instruction.</summary>
    FellThrough,

    /// <summary>RIP is where the simulated processor went.</summary>
    Branched,

    /// <summary>RIP is somewhere else on the code pages.</summary>
    Elsewhere,

    /// <summary>A signal.</summary>
    Faulted,
}
