namespace Seamsim.Trace;

/// <summary>
/// The bytes of the control column: one for an execution (bit 0 clear) or an event (bit 0 set, kind in 6:1). What an
/// execution's byte does not say to be as expected follows it: the block, then the number of instructions.
/// </summary>
internal static class ControlByte
{
    /// <summary>Bits of an execution.</summary>
    public const byte SuccessorAsExpected = 2, CostAsExpected = 4, Whole = 8, ShapeAsExpected = 16, Partial = 32;

    /// <summary>
    /// An execution with everything as expected; with <see cref="Repeat"/> a number follows that says how many more such
    /// executions there are.
    /// </summary>
    public const byte Plain = SuccessorAsExpected | CostAsExpected | Whole | ShapeAsExpected, Repeat = 0x40;

    /// <summary>
    /// Bit 7 of an execution: one change of the first 32 registers follows it, without its kind and without its code.
    /// </summary>
    public const byte Changes = 0x80;

    /// <summary>Bit 0: an event; bit 7: it came before the last access of its execution, and a number says after which.</summary>
    public const byte Event = 1, Amid = 0x80;

    public static byte OfEvent(int kind) => (byte)(Event | (kind << 1));

    public static int KindOf(byte control) => (control >> 1) & 63;
}

/// <summary>
/// The byte that describes an access in the shape column: log2 of the size in 2:0 (7: the size follows as a number),
/// bit 3 set for a write.
/// </summary>
internal static class ShapeByte
{
    public const byte OddSize = 7, Write = 8;

    public static int BytesOf(byte shape) => 1 << (shape & 7);

    public static bool IsOddSize(byte shape) => (shape & 7) == OddSize;
}
