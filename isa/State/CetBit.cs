namespace Seamsim.Isa.State;

/// <summary>Bits of IA32_U_CET and IA32_S_CET, of tokens, and error codes of #CP. SDM vol. 1, 17.2; vol. 3A, 6.15.</summary>
internal static class CetBit
{
    public const ulong ShadowStack = 1 << 0, WriteShadow = 1 << 1, Endbranch = 1 << 2, LegacyBitmap = 1 << 3;
    public const ulong NoTrack = 1 << 4, SuppressDisable = 1 << 5, Suppress = 1 << 10, Tracker = 1 << 11;

    /// <summary>Bits 9:6.</summary>
    public const ulong Reserved = 0x3C0;

    /// <summary>Linear address of the legacy code page bitmap.</summary>
    public const ulong BitmapBase = ~0xFFFUL;

    /// <summary>Supervisor shadow-stack token: its stack is in use.</summary>
    public const ulong Busy = 1;

    /// <summary>Error codes of #CP.</summary>
    public const uint NearReturn = 1, FarReturn = 2, MissingEndbranch = 3, Restore = 4, SetBusy = 5;
}
