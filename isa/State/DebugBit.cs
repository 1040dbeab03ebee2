namespace Seamsim.Isa.State;

/// <summary>Bits of DR6, DR7 and of pending debug exceptions. SDM vol. 3B, 18.2; vol. 3C, table 25-4.</summary>
internal static class DebugBit
{
    /// <summary>Conditions B0 to B3 of DR6 and of pending debug exceptions.</summary>
    public const ulong Conditions = 0xF;

    /// <summary>DR6.BD, .BS and .BT.</summary>
    public const ulong Access = 1 << 13, SingleStep = 1 << 14, TaskSwitch = 1 << 15;

    /// <summary>DR6.BLD and .RTM: clear when the condition was met.</summary>
    public const ulong BusLock = 1 << 11, Transaction = 1 << 16;

    /// <summary>Pending debug exceptions: at least one met breakpoint is enabled.</summary>
    public const ulong Enabled = 1 << 12;

    /// <summary>DR7: all enables; local enables with LE; general detect.</summary>
    public const ulong Enables = 0xFF, LocalEnables = 0x155, GeneralDetect = 1 << 13;

    /// <summary>Value of DR6 after reset, and its bits that read 1 whatever is written.</summary>
    public const ulong Dr6Reset = 0xFFFF_0FF0, Dr6Ones = 0xFFFE_07F0;

    /// <summary>Bits of DR6 that software may write: B0-B3, BLD, BD, BS, BT and RTM.</summary>
    public const ulong Dr6Writable = Conditions | BusLock | Access | SingleStep | TaskSwitch | Transaction;

    /// <summary>DR7: the bit that reads 1, and the bits that software may write (RTM, bit 11, among them).</summary>
    public const ulong Dr7Ones = 1 << 10, Dr7Writable = 0xFFFF_2BFF;
}
