namespace Seamsim.Trace;

/// <summary>Tells registers that a frame repeats from those that changed.</summary>
internal sealed class RegisterNews
{
    private readonly Dictionary<(int Lp, int Register), ulong> known = [];

    public bool IsNews(TraceRecord record)
    {
        bool news = false;
        int next = 0;
        for (int bit = 0; bit < 32; bit++)
        {
            if ((record.RegisterMask >> bit & 1) == 0)
                continue;
            (int, int) key = (record.Lp, RegisterEncoder.Base(record.Code) + bit);
            ulong value = record.Operand(next++);
            news |= !known.TryGetValue(key, out ulong before) || before != value;
            known[key] = value;
        }
        return news;
    }
}
