namespace Seamsim.Isa.Probes;

/// <summary>What an observer is told of a block when it is decoded.</summary>
public readonly ref struct BlockOfCode
{
    /// <summary>Linear address of the first byte.</summary>
    public required ulong Address { get; init; }

    /// <summary>Host-physical address of the first byte, KeyID included.</summary>
    public required Hpa Physical { get; init; }

    /// <summary>Code size: 16, 32 or 64.</summary>
    public required int Bits { get; init; }

    /// <summary>Instructions in it.</summary>
    public required int Instructions { get; init; }

    /// <summary>
    /// One instruction of a block that was accounted as a whole when it began: it costs nothing of its own.
    /// </summary>
    public bool Paid { get; init; }

    /// <summary>The bytes.</summary>
    public required ReadOnlySpan<byte> Code { get; init; }
}
