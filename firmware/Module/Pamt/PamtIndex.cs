using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// Finds the PAMT entries of a page. TDX Module 1.5 base specification, "Physical Address Metadata Tables".
/// </summary>
internal readonly struct PamtIndex
{
    private readonly ISeamPlatform p;
    private readonly TdmrEntry tdmr;
    private readonly ulong offset;
    private readonly KeyId key;

    private PamtIndex(ISeamPlatform p, TdmrEntry tdmr, ulong offset, KeyId key) =>
        (this.p, this.tdmr, this.offset, this.key) = (p, tdmr, offset, key);

    /// <summary>
    /// Looks a page (without KeyID) up; false when no TDMR covers it or its 1-GB block is not initialised.
    /// </summary>
    public static bool TryFind(LeafCall c, Hpa page, out PamtIndex index)
    {
        ModuleData data = c.Data;
        int count = data.NumTdmrs;
        for (int i = 0; i < count; i++)
        {
            TdmrEntry tdmr = data.Tdmr(i);
            ulong start = tdmr.Base;
            if (page.Value - start >= tdmr.Size)
                continue;
            index = new PamtIndex(c.P, tdmr, page.Value - start, data.GlobalKey);
            return tdmr.IsInitialized(page.Value);
        }
        index = default;
        return false;
    }

    /// <summary>The entry that covers the page at a level.</summary>
    public PamtWord At(PageLevel level)
    {
        p.Charge(Isa.Ports.Operation.PamtWalkLevel);
        ulong number = offset >> Shift(level);
        return new PamtWord(p, p.Keys.WithKey(new Hpa(tdmr.PamtBase(level) + number * PamtEntry.Bytes), key));
    }

    /// <summary>Whether all 512 entries one level below <paramref name="level"/> have a type.</summary>
    public bool AllChildrenAre(PageLevel level, PageType type)
    {
        PageLevel child = level - 1;
        ulong first = offset >> Shift(level) << 9;
        Hpa table = p.Keys.WithKey(new Hpa(tdmr.PamtBase(child) + first * PamtEntry.Bytes), key);
        Span<byte> entries = stackalloc byte[512 * PamtEntry.Bytes];
        p.ReadBytes(table, entries);
        for (int i = 0; i < 512; i++)
            if (entries[i * PamtEntry.Bytes + PamtEntry.Type] != (byte)type)
                return false;
        return true;
    }

    /// <summary>Address bits below a page of a level.</summary>
    public static int Shift(PageLevel level) => 12 + 9 * (int)level;
}
