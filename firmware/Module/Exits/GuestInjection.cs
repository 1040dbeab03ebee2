using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>Events the module gives a TD on the next VM entry.</summary>
internal static class GuestInjection
{
    private const ulong ResumeFlag = 1UL << 16;
    private const uint NmiBlocking = 1u << 3;

    /// <summary>The event the next VM entry will deliver.</summary>
    public static GuestEvent Pending(ISeamPlatform p) => new(
        (uint)p.Vmread(VmcsField.EntryInterruptionInformation), (uint)p.Vmread(VmcsField.EntryExceptionErrorCode));

    /// <summary>
    /// An event whose delivery the exit interrupted is delivered again. SDM vol. 3C, 28.2.4 and 27.6.
    /// </summary>
    public static void RedeliverVectored(ISeamPlatform p, in VmExitInfo exit)
    {
        GuestEvent vectored = GuestEvent.FromVectoring(
            (uint)p.Vmread(VmcsField.IdtVectoringInformation), (uint)p.Vmread(VmcsField.IdtVectoringErrorCode));
        if (!vectored.IsValid)
        {
            if (exit.UnblockedNmi)
                SetInterruptibility(p, set: NmiBlocking);
            return;
        }
        Write(p, vectored);
        if (vectored.IsSoftware)
            p.Vmwrite(VmcsField.EntryInstructionLength, exit.InstructionLength);
        if (vectored.Type == GuestEvent.Nmi)
            SetInterruptibility(p, clear: NmiBlocking);
    }

    /// <summary>
    /// Injects a fault at the current instruction; a triple fault disables the virtual CPU.
    /// </summary>
    public static ExitEnd Fault(Vcpu v, Vector vector, uint errorCode = 0)
    {
        ISeamPlatform p = v.P;
        if (GuestEvent.Combine(Pending(p), GuestEvent.Exception(vector, errorCode)) is not { } combined)
            return new TdExitReport(TdxStatus.NonRecoverableVcpu, (uint)ExitReason.TripleFault);
        Write(p, combined);
        p.Vmwrite(VmcsField.GuestRflags, p.Vmread(VmcsField.GuestRflags) | ResumeFlag);
        return ExitEnd.Resume;
    }

    /// <summary>#VE for an instruction exit: the TD learns the exit's reason and information.</summary>
    public static ExitEnd Ve(Vcpu v, in VmExitInfo exit) => Ve(v, exit, default, 0);

    /// <summary>
    /// #VE with a guest-physical and guest-linear address. TDX Module 1.5 Base, "Virtualization Exception (#VE)".
    /// </summary>
    public static ExitEnd Ve(Vcpu v, in VmExitInfo exit, Gpa gpa, ulong gla) => Ve(v, new VeDetails
    {
        Reason = (ushort)exit.Basic, Qualification = exit.Qualification, Gpa = gpa.Value, Gla = gla,
        InstructionLength = exit.InstructionLength, InstructionInformation = exit.InstructionInformation,
    });

    /// <summary>#VE; while the TD has not fetched the previous one it becomes a double fault.</summary>
    public static ExitEnd Ve(Vcpu v, in VeDetails details)
    {
        VeInfo info = new(v.P, v.Tdvps);
        if (info.IsValid)
            return Fault(v, Vector.DF);
        info.Store(details, (ushort)v.P.Vmread(VmcsField.EptpIndex));
        return Fault(v, Vector.VE);
    }

    /// <summary>Writes the VM-entry event fields.</summary>
    public static void Write(ISeamPlatform p, GuestEvent guestEvent)
    {
        p.Vmwrite(VmcsField.EntryInterruptionInformation, guestEvent.Information);
        p.Vmwrite(VmcsField.EntryExceptionErrorCode, guestEvent.ErrorCode);
    }

    private static void SetInterruptibility(ISeamPlatform p, uint set = 0, uint clear = 0) =>
        p.Vmwrite(
            VmcsField.GuestInterruptibilityState,
            p.Vmread(VmcsField.GuestInterruptibilityState) & ~(ulong)clear | set);
}
