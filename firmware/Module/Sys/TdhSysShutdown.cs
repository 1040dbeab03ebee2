using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.SYS.SHUTDOWN (leaf 52) — write the handoff data and stop. TDX Module 1.5 ABI, "TDH.SYS.SHUTDOWN Leaf".
/// </summary>
/// <remarks>The order of the two checks is assumed.</remarks>
internal static class TdhSysShutdown
{
    public static LeafEnd Execute(LeafCall c)
    {
        ushort moduleHv = c.P.Read<ushort>(c.Data.SysInfo + SysInfoTable.ModuleHv);

        if (!c.Data.TryHoldGlobalLock(LockMode.Exclusive)) return TdxStatus.SysBusy;
        if (c.Rcx != moduleHv)                             return TdxStatus.OperandInvalid.With(OperandId.Rcx);

        // Commit.
        Handoff.Of(c).Write(moduleHv);
        c.Data.State = SysState.Shutdown;
        return TdxStatus.Success;
    }
}
