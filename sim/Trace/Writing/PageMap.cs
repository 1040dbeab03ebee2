using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Seamsim.Trace;

/// <summary>
/// Every translation the run has told, so that a frame can repeat those that it needs. In front of it sits a small
/// direct-mapped table of what this frame already holds or nobody knows, since every access asks.
/// </summary>
internal sealed class PageMap
{
    private const int Slots = 1024;
    private const ulong TaggedSpaces = 4096;

    private readonly Dictionary<(ulong Space, ulong Page), Entry> all = [];
    private readonly ulong[] recent = new ulong[Slots];

    /// <summary>A frame begins, and holds nothing.</summary>
    public void Forget() => Array.Fill(recent, ulong.MaxValue);

    /// <summary>Whether this frame surely holds the page.</summary>
    public bool Holds(ulong space, ulong page) => Tags(space) && HoldsTagged(space, page);

    /// <summary>Whether pages of the space have tags: their address and the space together.</summary>
    public static bool Tags(ulong space) => space < TaggedSpaces;

    /// <summary>As <see cref="Holds"/>, of a space that <see cref="Tags"/> says yes to. There are <see cref="Slots"/> slots.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool HoldsTagged(ulong space, ulong page) =>
        Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(recent), (nint)((page >> 12) ^ space) & (Slots - 1)) == (page | space);

    /// <summary>The translation as the run told it, to be told again by this frame; null: it has it, or nobody knows it.</summary>
    public ulong[]? Missing(ulong space, ulong page, long frame)
    {
        if (space < TaggedSpaces)
            recent[(int)((page >> 12) ^ space) & (Slots - 1)] = page | space;
        if (!all.TryGetValue((space, page), out Entry? entry) || entry.Frame == frame)
            return null;
        entry.Frame = frame;
        return entry.Operands;
    }

    public void Learn(ulong space, ReadOnlySpan<ulong> operands, long frame)
    {
        if (operands.IsEmpty)
            return;
        ulong page = operands[0] & ~0xFFFUL;
        all[(space, page)] = new Entry { Operands = operands.ToArray(), Frame = frame };
    }

    private sealed class Entry
    {
        public required ulong[] Operands { get; init; }

        public long Frame { get; set; }
    }
}
