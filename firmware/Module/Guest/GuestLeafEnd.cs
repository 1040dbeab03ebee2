using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>What the guest dispatcher does when a guest leaf has returned.</summary>
internal enum GuestLeafEndKind : byte
{
    /// <summary>RAX takes <see cref="GuestLeafEnd.Status"/> and RIP moves past TDCALL.</summary>
    Completed,

    /// <summary>
    /// An interrupt is pending: the TD is resumed at the same RIP and executes TDCALL again; RAX is unchanged.
    /// </summary>
    Interrupted,

    /// <summary>TD exit as on an EPT violation; RIP and RAX are unchanged.</summary>
    EptViolationExit,

    /// <summary>TD exit as on an EPT misconfiguration (shared memory); RIP and RAX are unchanged.</summary>
    EptMisconfigurationExit,

    /// <summary>A #VE with the reason of an EPT violation is injected; RIP and RAX are unchanged.</summary>
    EptViolationVe,

    /// <summary>TD exit with <see cref="GuestLeafEnd.Status"/> (a NON_RECOVERABLE_TD class).</summary>
    StatusExit,

    /// <summary>TD exit of TDG.VP.VMCALL; RIP is advanced.</summary>
    VmcallExit,
}

/// <summary>How a guest leaf (TDCALL) ended. TDX Module 1.5 Base, "Guest-Side (TDCALL) Interface Functions".</summary>
/// <param name="Kind">What happens next.</param>
/// <param name="Status">The completion status for RAX (Completed) or for the host (StatusExit).</param>
/// <param name="Gpa">The guest-physical address of the EPT kinds.</param>
/// <param name="Qualification">The EPT-violation qualification, bits as in SDM table 28-7.</param>
/// <param name="ExtendedQualification">RDX of the TD exit: type[3:0], info[63:32].</param>
internal readonly record struct GuestLeafEnd(
    GuestLeafEndKind Kind, TdxStatus Status, Gpa Gpa, ulong Qualification, ulong ExtendedQualification)
{
    /// <summary>The leaf was interrupted before it was done; everything it must remember is in TD memory.</summary>
    public static GuestLeafEnd Interrupted => new(GuestLeafEndKind.Interrupted, default, default, 0, 0);

    /// <summary>TDG.VP.VMCALL passed its checks.</summary>
    public static GuestLeafEnd Vmcall => new(GuestLeafEndKind.VmcallExit, default, default, 0, 0);

    /// <summary>The leaf is done; <paramref name="status"/> is what RAX shows.</summary>
    public static GuestLeafEnd Completed(TdxStatus status) =>
        new(GuestLeafEndKind.Completed, status, default, 0, 0);

    /// <summary>The leaf is done with a status.</summary>
    public static implicit operator GuestLeafEnd(TdxStatus status) => Completed(status);

    /// <summary>TD exit with exit reason 48 for <paramref name="gpa"/>.</summary>
    public static GuestLeafEnd EptViolationExit(Gpa gpa, ulong qualification, ulong extendedQualification) =>
        new(GuestLeafEndKind.EptViolationExit, default, gpa, qualification, extendedQualification);

    /// <summary>TD exit with exit reason 49 for <paramref name="gpa"/>.</summary>
    public static GuestLeafEnd EptMisconfigurationExit(Gpa gpa) =>
        new(GuestLeafEndKind.EptMisconfigurationExit, default, gpa, 0, 0);

    /// <summary>#VE with exit reason 48 for <paramref name="gpa"/>.</summary>
    public static GuestLeafEnd EptViolationVe(Gpa gpa, ulong qualification) =>
        new(GuestLeafEndKind.EptViolationVe, default, gpa, qualification, 0);

    /// <summary>TD exit with a non-recoverable status, e.g. NON_RECOVERABLE_TD_CORRUPTED_MD.</summary>
    public static GuestLeafEnd StatusExit(TdxStatus status) =>
        new(GuestLeafEndKind.StatusExit, status, default, 0, 0);
}

/// <summary>
/// Extended exit qualifications (RDX of a TD exit). TDX Module 1.5 ABI, "Extended Exit Qualification".
/// </summary>
internal enum ExtendedQualificationType : byte
{
    /// <summary>No further information.</summary>
    None = 0,

    /// <summary>TDG.MEM.PAGE.ACCEPT; the info word is built by <see cref="ExtendedQualification.OfEntry"/>.</summary>
    Accept = 1,

    /// <summary>Details of a guest-physical address.</summary>
    GpaDetails = 2,

    /// <summary>An MSR could not be loaded on TD entry; the info word is its number.</summary>
    TdEntryMsrLoadFailure = 3,

    /// <summary>XRSTORS failed on TD entry.</summary>
    TdEntryXstateLoadFailure = 4,

    /// <summary>TDG.MEM.PAGE.ATTR.WR; the info word is as for ACCEPT.</summary>
    AttrWr = 5,

    /// <summary>The page is pending and pending pages do not raise #VE.</summary>
    PendingEptViolation = 6,
}

/// <summary>Builds extended exit qualifications: type in [3:0], info in [63:32].</summary>
internal static class ExtendedQualification
{
    /// <summary>A qualification of a type with its info word.</summary>
    public static ulong Of(ExtendedQualificationType type, uint info = 0) => (ulong)type | (ulong)info << 32;

    /// <summary>
    /// ACCEPT and ATTR.WR: requested level [2:0], level found [5:3], state found [13:6], leaf [14].
    /// </summary>
    public static ulong OfEntry(ExtendedQualificationType type, int requestedLevel, in SeptSlot found) =>
        Of(type, (uint)requestedLevel | (uint)found.Level << 3 | (uint)found.Entry.Flags.Public << 6
            | (found.Entry.IsLeaf ? 1u << 14 : 0));

    /// <summary>GPA details of an L2 entry: level found [5:3], VM [21:20].</summary>
    public static ulong OfL2Entry(in L2SeptSlot found) =>
        Of(ExtendedQualificationType.GpaDetails, (uint)found.Level << 3 | (uint)found.Vm << 20);
}
