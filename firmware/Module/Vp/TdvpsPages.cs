namespace Seamsim.Firmware.Module;

/// <summary>How many TDVPS pages a virtual CPU needs.</summary>
internal static class TdvpsPages
{
    /// <summary>Whether all pages are there: the base ones and three per L2 VM.</summary>
    public static bool AreComplete(Tdcs tdcs, Tdvps tdvps) =>
        tdvps.NumPages >= Tdvps.BasePages + Tdvps.PagesPerL2Vm * tdcs.NumL2Vms;
}
