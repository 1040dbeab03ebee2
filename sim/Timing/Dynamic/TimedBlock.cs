using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Timing.Dynamic;

/// <summary>The op in front of a block as the interval model fills it: the engine only knows its handler.</summary>
[StructLayout(LayoutKind.Sequential, Size = 96)]
internal unsafe struct TimedBlock
{
    /// <summary>The handler.</summary>
    public delegate*<LogicalProcessor*, Op*, Op*> Fn;

    /// <summary>The <see cref="TimingState.Epoch"/> in which all its lines were fetched last.</summary>
    public ulong Epoch;

    /// <summary>What entering it adds to <see cref="TimingState.Spent"/>.</summary>
    public Vector256<ulong> Cost;

    /// <summary>First physical line (KeyID included) and last.</summary>
    public ulong FirstLine, LastLine;

    /// <summary>Linear address of the first byte.</summary>
    public ulong Linear;
}
