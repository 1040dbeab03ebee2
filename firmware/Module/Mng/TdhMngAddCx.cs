using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Memory;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.MNG.ADDCX (leaf 1) — add one TDCS page to a TD. TDX Module 1.5 ABI, "TDH.MNG.ADDCX Leaf".</summary>
internal static class TdhMngAddCx
{
    private const int LastBasePage = 5, MigrationKeyWords = 4, SeedTries = 6;
    private const ulong Ones = ulong.MaxValue;

    public static LeafEnd Execute(LeafCall c)
    {
        using PageHold hold = PageHold.OfTdr(c, (Hpa)c.Rdx, OperandId.Rdx, LockMode.Exclusive);
        if (hold.Failed)                                   return hold.Status;
        Tdr tdr = hold.View;
        if (tdr.Fatal)                                     return TdxStatus.TdFatal;
        if (tdr.Lifecycle != Lifecycle.KeysConfigured)     return TdxStatus.TdKeysNotConfigured;
        int index = tdr.NumTdcx;
        if (index >= Tdr.MaxTdcx)                          return TdxStatus.TdcxNumIncorrect;

        using PageHold page = PageHold.OfFreePage(c, (Hpa)c.Rcx, OperandId.Rcx);
        if (page.Failed)                                   return page.Status;

        Hpa address = tdr.Private(page.Address);
        c.P.FillPage(address, InitialContent(index));
        Span<ulong> migrationKey = stackalloc ulong[MigrationKeyWords];
        if (index == LastBasePage && !Entropy.TryFill(c.P, migrationKey, SeedTries)) return TdxStatus.RndNoEntropy;
        if (index > LastBasePage && tdr.Tdcs.OpState != OpState.Uninitialized)       return TdxStatus.OpStateIncorrect;

        // Commit.
        tdr.SetTdcxPa(index, address);
        tdr.NumTdcx = index + 1;
        tdr.AddChildren(1);
        if (index == LastBasePage)
            StoreMigrationKey(tdr.Tdcs, migrationKey);
        page.Become(PageType.Tdcx, hold.Address);
        return TdxStatus.Success;
    }

    private static ulong InitialContent(int page) => page switch
    {
        Tdcs.MsrBitmapPage => Ones,
        Tdcs.SeptRootPage  => SeptEntry.Free.Raw,
        _                  => 0,
    };

    private static void StoreMigrationKey(Tdcs tdcs, ReadOnlySpan<ulong> key)
    {
        for (int i = 0; i < key.Length; i++)
            tdcs.SetMigEncKey(i, key[i]);
    }
}
