namespace Seamsim.Firmware.Module;

/// <content>The virtual CPU and metadata.</content>
internal static partial class GuestLeafTable
{
    static partial void AddVcpuLeaves(GuestLeafHandler?[] guest)
    {
        guest[0]  = TdgVpVmcall.Execute;
        guest[1]  = TdgVpInfo.Execute;
        guest[3]  = TdgVpVeInfoGet.Execute;
        guest[5]  = TdgVpCpuidVeSet.Execute;
        guest[7]  = TdgVmRd.Execute;
        guest[8]  = TdgVmWr.Execute;
        guest[9]  = TdgVpRd.Execute;
        guest[10] = TdgVpWr.Execute;
        guest[11] = TdgSysRd.Execute;
        guest[12] = TdgSysRdAll.Execute;
        guest[26] = TdgVpInvept.Execute;
    }
}
