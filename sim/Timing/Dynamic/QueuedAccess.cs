using System.Runtime.InteropServices;

namespace Seamsim.Timing.Dynamic;

/// <summary>An access that the filter did not answer.</summary>
[StructLayout(LayoutKind.Sequential, Size = TimingState.QueueBytes)]
internal struct QueuedAccess
{
    /// <summary>Of <see cref="BytesAndWrite"/>: a store.</summary>
    public const int Write = 1 << 16;

    /// <summary>Linear address.</summary>
    public ulong Linear;

    /// <summary>The line that was accessed last of its slot.</summary>
    public ulong Before;

    /// <summary>
    /// What a load of four or eight bytes read; otherwise 0. Where it goes across lines, the one accessed last of the slot of the
    /// second.
    /// </summary>
    public ulong Value;

    /// <summary>Instructions before its block (modulo 2^32).</summary>
    public uint Position;

    /// <summary>Its size, 1..64 bytes, and <see cref="Write"/>.</summary>
    public int BytesAndWrite;

    /// <summary>Linear address of the last byte.</summary>
    public readonly ulong Last => Linear + (ushort)BytesAndWrite - 1;

    /// <summary>Whether it is a store.</summary>
    public readonly bool IsWrite => (BytesAndWrite & Write) != 0;
}
