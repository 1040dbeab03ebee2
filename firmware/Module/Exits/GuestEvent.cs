using Seamsim.Isa;
using V = Seamsim.Isa.Vector;

namespace Seamsim.Firmware.Module;

/// <summary>
/// An event in the format of the VM-entry interruption-information field: vector [7:0], type [10:8], deliver error code
/// [11], valid [31]. SDM vol. 3C, 25.8.3.
/// </summary>
/// <param name="Information">The 32-bit field.</param>
/// <param name="ErrorCode">The error code when bit 11 is set.</param>
internal readonly record struct GuestEvent(uint Information, uint ErrorCode)
{
    public const uint Valid = 1u << 31, HasErrorCode = 1u << 11;
    public const uint ExternalInterrupt = 0, Nmi = 2, HardwareException = 3, SoftwareInterrupt = 4,
                      PrivilegedSoftwareException = 5, SoftwareException = 6;

    // Bit 12 (NMI unblocking due to IRET / undefined) must be 0 on entry.
    private const uint EntryMask = Valid | 0xFFF;

    /// <summary>No event.</summary>
    public static GuestEvent None => default;

    /// <summary>A non-maskable interrupt.</summary>
    public static GuestEvent NonMaskable => new(Valid | Nmi << 8 | (uint)V.NMI, 0);

    /// <summary>Whether there is an event.</summary>
    public bool IsValid => (Information & Valid) != 0;

    /// <summary>Interruption type.</summary>
    public uint Type => Information >> 8 & 7;

    /// <summary>Vector.</summary>
    public byte Vector => (byte)Information;

    /// <summary>Whether delivery needs the instruction length: INT n, INT1, INT3, INTO.</summary>
    public bool IsSoftware => Type is SoftwareInterrupt or PrivilegedSoftwareException or SoftwareException;

    /// <summary>A fault of the processor; vectors that push an error code push 0.</summary>
    public static GuestEvent Exception(Vector vector, uint errorCode = 0) => new(
        Valid | HardwareException << 8 | (PushesErrorCode(vector) ? HasErrorCode : 0) | (uint)vector, errorCode);

    /// <summary>What IDT-vectoring information says must be delivered again.</summary>
    public static GuestEvent FromVectoring(uint information, uint errorCode) => new(information & EntryMask, errorCode);

    /// <summary>
    /// The event that reaches the TD when <paramref name="second"/> arises while <paramref name="first"/> was being
    /// delivered. SDM vol. 3A, table 6-5; null is a triple fault.
    /// </summary>
    public static GuestEvent? Combine(GuestEvent first, GuestEvent second)
    {
        if (!first.IsValid || first.Type != HardwareException)
            return second;
        if (first.Vector == (byte)V.DF)
            return null;
        bool doubleFault = IsContributory(first.Vector) && IsContributory(second.Vector)
            || IsPageFaultClass(first.Vector) && (IsContributory(second.Vector) || IsPageFaultClass(second.Vector));
        return doubleFault ? Exception(V.DF) : second;
    }

    // #VE counts as a page fault: SDM vol. 3C, 26.5.7.2.
    private static bool IsPageFaultClass(byte vector) => vector is (byte)V.PF or (byte)V.VE;

    private static bool IsContributory(byte vector) => vector is (byte)V.DE or
        (>= (byte)V.TS and <= (byte)V.GP) or (byte)V.CP;

    private static bool PushesErrorCode(Vector vector) => vector is V.DF or V.TS
        or V.NP or V.SS or V.GP or V.PF
        or V.AC or V.CP;
}
