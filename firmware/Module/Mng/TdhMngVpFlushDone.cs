using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.MNG.VPFLUSHDONE (leaf 19) — no virtual CPU is associated any more: block the key. TDX Module 1.5 ABI,
/// "TDH.MNG.VPFLUSHDONE Leaf".
/// </summary>
internal static class TdhMngVpFlushDone
{
    public static LeafEnd Execute(LeafCall c)
    {
        using PageHold hold = PageHold.OfTdr(c, (Hpa)c.Rcx, OperandId.Rcx, LockMode.Exclusive);
        if (hold.Failed)                        return hold.Status;
        Kot kot = c.Data.Kot;
        using LockHold kotHold = kot.Hold(LockMode.Exclusive);
        if (kotHold.Failed)                     return kotHold.Status;
        Tdr tdr = hold.View;
        if (tdr.Lifecycle is not (Lifecycle.HkidAssigned or Lifecycle.KeysConfigured))
            return TdxStatus.LifecycleStateIncorrect;
        if (HasAssociatedVcpus(tdr))            return TdxStatus.FlushvpNotDone;

        // Commit.
        kot.SetWbinvdBitmap(tdr.Hkid, c.P.Read<uint>(c.Data.PkgConfigBitmapWord));
        tdr.Lifecycle = Lifecycle.Blocked;
        kot.SetState(tdr.Hkid, KeyState.Flushed);
        return TdxStatus.Success;
    }

    // Only a TD whose TDCS is initialised can have virtual CPUs.
    private static bool HasAssociatedVcpus(Tdr tdr) =>
        tdr.NumTdcx >= Tdr.BaseTdcx && tdr.Tdcs is { OpState: not OpState.Uninitialized, NumAssocVcpus: not 0 };
}
