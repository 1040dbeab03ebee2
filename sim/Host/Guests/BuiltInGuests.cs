using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Host.Guests;

/// <summary>
/// The guests a scenario can name. Each starts at the reset vector, reaches long mode and does its one thing.
/// </summary>
public static class BuiltInGuests
{
    private static readonly (string Name, Action<GuestCode> Body, GuestPaging Paging)[] Guests =
    [
        ("hello",  HelloGuest.Write,  GuestPaging.Large),
        ("cpuid",  CpuidGuest.Write,  GuestPaging.Large),
        ("accept", AcceptGuest.Write, GuestPaging.Large),
        ("rtmr",   RtmrGuest.Write,   GuestPaging.Large),
        ("ve",     VeGuest.Write,     GuestPaging.Large),
        ("spin",   SpinGuest.Write,   GuestPaging.Large),
        ("census", CensusGuest.Write, GuestPaging.Large),
        ("walk",   WalkGuest.Write,   GuestPaging.FourLevels),
        ("walk57", WalkGuest.Write,   GuestPaging.FiveLevels),
    ];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Guests.Select(g => g.Name)];

    /// <summary>The image of a guest, or null when there is none of that name.</summary>
    public static GuestImage? Find(string name)
    {
        foreach ((string candidate, Action<GuestCode> body, GuestPaging paging) in Guests)
            if (candidate == name)
                return Build(name, body, paging);
        return null;
    }

    /// <summary>A guest of one's own: entry, page tables and handlers around a body.</summary>
    internal static GuestImage Build(string name, Action<GuestCode> body, GuestPaging paging = GuestPaging.Large)
    {
        GuestCode code = new();
        code.WriteEntry();
        body(code);
        (byte[] code64, byte[] texts, uint virtualizationException, uint fault) = code.Assemble();

        byte[] program = new byte[GuestLayout.Entry64 - GuestLayout.Entry32 + code64.Length];
        Entry32(paging).CopyTo(program, 0);
        code64.CopyTo(program, (int)(GuestLayout.Entry64 - GuestLayout.Entry32));
        return new GuestImage(name,
        [
            new GuestRegion(GuestLayout.Descriptors, GuestLayout.DescriptorPage(virtualizationException, fault)),
            new GuestRegion(GuestLayout.PageTables, GuestLayout.PageTablePages(paging)),
            new GuestRegion(GuestLayout.Texts, texts),
            new GuestRegion(GuestLayout.Scratch, new byte[GuestLayout.ScratchBytes]),
            new GuestRegion(GuestLayout.Entry32, program),
            .. TopOf(paging),
            new GuestRegion(GuestLayout.ResetPage, ResetPage()),
        ]);
    }

    private static IEnumerable<GuestRegion> TopOf(GuestPaging paging) => paging == GuestPaging.FiveLevels
        ? [new GuestRegion(GuestLayout.Pml5, GuestLayout.Pml5Page())]
        : [];

    // TDH.VP.INIT leaves flat 32-bit segments, so the reset vector only has to find the code.
    private static byte[] ResetPage()
    {
        Assembler a = new(32);
        a.mov(eax, GuestLayout.Entry32);
        a.jmp(eax);
        byte[] page = new byte[0x1000];
        Assemble(a, GuestLayout.ResetVector).CopyTo(page, (int)(GuestLayout.ResetVector - GuestLayout.ResetPage));
        return page;
    }

    // EFER.LME is set already and WRMSR of it would be a #VE: PAE, CR3, PG and a far jump make it 64-bit mode.
    private static byte[] Entry32(GuestPaging paging)
    {
        const uint pae = 1 << 5, osfxsr = 1 << 9, osxmmexcpt = 1 << 10, la57 = 1 << 12, pg = 1u << 31;
        bool five = paging == GuestPaging.FiveLevels;
        Assembler a = new(32);
        a.lgdt(__[GuestLayout.GdtOperand]);
        a.mov(eax, cr4);
        a.or(eax, pae | osfxsr | osxmmexcpt | (five ? la57 : 0));
        a.mov(cr4, eax);
        a.mov(eax, five ? GuestLayout.Pml5 : GuestLayout.PageTables);
        a.mov(cr3, eax);
        a.mov(eax, cr0);
        a.or(eax, pg);
        a.mov(cr0, eax);
        a.jmp(GuestLayout.CodeSelector, GuestLayout.Entry64);
        return Assemble(a, GuestLayout.Entry32);
    }

    private static byte[] Assemble(Assembler a, ulong rip)
    {
        using MemoryStream code = new();
        a.Assemble(new StreamCodeWriter(code), rip);
        return code.ToArray();
    }
}
