namespace Seamsim.Timing.Dynamic;

/// <summary>
/// How much of a load's latency shows. The core goes on for as long as its reorder buffer has room; what other loads
/// take meanwhile is hidden behind the first, unless they wait for it. After S. Eyerman et al., "A mechanistic
/// performance model for superscalar out-of-order processors", TOCS 2009.
/// </summary>
internal sealed class MissShadow(CoreParameters p)
{
    private const int Remembered = 16;
    private const ulong Near = 4096;

    private readonly uint window = p[CoreParameter.RobEntries], most = p[CoreParameter.FillBuffers];
    private readonly uint hidden = p[CoreParameter.RobEntries] / p[CoreParameter.IssueWidth];
    private readonly ulong[] values = new ulong[Remembered];
    private uint began, longest, outstanding;
    private int next;

    /// <summary>A load that the first level did not answer: cycles of its latency that show.</summary>
    /// <param name="position">Instructions before the load's block (modulo 2^32).</param>
    /// <param name="latency">Cycles beyond a hit.</param>
    /// <param name="linear">Where it loads from.</param>
    /// <param name="value">What it loads; an address near it belongs to a load that waits for this one.</param>
    public uint Exposed(uint position, uint latency, ulong linear, ulong value)
    {
        bool waits = Waits(linear);
        Remember(value);
        bool inShadow = !waits && longest != 0 && position - began < window && outstanding < most;
        if (inShadow)
        {
            outstanding++;
            uint more = latency > longest ? latency - longest : 0;
            longest += more;
            return more;
        }
        uint exposed = waits ? latency : latency > hidden ? latency - hidden : 0;
        if (exposed != 0)
            (began, longest, outstanding) = (position, latency, 1);
        return exposed;
    }

    private bool Waits(ulong linear)
    {
        foreach (ulong value in values)
            if (value != 0 && linear - value + (Near / 2) < Near)
                return true;
        return false;
    }

    private void Remember(ulong value)
    {
        values[next] = value;
        next = (next + 1) % Remembered;
    }
}
