namespace Seamsim.Trace;

/// <summary>
/// The operands that each kind of event had last in the frame; the next ones are written as differences.
/// </summary>
internal sealed class EventMemory
{
    /// <summary>Operands of an event that have a memory; later ones are written as they are.</summary>
    private const int Slots = 16;

    private readonly ulong[] last = new ulong[64 * Slots];

    public void Clear() => Array.Clear(last);

    /// <summary>What operand <paramref name="slot"/> was; remembers <paramref name="now"/>.</summary>
    public ulong Exchange(int kind, int slot, ulong now)
    {
        if (slot >= Slots)
            return 0;
        ref ulong place = ref last[kind * Slots + slot];
        ulong before = place;
        place = now;
        return before;
    }

    public ulong Peek(int kind, int slot) => slot < Slots ? last[kind * Slots + slot] : 0;
}
