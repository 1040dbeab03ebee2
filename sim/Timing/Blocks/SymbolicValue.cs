namespace Seamsim.Timing.Blocks;

/// <summary>
/// What a register held at the start of an iteration plus a constant, or a constant, or something unknown.
/// </summary>
/// <param name="Symbol">A register's number, <see cref="Constant"/>, or the number of an unknown.</param>
/// <param name="Offset">What is added.</param>
internal readonly record struct SymbolicValue(int Symbol, long Offset)
{
    /// <summary>The symbol of a value that is its offset.</summary>
    public const int Constant = 90;

    /// <summary>The first symbol of values that are nothing known.</summary>
    public const int FirstUnknown = 100;

    /// <summary>Whether the value is its offset.</summary>
    public bool IsConstant => Symbol == Constant;

    /// <summary>Whether the value comes from a register.</summary>
    public bool IsRegister => Symbol is >= 0 and < 16;

    /// <summary>A constant.</summary>
    public static SymbolicValue Of(long value) => new(Constant, value);

    /// <summary>The value and a constant.</summary>
    public SymbolicValue Plus(long more) => new(Symbol, Offset + more);
}
