namespace Seamsim.Timing.Blocks;

/// <summary>A place in memory as one iteration sees it, and how far it moves to the next.</summary>
/// <param name="Base">The symbol of its base.</param>
/// <param name="Index">The symbol of its index; negative without.</param>
/// <param name="Scale">What the index is multiplied with.</param>
/// <param name="Motion">Bytes to the same operand of the next iteration; null when that is not known.</param>
/// <param name="Offset">What is added.</param>
/// <param name="Size">Bytes.</param>
internal readonly record struct Place(int Base, int Index, int Scale, long? Motion, long Offset, int Size)
{
    /// <summary>Whether two places are a known distance apart.</summary>
    public bool IsComparable(in Place other) =>
        Base == other.Base && Index == other.Index && Scale == other.Scale && Motion == other.Motion;

    /// <summary>Whether this one, moved, shares a byte with another.</summary>
    public bool Overlaps(in Place other, long moved) =>
        Offset - moved < other.Offset + other.Size && other.Offset < Offset - moved + Size;

    /// <summary>Whether this one, moved, has all bytes of another.</summary>
    public bool Holds(in Place other, long moved) =>
        Offset - moved <= other.Offset && other.Offset + other.Size <= Offset - moved + Size;
}
