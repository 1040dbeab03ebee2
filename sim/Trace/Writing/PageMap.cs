namespace Seamsim.Trace;

/// <summary>
/// Every translation the run has told, so that a frame can repeat those that it needs. In front of it sits a small
/// direct-mapped table of what this frame already holds, since every access asks.
/// </summary>
internal sealed class PageMap
{
    private const int Slots = 4096;

    private readonly Dictionary<(ulong Space, ulong Page), Entry> all = [];
    private readonly (ulong Space, ulong Page, long Frame)[] recent = new (ulong, ulong, long)[Slots];

    /// <summary>The translation as the run told it, to be told again by this frame; null: it has it, or nobody knows it.</summary>
    public ulong[]? Missing(ulong space, ulong page, long frame)
    {
        ref (ulong Space, ulong Page, long Frame) slot = ref recent[(int)((page >> 12) ^ space) & (Slots - 1)];
        if (slot.Page == page && slot.Space == space && slot.Frame == frame)
            return null;
        slot = (space, page, frame);
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
