namespace Seamsim.Timing.Dynamic;

/// <summary>
/// The lines of L1D that a processor has used last, by linear address: for each slot of the filter up to four, in order of
/// use. They are the first of their set in L1D, so that what a page of them translates to need not be asked.
/// </summary>
internal sealed class RecentLines(CoreParameters p)
{
    private const int LineBits = 6, Most = 4;
    private readonly int depth = (int)Math.Min(Most, p[CoreParameter.L1dWays]);
    private readonly (ulong Line, ulong Physical, bool Owned)[] lines = Empty();

    /// <summary>
    /// When a line that the filter has as the first of its slot is the second here, the two change places.
    /// </summary>
    /// <param name="slot">An address in the slot.</param>
    /// <param name="line">The line.</param>
    /// <param name="physical">Its host-physical address.</param>
    public bool TryExchange(ulong slot, ulong line, out ulong physical)
    {
        Span<(ulong Line, ulong Physical, bool Owned)> set = SetOf(slot);
        physical = set[1].Physical;
        if (set[1].Line != line || line == TimingState.NoLine)
            return false;
        (set[0], set[1]) = (set[1], set[0]);
        return true;
    }

    /// <summary>Finds a line and makes it the first of its slot; for a store only when it is owned.</summary>
    public bool TryFind(ulong line, bool write, out ulong physical)
    {
        Span<(ulong Line, ulong Physical, bool Owned)> set = SetOf(line);
        for (int way = 0; way < set.Length; way++)
        {
            if (set[way].Line != line || (write && !set[way].Owned))
                continue;
            physical = set[way].Physical;
            PutFirst(set, way, set[way]);
            return true;
        }
        physical = 0;
        return false;
    }

    /// <summary>A line was used that <see cref="TryFind"/> did not find.</summary>
    public void Add(ulong line, ulong physical, bool owned)
    {
        Span<(ulong Line, ulong Physical, bool Owned)> set = SetOf(line);
        int way = 0;
        while (way < depth - 1 && set[way].Line != line)
            way++;
        PutFirst(set, way, (line, physical, owned));
    }

    /// <summary>Another processor may have any line.</summary>
    public void Disown()
    {
        for (int i = 0; i < lines.Length; i++)
            lines[i].Owned = false;
    }

    /// <summary>Forgets some lines.</summary>
    public void Forget(Predicate<ulong> which)
    {
        for (int i = 0; i < lines.Length; i++)
            if (lines[i].Line != TimingState.NoLine && which(lines[i].Line))
                lines[i].Line = TimingState.NoLine;
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => Array.Fill(lines, (TimingState.NoLine, 0UL, false));

    /// <summary>Moves what is before a way back by one, over what is in it.</summary>
    private static void PutFirst(
        Span<(ulong Line, ulong Physical, bool Owned)> set, int way, (ulong Line, ulong Physical, bool Owned) line)
    {
        for (; way > 0; way--)
            set[way] = set[way - 1];
        set[0] = line;
    }

    private static (ulong Line, ulong Physical, bool Owned)[] Empty()
    {
        var lines = new (ulong Line, ulong Physical, bool Owned)[TimingState.Slots * Most];
        Array.Fill(lines, (TimingState.NoLine, 0UL, false));
        return lines;
    }

    private Span<(ulong Line, ulong Physical, bool Owned)> SetOf(ulong line) =>
        lines.AsSpan((int)(line >> LineBits & (TimingState.Slots - 1)) * Most, Most);
}
