namespace Seamsim.Timing.Blocks;

/// <summary>What a latency runs from or to.</summary>
internal enum OperandRole : byte
{
    /// <summary>A register operand, or the flags.</summary>
    Register,

    /// <summary>The base register of a memory operand.</summary>
    Address,

    /// <summary>Its index register.</summary>
    Index,

    /// <summary>The value in memory.</summary>
    Memory,
}

/// <summary>Cycles from one input operand to one output operand.</summary>
/// <param name="From">The role of the input.</param>
/// <param name="Input">Its number among the operands of its role.</param>
/// <param name="To">The role of the output.</param>
/// <param name="Output">Its number among the operands of its role.</param>
/// <param name="Cycles">Core cycles.</param>
internal readonly record struct Latency(OperandRole From, int Input, OperandRole To, int Output, int Cycles)
{
    /// <summary>Parses <c>R1>R0=1 A>R0=5 M>R0=4</c>.</summary>
    public static Latency[] Parse(string text) =>
        text.Length == 0 ? [] : [.. text.Split(' ').Select(ParseOne)];

    private static Latency ParseOne(string text)
    {
        int arrow = text.IndexOf('>', StringComparison.Ordinal);
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (arrow < 1 || equals < arrow + 2)
            throw new InvalidDataException($"expected a latency as in R1>R0=1, not \"{text}\"");
        (OperandRole from, int input) = ParseOperand(text[..arrow]);
        (OperandRole to, int output) = ParseOperand(text[(arrow + 1)..equals]);
        return new(from, input, to, output, TableNumber.Parse(text[(equals + 1)..]));
    }

    private static (OperandRole Role, int Number) ParseOperand(string text) => (text[0] switch
    {
        'R' => OperandRole.Register,
        'A' => OperandRole.Address,
        'X' => OperandRole.Index,
        'M' => OperandRole.Memory,
        _ => throw new InvalidDataException($"expected R, A, X or M, not \"{text}\""),
    }, TableNumber.ParseOr(text[1..], 0));
}
