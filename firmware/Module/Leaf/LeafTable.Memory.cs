namespace Seamsim.Firmware.Module;

/// <content>Secure EPT, private memory and measurement.</content>
internal static partial class LeafTable
{
    static partial void AddMemoryLeaves(LeafHandler?[] host)
    {
        host[2]  = TdhMemPageAdd.Execute;
        host[3]  = TdhMemSeptAdd.Execute;
        host[6]  = TdhMemPageAug.Execute;
        host[7]  = TdhMemRangeBlock.Execute;
        host[16] = TdhMrExtend.Execute;
        host[17] = TdhMrFinalize.Execute;
        host[25] = TdhMemSeptRd.Execute;
        host[29] = TdhMemPageRemove.Execute;
        host[30] = TdhMemSeptRemove.Execute;
        host[38] = TdhMemTrack.Execute;
        host[39] = TdhMemRangeUnblock.Execute;
    }
}
