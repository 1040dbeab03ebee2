namespace Seamsim.Isa.Semantics.X87;

/// <summary>Bits of the x87 status word above the six exceptions. SDM vol. 1, figure 8-4.</summary>
internal static class X87Status
{
    public const int StackFault = 1 << 6, ErrorSummary = 1 << 7, C0 = 1 << 8, C1 = 1 << 9, C2 = 1 << 10, C3 = 1 << 14;
    public const int Busy = 1 << 15, Conditions = C0 | C1 | C2 | C3, Exceptions = 0x3F, TopShift = 11,
        Top = 7 << TopShift;

    /// <summary>What FCLEX clears.</summary>
    public const int Cleared = Exceptions | StackFault | ErrorSummary | Busy;
}

/// <summary>The x87 control word. SDM vol. 1, figure 8-6.</summary>
internal static class X87Control
{
    /// <summary>Bit 6 always reads as 1; bits 7 and 15:13 read as 0.</summary>
    public const int AlwaysSet = 1 << 6, Defined = 0x1F7F, Masks = 0x3F, PrecisionShift = 8;
}
