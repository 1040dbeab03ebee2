using System.Runtime.InteropServices;

namespace Seamsim.Isa.Paging;

/// <summary>
/// Who a translation belongs to: context, CR3, privilege, and every control bit that takes part in a permission check.
/// </summary>
/// <param name="Context">Root or non-root, SEAM, VPID, EPTP.</param>
/// <param name="Cr3">CR3, PCID included.</param>
/// <param name="Controls">The bits of CR0, CR4 and EFER that paging looks at.</param>
/// <param name="Rights">PKRU, and IA32_PKRS in the upper half, when protection keys are on.</param>
/// <param name="Privilege">
/// 0 supervisor, 1 supervisor that may touch user pages (SMAP with AC), 3 user, 7 user whose accesses must be aligned.
/// </param>
internal readonly record struct TlbKey(
    TranslationContext Context, ulong Cr3, ulong Controls, ulong Rights, byte Privilege);

/// <summary>The software TLB of one address space and privilege; 32-KiB of slots in native memory.</summary>
internal sealed unsafe class TlbBank : IDisposable
{
    private bool used;

    public TlbBank()
    {
        Entries = (TlbEntry*)NativeMemory.AlignedAlloc((nuint)(sizeof(TlbEntry) * Tlb.Entries), 64);
        used = true;
        Clear(1);
    }

    public TlbEntry* Entries { get; private set; }

    public TlbKey Key { get; set; }

    /// <summary>Unique name of what this bank has held since it was last cleared; jump-cache entries carry it.</summary>
    public ulong Space { get; private set; }

    /// <summary>Pages larger than 4 KiB were broken into slots: dropping one page means dropping all.</summary>
    public bool HasLargePages { get; set; }

    /// <summary>When the bank was last in force, to choose the one to give away.</summary>
    public ulong LastUse { get; set; }

    /// <summary>Forgets everything, under a new name.</summary>
    public void Clear(ulong space)
    {
        Space = space;
        HasLargePages = false;
        if (!used)
            return;
        new Span<byte>(Entries, sizeof(TlbEntry) * Tlb.Entries).Fill(0xFF);
        used = false;
    }

    /// <summary>Gives the bank a new name without touching data translations: code mappings may have changed.</summary>
    public void Rename(ulong space) => Space = space;

    public void Fill(ulong linear, ulong physicalPage, byte* host, bool writable)
    {
        used = true;
        ulong page = linear & ~0xFFFUL;
        TlbEntry* entry = Entries + ((linear >> 12) & (Tlb.Entries - 1));
        entry->ReadTag = page;
        entry->WriteTag = writable ? page : TlbEntry.None;
        entry->Addend = (ulong)host - page;
        entry->Physical = physicalPage;
    }

    public void DropPage(ulong linear)
    {
        TlbEntry* entry = Entries + ((linear >> 12) & (Tlb.Entries - 1));
        if (entry->ReadTag == (linear & ~0xFFFUL) || entry->WriteTag == (linear & ~0xFFFUL))
            Forget(entry);
    }

    public void DropPhysical(ulong physicalPage)
    {
        if (!used)
            return;
        for (int i = 0; i < Tlb.Entries; i++)
            if (Entries[i].Physical == physicalPage)
                Forget(Entries + i);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(Entries);
        Entries = null;
    }

    private static void Forget(TlbEntry* entry)
    {
        entry->ReadTag = entry->WriteTag = TlbEntry.None;
        entry->Physical = ulong.MaxValue;
    }
}
