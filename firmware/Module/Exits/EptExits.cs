using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>EPT violations and misconfigurations. TDX Module 1.5 Base, "Secure EPT Induced TD Exits".</summary>
internal static class EptExits
{
    private const int SharedBitNarrow = 47;
    private const ulong GlaValid = 1UL << 7, WriteAccess = 2, FetchAccess = 4;
    private const uint PageFaultPresent = 1, PageFaultWrite = 2, PageFaultUser = 4, PageFaultReserved = 8,
                       PageFaultFetch = 16;
    private const ulong UserAccess = 1UL << 9, TranslatedAccess = 1UL << 8;
    private const int Cr2 = 2;

    /// <summary>EPT violation.</summary>
    public static ExitEnd Violation(Vcpu v, in VmExitInfo exit)
    {
        ISeamPlatform p = v.P;
        Gpa gpa = new(p.Vmread(VmcsField.GuestPhysicalAddress));
        if (!TdSept.IsPrivate(v.Tdcs, gpa))
            return Shared(v, exit, gpa);

        GuestLeafEnd end = PrivateEptViolation.Classify(p, v.Tdcs, gpa, exit.Qualification);
        if (end.Kind == GuestLeafEndKind.EptViolationVe)
            return GuestInjection.Ve(v, exit, gpa, p.Vmread(VmcsField.GuestLinearAddress));
        if (p.Vmread(VmcsField.GuestRip) == v.Context.EntryRip)
            new EpfLog(p, v.Tdvps).Record(gpa);
        return TdExitReport.EptViolation(PageOf(gpa), exit.Qualification, end.ExtendedQualification);
    }

    /// <summary>Only shared memory can be misconfigured: the module writes the rest.</summary>
    public static ExitEnd Misconfiguration(Vcpu v)
    {
        Gpa gpa = new(v.P.Vmread(VmcsField.GuestPhysicalAddress));
        return TdSept.IsPrivate(v.Tdcs, gpa) ? ExitEnd.Fatal : TdExitReport.EptMisconfiguration(PageOf(gpa));
    }

    // With narrow addresses the bits above the shared bit are reserved, on a processor that has them.
    private static ExitEnd Shared(Vcpu v, in VmExitInfo exit, Gpa gpa)
    {
        bool reserved = !v.Tdcs.Gpaw && gpa.Value >> (SharedBitNarrow + 1) != 0;
        if (!reserved || (exit.Qualification & GlaValid) == 0)
            return TdExitReport.EptViolation(PageOf(gpa), exit.Qualification, 0);
        v.P.WriteCr(Cr2, v.P.Vmread(VmcsField.GuestLinearAddress));
        return GuestInjection.Fault(v, Vector.PF, ErrorCode(exit.Qualification));
    }

    private static uint ErrorCode(ulong qualification) =>
        PageFaultPresent | PageFaultReserved
        | ((qualification & WriteAccess) != 0 ? PageFaultWrite : 0)
        | ((qualification & FetchAccess) != 0 ? PageFaultFetch : 0)
        | ((qualification & (TranslatedAccess | UserAccess)) == (TranslatedAccess | UserAccess) ? PageFaultUser : 0);

    private static Gpa PageOf(Gpa gpa) => new(gpa.Value & ~0xFFFUL);
}
