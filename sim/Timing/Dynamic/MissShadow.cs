namespace Seamsim.Timing.Dynamic;

/// <summary>
/// How much of a load's latency shows. The core goes on for as long as its reorder buffer has room; what other loads
/// take meanwhile is hidden behind the first, unless they wait for it. Which do is read from addresses and values: a load
/// waits for one that has just read a pointer to its neighbourhood, or an index that leads to its address from where the
/// one before it led to the last. After S. Eyerman et al., "A mechanistic performance model for superscalar out-of-order
/// processors", TOCS 2009.
/// </summary>
internal sealed class MissShadow(CoreParameters p)
{
    private const int Remembered = 16, Indices = 4, Scales = 4;
    private const ulong Near = 4096;

    private readonly uint window = p[CoreParameter.RobEntries], most = p[CoreParameter.FillBuffers];
    private readonly uint hidden = p[CoreParameter.RobEntries] / p[CoreParameter.IssueWidth];
    private readonly ulong[] values = new ulong[Remembered], origins = new ulong[Indices * Scales];
    private ulong last, stride;
    private uint began, longest, outstanding;
    private int next;

    /// <summary>A load that the first level did not answer: cycles of its latency that show.</summary>
    /// <param name="position">Instructions before the load's block (modulo 2^32).</param>
    /// <param name="latency">Cycles beyond a hit.</param>
    /// <param name="linear">Where it loads from.</param>
    /// <param name="value">What it loads, when that has four or eight bytes; otherwise 0.</param>
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
        bool waits = LeadsIndex(linear);
        foreach (ulong value in values)
            waits |= value != 0 && linear - value + (Near / 2) < Near;
        return waits;
    }

    /// <summary>
    /// Whether one of the last values, times 1, 2, 4 or 8, is as far from the address as it was the last time. In a row of
    /// equal strides that says nothing: an array of numbers in order looks the same.
    /// </summary>
    private bool LeadsIndex(ulong linear)
    {
        bool irregular = linear - last != stride, leads = false;
        (last, stride) = (linear, linear - last);
        for (int back = 0; back < Indices; back++)
        {
            ulong value = values[(next + Remembered - 1 - back) % Remembered];
            for (int scale = 0; scale < Scales; scale++)
            {
                ref ulong origin = ref origins[(back * Scales) + scale];
                ulong now = linear - (value << scale);
                leads |= irregular && value != 0 && origin == now;
                origin = now;
            }
        }
        return leads;
    }

    private void Remember(ulong value)
    {
        values[next] = value;
        next = (next + 1) % Remembered;
    }
}
