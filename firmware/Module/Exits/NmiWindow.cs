using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// NMIs the VMM pends with PEND_NMI. They wait for an NMI window and for the TD to have fetched its #VE information.
/// TDX Module 1.5 Base, "NMI injection".
/// </summary>
internal static class NmiWindow
{
    /// <summary>Opens or closes NMI-window exiting for the pending NMI, if any.</summary>
    public static void Arrange(ISeamPlatform p, Tdvps tdvps) =>
        SetExiting(p, tdvps.PendNmi && !new VeInfo(p, tdvps).IsValid);

    /// <summary>The TD can take an NMI now.</summary>
    public static ExitEnd Opened(Vcpu v)
    {
        ISeamPlatform p = v.P;
        SetExiting(p, false);
        if (!v.Tdvps.PendNmi || new VeInfo(p, v.Tdvps).IsValid)
            return ExitEnd.Resume;
        Tdvps tdvps = v.Tdvps;
        tdvps.PendNmi = false;
        GuestInjection.Write(p, GuestEvent.NonMaskable);
        return ExitEnd.Resume;
    }

    private static void SetExiting(ISeamPlatform p, bool on)
    {
        ulong controls = p.Vmread(VmcsField.ProcBasedControls);
        ulong wanted = on ? controls | ProcControls.NmiWindowExiting : controls & ~(ulong)ProcControls.NmiWindowExiting;
        if (wanted != controls)
            p.Vmwrite(VmcsField.ProcBasedControls, wanted);
    }
}
