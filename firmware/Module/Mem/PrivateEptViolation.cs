using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// Who hears of an access to a private page that the Secure EPT does not allow: the guest, when the page only waits to
/// be accepted, or else the host. TDX Module 1.5 base specification, "Secure EPT Induced TD Exits".
/// </summary>
internal static class PrivateEptViolation
{
    private const ulong PendingVeDisable = 1;
    private const ulong PageMask = ~0xFFFUL;

    // Exit qualification of EPT violations, SDM vol. 3C table 28-7.
    private const ulong DataWrite = 2;
    private const int RightsShift = 3;

    /// <summary>Whether pending pages raise #VE in the TD (TD_CTLS.PENDING_VE_DISABLE clear).</summary>
    public static bool PendingRaisesVe(Tdcs tdcs) => (tdcs.TdCtls & PendingVeDisable) == 0;

    /// <summary>The host is told which entry a leaf that changes one wanted, and which it found.</summary>
    public static GuestLeafEnd OfEntry(ExtendedQualificationType type, GpaMapping wanted, in SeptSlot found) =>
        GuestLeafEnd.EptViolationExit(
            wanted.Gpa, DataWrite | (found.Entry.Raw & SeptEntry.Rwx) << RightsShift,
            ExtendedQualification.OfEntry(type, wanted.Level, found));

    /// <summary>The host is told that an L2 VM has no SEPT page for an alias.</summary>
    public static GuestLeafEnd OfL2Entry(GpaMapping wanted, in L2SeptSlot found) =>
        GuestLeafEnd.EptViolationExit(
            wanted.Gpa, DataWrite | found.Entry.Rights << RightsShift, ExtendedQualification.OfL2Entry(found));

    /// <summary>Walks the Secure EPT again and decides.</summary>
    /// <param name="p">The logical processor.</param>
    /// <param name="tdcs">The TD.</param>
    /// <param name="gpa">The private GPA that faulted.</param>
    /// <param name="qualification">The qualification of the violation.</param>
    public static GuestLeafEnd Classify(ISeamPlatform p, Tdcs tdcs, Gpa gpa, ulong qualification) =>
        Classify(tdcs, TdSept.TreeOf(p, tdcs).Walk(gpa, 0).Entry, gpa, qualification);

    /// <summary>As the other overload, for an entry already found.</summary>
    public static GuestLeafEnd Classify(Tdcs tdcs, SeptEntry entry, Gpa gpa, ulong qualification)
    {
        if (!entry.Flags.PendingAcceptable)
            return GuestLeafEnd.EptViolationExit(new Gpa(gpa.Value & PageMask), qualification, 0);
        return PendingRaisesVe(tdcs)
            ? GuestLeafEnd.EptViolationVe(gpa, qualification)
            : GuestLeafEnd.EptViolationExit(
                new Gpa(gpa.Value & PageMask), qualification,
                ExtendedQualification.Of(ExtendedQualificationType.PendingEptViolation));
    }
}
