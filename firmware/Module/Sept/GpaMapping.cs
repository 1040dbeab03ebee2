using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The RCX operand of the memory leaves: a GPA and the SEPT level it is meant at. TDX Module 1.5 ABI,
/// "GPA Mapping Information" (level in bits 2:0, GPA in bits 51:12, everything else zero).
/// </summary>
/// <param name="Gpa">Start of the mapped range.</param>
/// <param name="Level">0 = 4 KiB, 1 = 2 MiB, 2 = 1 GiB, 3 = PML4 entry, 4 = PML5 entry.</param>
internal readonly record struct GpaMapping(Gpa Gpa, int Level)
{
    private const ulong Reserved = 0xFFF0_0000_0000_0FF8;

    /// <summary>Bytes one entry of <paramref name="level"/> covers.</summary>
    public static ulong BytesAt(int level) => 1UL << (12 + 9 * level);

    /// <summary>4-KiB pages one entry of <paramref name="level"/> covers.</summary>
    public static long PagesAt(int level) => 1L << (9 * level);

    /// <summary>Reads the operand; false for reserved bits, a level outside the bounds or an unaligned GPA.</summary>
    public static bool TryParse(ulong operand, int minLevel, int maxLevel, out GpaMapping mapping)
    {
        int level = (int)(operand & 7);
        ulong gpa = operand & ~7UL;
        mapping = new GpaMapping(new Gpa(gpa), level);
        return (operand & Reserved) == 0
            && level >= minLevel
            && level <= maxLevel
            && (gpa & (BytesAt(level) - 1)) == 0;
    }
}
