namespace Seamsim.Firmware.Module;

/// <content>Virtual CPUs.</content>
internal static partial class LeafTable
{
    static partial void AddVcpuLeaves(LeafHandler?[] host)
    {
        host[0]  = TdhVpEnter.Execute;
        host[4]  = TdhVpAddCx.Execute;
        host[10] = TdhVpCreate.Execute;
        host[18] = TdhVpFlush.Execute;
        host[22] = TdhVpInit.Execute;
        host[26] = TdhVpRd.Execute;
        host[43] = TdhVpWr.Execute;
    }
}
