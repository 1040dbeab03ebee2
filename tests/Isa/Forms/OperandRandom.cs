using System.Runtime.InteropServices;

namespace Seamsim.Tests.Isa.Forms;

/// <summary>Random numbers from a seed: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). Fast, for there are many.</summary>
internal sealed class OperandRandom(ulong seed)
{
    private ulong state = seed;

    /// <summary>Another one that goes on as this one does.</summary>
    public OperandRandom Clone() => new(state);

    /// <summary>Goes on as <paramref name="other"/> does.</summary>
    public void Become(OperandRandom other) => state = other.state;

    public ulong Next64()
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 ≤ n &lt; 2^31.</summary>
    public int Next() => (int)(Next64() >> 33);

    /// <summary>0 ≤ n &lt; <paramref name="end"/>.</summary>
    public int Next(int end) => (int)(((Next64() >> 32) * (uint)end) >> 32);

    /// <summary>From <paramref name="start"/> up to but without <paramref name="end"/>.</summary>
    public int Next(int start, int end) => start + Next(end - start);

    public void NextBytes(Span<byte> bytes)
    {
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ref ulong word in words)
            word = Next64();
        for (int i = words.Length * 8; i < bytes.Length; i++)
            bytes[i] = (byte)Next();
    }
}
