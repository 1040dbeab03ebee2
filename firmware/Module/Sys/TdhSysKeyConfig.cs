using Seamsim.Firmware.Abi;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.SYS.KEY.CONFIG (leaf 31) — the TDX-global key on this package. TDX Module 1.5 ABI, "TDH.SYS.KEY.CONFIG Leaf".
/// </summary>
internal static class TdhSysKeyConfig
{
    public static LeafEnd Execute(LeafCall c)
    {
        ModuleData data = c.Data;
        if (!data.TryHoldGlobalLock(LockMode.Exclusive)) return TdxStatus.SysBusy;
        if (data.State != SysState.SysConfigDone)        return TdxStatus.SysKeyConfigNotPending;

        int package = (int)data.Lp.Package;
        if (c.P.BitTestAndSet(data.PkgConfigBitmapWord, package)) return TdxStatus.KeyConfigured;
        LeafEnd key = KeyConfiguration.Program(c, data.GlobalKey);
        if (key != TdxStatus.Success)
        {
            c.P.BitTestAndReset(data.PkgConfigBitmapWord, package);
            return key;
        }

        // Commit.
        data.NumInitPkgs++;
        if (data.NumInitPkgs == data.NumPkgs)
            data.State = SysState.Ready;
        return TdxStatus.Success;
    }
}

/// <summary>PCONFIG with a random key, and what its refusals mean to a leaf.</summary>
internal static class KeyConfiguration
{
    public static LeafEnd Program(LeafCall c, Isa.KeyId key) =>
        c.P.PconfigSetRandomKey(key, !PlatformMsrs.WithoutIntegrity(c)) switch
        {
            PconfigResult.Success      => TdxStatus.Success,
            PconfigResult.DeviceBusy   => TdxStatus.OperandBusy.With(OperandId.Ket),
            PconfigResult.EntropyError => TdxStatus.KeyGenerationFailed,
            _                          => LeafEnd.Fatal,
        };
}
