namespace Seamsim.Firmware.Module;

/// <content>MEM.PAGE and measurement.</content>
internal static partial class GuestLeafTable
{
    static partial void AddMemoryLeaves(GuestLeafHandler?[] guest)
    {
        guest[2]  = TdgMrRtmrExtend.Execute;
        guest[4]  = TdgMrReport.Execute;
        guest[6]  = TdgMemPageAccept.Execute;
        guest[23] = TdgMemPageAttrRd.Execute;
        guest[24] = TdgMemPageAttrWr.Execute;
    }
}
