using System.Numerics;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.PHYMEM.CACHE.WB (leaf 40) — write this package's caches back, sub-block by sub-block. TDX Module 1.5 ABI,
/// "TDH.PHYMEM.CACHE.WB Leaf".
/// </summary>
internal static class TdhPhymemCacheWb
{
    private const uint Wbnoinvdp = 0x99;
    private const ulong Resume = 1;
    private const int SnapshotWords = Kot.MaxHkids / 64;

    public static LeafEnd Execute(LeafCall c)
    {
        int package = (int)c.Data.Lp.Package;
        Wbt wbt = c.Data.Wbt(package);
        Kot kot = c.Data.Kot;

        if (c.Rcx > Resume)                        return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        if (!wbt.TryHold())                        return TdxStatus.OperandBusy.With(OperandId.Wbcache);
        using LockHold kotHold = kot.Hold(LockMode.Shared);
        if (kotHold.Failed)                        return kotHold.Status;

        ulong block = wbt.InterruptionPoint;
        if (c.Rcx == Resume)
        {
            if (block == 0)                        return TdxStatus.WbcacheResumeError;
        }
        else
        {
            block = wbt.InterruptionPoint = 0;
            if (!TakeSnapshot(c, kot, wbt))        return TdxStatus.NoHkidReadyToWbcache;
        }
        return WriteBack(c, kot, wbt, block, package);
    }

    private static TdxStatus WriteBack(LeafCall c, Kot kot, Wbt wbt, ulong block, int package)
    {
        ulong blocks = c.Data.WbinvdBlocks;
        while (block < blocks)
        {
            c.P.TryWrmsr(Wbnoinvdp, block);
            block++;
            if (block < blocks && PendingInterrupt.ForHost(c.P))
            {
                wbt.InterruptionPoint = block;
                return TdxStatus.InterruptedResumable;
            }
        }
        wbt.InterruptionPoint = 0;
        for (int word = 0; word < SnapshotWords; word++)
            for (ulong keys = wbt.Flushed(word); keys != 0; keys &= keys - 1)
            {
                int key = word * 64 + BitOperations.TrailingZeroCount(keys);
                kot.ClearWbinvdBit(new KeyId((ushort)key), package);
            }
        return TdxStatus.Success;
    }

    // Only the platform's private KeyIDs can be in the table.
    private static bool TakeSnapshot(LeafCall c, Kot kot, Wbt wbt)
    {
        bool any = false;
        for (int word = 0; word < SnapshotWords; word++)
        {
            ulong flushed = 0;
            int first = Math.Max(word * 64, c.P.Keys.FirstPrivate),
                last = Math.Min(word * 64 + 63, c.P.Keys.LastPrivate);
            for (int key = first; key <= last; key++)
                if (kot.State(new KeyId((ushort)key)) == KeyState.Flushed)
                    flushed |= 1UL << (key & 63);
            wbt.SetFlushed(word, flushed);
            any |= flushed != 0;
        }
        return any;
    }
}
