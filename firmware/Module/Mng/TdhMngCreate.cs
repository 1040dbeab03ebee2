using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.MNG.CREATE (leaf 9) — create a TD: its TDR and its key. TDX Module 1.5 ABI, "TDH.MNG.CREATE Leaf".
/// </summary>
internal static class TdhMngCreate
{
    private const int UuidWords = 4, SeedTries = 6;

    public static LeafEnd Execute(LeafCall c)
    {
        if (!TdhSysConfig.IsPrivateHkid(c, c.Rdx)) return TdxStatus.OperandInvalid.With(OperandId.Rdx);
        KeyId hkid = new((ushort)c.Rdx);

        using PageHold page = PageHold.OfFreePage(c, (Hpa)c.Rcx, OperandId.Rcx);
        if (page.Failed)                           return page.Status;

        Kot kot = c.Data.Kot;
        using LockHold kotHold = kot.Hold(LockMode.Exclusive);
        if (kotHold.Failed)                        return kotHold.Status;
        if (kot.State(hkid) != KeyState.Free)      return TdxStatus.HkidNotFree;

        Tdr tdr = page.View;
        c.P.FillPage(tdr.Page, 0);
        Span<ulong> uuid = stackalloc ulong[UuidWords];
        if (!Entropy.TryFill(c.P, uuid, SeedTries)) return TdxStatus.RndNoEntropy;

        // Commit.
        kot.SetState(hkid, KeyState.Assigned);
        tdr.Hkid = hkid;
        for (int i = 0; i < uuid.Length; i++)
            tdr.SetUuid(i, uuid[i]);
        tdr.Lifecycle = Lifecycle.HkidAssigned;
        tdr.HandoffVersion = c.P.Read<ushort>(c.Data.SysInfo + SysInfoTable.ModuleHv);
        tdr.SeamdbIndex = c.Data.SeamdbIndex;
        for (int i = 0; i < UuidWords; i++)
            c.P.Write(tdr.SeamdbNonce(i), c.P.Read<ulong>(c.Data.SeamdbNonce(i)));
        page.Become(PageType.Tdr);
        return TdxStatus.Success;
    }
}

/// <summary>RDSEED with the module's patience.</summary>
internal static class Entropy
{
    /// <summary>Fills all words with at most <paramref name="tries"/> executions of RDSEED altogether.</summary>
    public static bool TryFill(ISeamPlatform p, Span<ulong> words, int tries)
    {
        int filled = 0;
        for (; tries > 0 && filled < words.Length; tries--)
            if (p.TryRdseed(out words[filled]))
                filled++;
        return filled == words.Length;
    }
}
