using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.MNG.KEY.FREEID (leaf 20) — free the TD's HKID. TDX Module 1.5 ABI, "TDH.MNG.KEY.FREEID Leaf".</summary>
internal static class TdhMngKeyFreeId
{
    public static LeafEnd Execute(LeafCall c)
    {
        using PageHold hold = PageHold.OfTdr(c, (Hpa)c.Rcx, OperandId.Rcx, LockMode.Exclusive);
        if (hold.Failed)                             return hold.Status;
        Tdr tdr = hold.View;
        if (tdr.Lifecycle != Lifecycle.Blocked)      return TdxStatus.LifecycleStateIncorrect;
        Kot kot = c.Data.Kot;
        using LockHold kotHold = kot.Hold(LockMode.Exclusive);
        if (kotHold.Failed)                          return kotHold.Status;
        if (kot.WbinvdBitmap(tdr.Hkid) != 0)         return TdxStatus.WbcacheNotComplete;

        // Commit.
        kot.SetState(tdr.Hkid, KeyState.Free);
        tdr.Lifecycle = Lifecycle.Teardown;
        return TdxStatus.Success;
    }
}
