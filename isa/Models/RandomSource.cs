namespace Seamsim.Isa.Models;

/// <summary>A seeded stream of random numbers (SplitMix64); the only source of chance a processor has.</summary>
public sealed class RandomSource
{
    private ulong state;

    /// <summary>Creates the stream number <paramref name="stream"/> of a seed.</summary>
    public RandomSource(ulong seed, ulong stream) => state = Scramble(seed ^ Scramble(stream + 0x9E3779B97F4A7C15));

    /// <summary>How many of the next requests find no entropy (CF = 0).</summary>
    public int FailuresAhead { get; set; }

    /// <summary>A number; false: no entropy this time.</summary>
    public bool TryNext(out ulong value)
    {
        if (FailuresAhead > 0)
        {
            FailuresAhead--;
            value = 0;
            return false;
        }
        value = Next();
        return true;
    }

    /// <summary>The next number of the stream.</summary>
    public ulong Next() => Scramble(state += 0x9E3779B97F4A7C15);

    private static ulong Scramble(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
