using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.SYS.SHUTDOWN (leaf 52) — write the handoff data and stop. TDX Module 1.5 ABI, "TDH.SYS.SHUTDOWN Leaf".
/// </summary>
/// <remarks>
/// The module also refuses, with SYS_BUSY, while another logical processor is inside it: entries of this model exclude
/// each other.
/// </remarks>
internal static class TdhSysShutdown
{
    public static LeafEnd Execute(LeafCall c)
    {
        if (!IsVersionSupported(c, c.Rcx))                 return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        if (!c.Data.TryHoldGlobalLock(LockMode.Exclusive)) return TdxStatus.SysBusy;

        // Commit.
        Handoff.Of(c).Write((ushort)c.Rcx);
        c.Data.State = SysState.Shutdown;
        return TdxStatus.Success;
    }

    private static bool IsVersionSupported(LeafCall c, ulong version)
    {
        Isa.Hpa sysInfo = c.Data.SysInfo;
        ushort newest = c.P.Read<ushort>(sysInfo + SysInfoTable.ModuleHv);
        ushort oldest = c.P.Read<ushort>(sysInfo + SysInfoTable.MinUpdateHv);
        bool noDowngrade = c.P.Read<byte>(sysInfo + SysInfoTable.NoDowngrade) != 0;
        return version >= oldest && version <= newest && (!noDowngrade || version == newest);
    }
}
