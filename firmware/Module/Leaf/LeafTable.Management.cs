namespace Seamsim.Firmware.Module;

/// <content>SYS, MNG, SERVTD and PHYMEM.</content>
internal static partial class LeafTable
{
    static partial void AddManagementLeaves(LeafHandler?[] host)
    {
        host[1] = TdhMngAddCx.Execute;
        host[8] = TdhMngKeyConfig.Execute;
        host[9] = TdhMngCreate.Execute;
        host[11] = TdhMngRd.Execute;
        host[13] = TdhMngWr.Execute;
        host[19] = TdhMngVpFlushDone.Execute;
        host[20] = TdhMngKeyFreeId.Execute;
        host[21] = TdhMngInit.Execute;
        host[24] = TdhPhymemPageRdmd.Execute;
        host[27] = CompatibilityLeaves.DoNothing;
        host[28] = TdhPhymemPageReclaim.Execute;
        host[31] = TdhSysKeyConfig.Execute;
        host[32] = TdhSysInfo.Execute;
        host[33] = TdhSysInit.Execute;
        host[34] = TdhSysRd.Execute;
        host[35] = TdhSysLpInit.Execute;
        host[36] = TdhSysTdmrInit.Execute;
        host[37] = TdhSysRdAll.Execute;
        host[40] = TdhPhymemCacheWb.Execute;
        host[41] = TdhPhymemPageWbinvd.Execute;
        host[44] = CompatibilityLeaves.DoNothing;
        host[45] = TdhSysConfig.Execute;
        host[48] = TdhServtdBind.Execute;
        host[49] = TdhServtdPrebind.Execute;
        host[52] = TdhSysShutdown.Execute;
    }
}
