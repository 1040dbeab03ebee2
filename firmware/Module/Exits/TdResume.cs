using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>The way back into the TD.</summary>
internal static class TdResume
{
    /// <summary>
    /// VMLAUNCH the first time, VMRESUME afterwards. VMfail means that the module's own VMCS is broken: it cannot go
    /// on.
    /// </summary>
    public static SeamEnd Go(Vcpu v)
    {
        TdGuestState.SwitchSpecCtrlToGuest(v);
        return v.P.EnterGuest(launch: !v.Tdvps.VmLaunched(0)) == VmxResult.Succeed ? SeamEnd.Entered : SeamEnd.Shutdown;
    }
}
