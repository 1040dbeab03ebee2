using System.Numerics;

namespace Seamsim.Isa.Apic;

/// <summary>A 256-bit register of the local APIC: IRR, ISR or TMR.</summary>
internal sealed class VectorSet
{
    private readonly ulong[] words = new ulong[4];

    /// <summary>The highest vector in the set; −1 when it is empty.</summary>
    public int Highest
    {
        get
        {
            for (int i = 3; i >= 0; i--)
                if (words[i] != 0)
                    return i * 64 + 63 - BitOperations.LeadingZeroCount(words[i]);
            return -1;
        }
    }

    public void Set(int vector) => words[vector >> 6] |= 1UL << (vector & 63);

    public void Clear(int vector) => words[vector >> 6] &= ~(1UL << (vector & 63));

    public bool Contains(int vector) => ((words[vector >> 6] >> (vector & 63)) & 1) != 0;

    /// <summary>One of the eight 32-bit registers.</summary>
    public uint Register(int index) => (uint)(words[index >> 1] >> (32 * (index & 1)));

    public void Clear() => Array.Clear(words);
}
