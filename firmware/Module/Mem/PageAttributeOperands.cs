using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>What the two leaves about page attributes share: RCX and RDX when they refuse.</summary>
internal static class PageAttributeOperands
{
    /// <summary>
    /// RCX and RDX are 0 after an error but PAGE_ATTR_INVALID, which says more; a guest that executes TDCALL again
    /// finds its operands as they were.
    /// </summary>
    public static GuestLeafEnd Finish(GuestCall c, in GuestLeafEnd end)
    {
        LeafCall call = c.Call;
        bool refused = end.Kind == GuestLeafEndKind.Completed && end.Status.IsError;
        if (refused && !end.Status.Is(TdxStatus.PageAttrInvalid))
            (call.Rcx, call.Rdx) = (0, 0);
        return end;
    }
}
