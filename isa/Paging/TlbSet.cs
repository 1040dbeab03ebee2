namespace Seamsim.Isa.Paging;

/// <summary>
/// The banks of one logical processor: a few address spaces stay warm across address-space and privilege changes.
/// </summary>
internal sealed unsafe class TlbSet : IDisposable
{
    private const int Banks = 8;
    private readonly List<TlbBank> banks = [];
    private readonly HashSet<ulong> pinned = [];
    private ulong spaces = 1, clock;

    public TlbSet() => Current = Select(default);

    public TlbBank Current { get; private set; }

    /// <summary>A name no code space has had yet; its low 16 bits are free for the mode.</summary>
    public ulong NextSpace() => ++spaces << 16;

    /// <summary>Makes the bank of <paramref name="key"/> current.</summary>
    public TlbBank Select(in TlbKey key)
    {
        clock++;
        foreach (TlbBank bank in banks)
        {
            if (bank.Key != key)
                continue;
            bank.LastUse = clock;
            return Current = bank;
        }
        return Current = Claim(key);
    }

    /// <summary>Keeps a translation in the current bank.</summary>
    public void Fill(ulong linear, ulong physicalPage, byte* host, bool writable, bool large)
    {
        Current.HasLargePages |= large;
        Current.Fill(linear, physicalPage, host, writable);
        pinned.Add(physicalPage);
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        foreach (TlbBank bank in banks)
            bank.Clear(NextSpace());
        pinned.Clear();
    }

    /// <summary>Drops what a MOV to CR3 drops: the translations of one context and, with PCIDs on, one PCID.</summary>
    public void ClearContext(in TranslationContext context, ulong pcid, bool allPcids)
    {
        foreach (TlbBank bank in banks)
            if (bank.Key.Context == context && (allPcids || (bank.Key.Cr3 & 0xFFF) == pcid))
                bank.Clear(NextSpace());
    }

    /// <summary>Drops one linear page everywhere.</summary>
    public void DropPage(ulong linear)
    {
        foreach (TlbBank bank in banks)
        {
            if (bank.HasLargePages)
                bank.Clear(NextSpace());
            else
                bank.DropPage(linear);
            bank.Rename(NextSpace());
        }
    }

    /// <summary>Drops every pointer to a physical page (KeyID stripped).</summary>
    public void DropPhysical(ulong page)
    {
        if (!pinned.Remove(page))
            return;
        foreach (TlbBank bank in banks)
            bank.DropPhysical(page);
    }

    public void Dispose()
    {
        foreach (TlbBank bank in banks)
            bank.Dispose();
        banks.Clear();
    }

    private TlbBank Claim(in TlbKey key)
    {
        TlbBank bank;
        if (banks.Count < Banks)
        {
            bank = new TlbBank();
            banks.Add(bank);
        }
        else
        {
            bank = banks[0];
            foreach (TlbBank candidate in banks)
                if (candidate.LastUse < bank.LastUse)
                    bank = candidate;
        }
        bank.Clear(NextSpace());
        bank.Key = key;
        bank.LastUse = clock;
        return bank;
    }
}
