using System.Runtime.InteropServices;

namespace Seamsim.Isa.Probes;

/// <summary>
/// Where handlers append. Lives outside the managed heap; the LP struct points to it, and all processors of a machine
/// share one, since one runs at a time.
/// </summary>
/// <remarks>
/// Invariant: behind <see cref="Limit"/> there is room for <see cref="BlockWords"/> more words. Only block entries look
/// at the limit.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct ProbeCursor
{
    /// <summary>
    /// Words that one block may append unasked: its entry, the registers, and for each instruction two accesses of a
    /// word or one of a cache line, with their values.
    /// </summary>
    public const int BlockWords = 1 + 17 + (9 * Engine.Interpreter.BlockBuilder.MaxInstructions);

    /// <summary>Where the next word goes.</summary>
    public ulong* Next;

    /// <summary>From here on, <see cref="Observer.Renew"/> has to be asked for room.</summary>
    public ulong* Limit;
}
