using Seamsim.Isa.Semantics.Float;

namespace Seamsim.Tests.Isa.Float;

/// <summary>Operands that meet the corners of a format more often than chance would.</summary>
internal sealed class FloatSamples(int seed)
{
    private readonly Random random = new(seed);

    /// <summary>MXCSR with random rounding, DAZ and FTZ, every exception masked and no flag set.</summary>
    public uint Mxcsr() => 0x1F80 | (uint)random.Next(4) << 13 | (random.Next(3) == 0 ? 0x40u : 0) |
        (random.Next(3) == 0 ? 0x8000u : 0);

    public ulong Bits() => (ulong)random.NextInt64() ^ (ulong)random.NextInt64() << 1;

    public int Below(int limit) => random.Next(limit);

    /// <summary>A packed number of the format.</summary>
    public ulong Next(FloatFormat format)
    {
        int fraction = format.FractionBits;
        ulong mask = (1UL << fraction) - 1, sign = (ulong)random.Next(2) << (format.Width - 1);
        ulong low = random.Next(4) switch
        {
            0 => Bits() & mask,
            1 => (ulong)random.Next(4) & mask,
            2 => mask - (ulong)random.Next(4),
            _ => Bits() << random.Next(fraction) & mask,
        };
        uint special = format.SpecialExponent, bias = (uint)format.MaxExponent;
        uint exponent = random.Next(8) switch
        {
            0 => 0,
            1 => special,
            2 => (uint)random.Next(3),
            3 => special - 1 - (uint)random.Next(3),
            4 or 5 => bias + (uint)random.Next(-4, 5),
            _ => (uint)random.NextInt64(special),
        };
        if (random.Next(16) == 0)
            low = 0;
        return sign | ((ulong)exponent << fraction) | low;
    }
}
