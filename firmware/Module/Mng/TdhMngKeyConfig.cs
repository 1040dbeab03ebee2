using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.MNG.KEY.CONFIG (leaf 8) — the TD's key on this package. TDX Module 1.5 ABI, "TDH.MNG.KEY.CONFIG Leaf".
/// </summary>
internal static class TdhMngKeyConfig
{
    public static LeafEnd Execute(LeafCall c)
    {
        using PageHold hold = PageHold.OfTdr(c, (Hpa)c.Rcx, OperandId.Rcx, LockMode.Exclusive);
        if (hold.Failed)                                  return hold.Status;
        Tdr tdr = hold.View;
        if (tdr.Fatal)                                    return TdxStatus.TdFatal;
        if (tdr.Lifecycle != Lifecycle.HkidAssigned)      return TdxStatus.LifecycleStateIncorrect;
        ulong package = 1UL << (int)c.Data.Lp.Package;
        if ((tdr.PkgConfigBitmap & package) != 0)         return TdxStatus.KeyConfigured;

        LeafEnd key = KeyConfiguration.Program(c, tdr.Hkid);
        if (key != TdxStatus.Success)
            return key;

        // Commit.
        tdr.PkgConfigBitmap |= package;
        if (tdr.PkgConfigBitmap == c.P.Read<ulong>(c.Data.PkgConfigBitmapWord))
            tdr.Lifecycle = Lifecycle.KeysConfigured;
        return TdxStatus.Success;
    }
}
