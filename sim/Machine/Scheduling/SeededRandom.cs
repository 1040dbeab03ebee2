namespace Seamsim.Scheduling;

/// <summary>SplitMix64: the seed of a run becomes any number of independent, reproducible streams.</summary>
/// <param name="seed">Seed of the run.</param>
/// <param name="stream">Which stream of it.</param>
internal sealed class SeededRandom(ulong seed, ulong stream)
{
    private ulong state = seed ^ (stream * 0x9E37_79B9_7F4A_7C15);

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        ulong z = state += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number below <paramref name="bound"/>, which is at least 1.</summary>
    public int Below(int bound) => (int)(Next() % (ulong)bound);
}
