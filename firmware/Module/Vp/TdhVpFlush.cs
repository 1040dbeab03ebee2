using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.VP.FLUSH (leaf 18) — flush a virtual CPU from this logical processor. TDX Module 1.5 ABI, "TDH.VP.FLUSH Leaf".
/// </summary>
internal static class TdhVpFlush
{
    public static LeafEnd Execute(LeafCall c)
    {
        using PageHold tdvpr = PageHold.OfPage(c, (Hpa)c.Rcx, OperandId.Rcx, LockMode.Exclusive, PageType.Tdvpr);
        if (tdvpr.Failed)                                  return tdvpr.Status;
        using PageHold tdr = PageHold.OfOwner(c, tdvpr, LockMode.Shared);
        if (tdr.Failed)                                    return tdr.Status;
        if (tdr.View.Lifecycle != Lifecycle.KeysConfigured) return TdxStatus.TdKeysNotConfigured;

        // No FATAL, OP_STATE or OP_STATE-lock step: a dead TD must be flushable. A TD without TDCS has no virtual CPUs.
        Vcpu v = new(c, tdr.View, tdvpr.Address);
        if (!TdvpsPages.AreComplete(v.Tdcs, v.Tdvps))      return TdxStatus.TdcxNumIncorrect;
        if (v.Tdvps.AssocLpid != c.Data.Lp.Id)             return TdxStatus.VcpuNotAssociated;

        TdTranslations.InvalidateAll(v);
        for (int vm = 0; vm <= v.Tdcs.NumL2Vms; vm++)
        {
            c.P.Vmclear(TdVmcs.AddressOf(v, vm));
            v.Tdvps.SetVmLaunched(vm, false);
        }
        VcpuAssociation.Detach(v);
        return TdxStatus.Success;
    }
}
