namespace Seamsim.Trace;

/// <summary>A run of instructions that executes from its first to its last unless something intervenes.</summary>
/// <param name="Address">Linear address of the first byte.</param>
/// <param name="Physical">Host-physical address of the first byte without KeyID bits; zero when not known.</param>
/// <param name="KeyId">The KeyID the code was fetched with.</param>
/// <param name="Bits">Code size: 16, 32 or 64.</param>
/// <param name="Cpl">Privilege level, 0..3.</param>
/// <param name="World">Where it executes.</param>
/// <param name="Instructions">
/// Number of instructions, 0..<see cref="MaxInstructions"/>; zero for the page that stands for managed code.
/// </param>
/// <param name="Code">The instruction bytes, at most <see cref="MaxBytes"/>.</param>
public sealed record BlockDefinition(
    ulong Address,
    ulong Physical,
    ushort KeyId,
    byte Bits,
    byte Cpl,
    TraceWorld World,
    int Instructions,
    ReadOnlyMemory<byte> Code)
{
    /// <summary>Beside the privilege level: <see cref="Paid"/>.</summary>
    internal const int PaidBit = 8;

    /// <summary>
    /// One instruction of a block that was accounted as a whole when it began (and then left after no instruction): no
    /// cost model is asked for it.
    /// </summary>
    public bool Paid { get; init; }

    /// <summary>The most code bytes a block may have.</summary>
    public const int MaxBytes = 1920;

    /// <summary>The most instructions a block may have.</summary>
    public const int MaxInstructions = 1920;
}
