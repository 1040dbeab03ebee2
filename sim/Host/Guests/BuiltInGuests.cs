using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Host.Guests;

/// <summary>
/// The guests a scenario can name. Each starts at the reset vector, reaches long mode and does its one thing.
/// </summary>
public static class BuiltInGuests
{
    private static readonly (string Name, Action<GuestCode> Body)[] Guests =
    [
        ("hello",  HelloGuest.Write),
        ("cpuid",  CpuidGuest.Write),
        ("accept", AcceptGuest.Write),
        ("rtmr",   RtmrGuest.Write),
        ("ve",     VeGuest.Write),
        ("spin",   SpinGuest.Write),
    ];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Guests.Select(g => g.Name)];

    /// <summary>The image of a guest, or null when there is none of that name.</summary>
    public static GuestImage? Find(string name)
    {
        foreach ((string candidate, Action<GuestCode> body) in Guests)
            if (candidate == name)
                return Build(name, body);
        return null;
    }

    /// <summary>A guest of one's own: entry, page tables and handlers around a body.</summary>
    internal static GuestImage Build(string name, Action<GuestCode> body)
    {
        GuestCode code = new();
        code.WriteEntry();
        body(code);
        (byte[] code64, byte[] texts, uint virtualizationException, uint fault) = code.Assemble();

        byte[] program = new byte[GuestLayout.Entry64 - GuestLayout.Entry32 + code64.Length];
        Entry32().CopyTo(program, 0);
        code64.CopyTo(program, (int)(GuestLayout.Entry64 - GuestLayout.Entry32));
        return new GuestImage(name,
        [
            new GuestRegion(GuestLayout.Descriptors, GuestLayout.DescriptorPage(virtualizationException, fault)),
            new GuestRegion(GuestLayout.PageTables, GuestLayout.PageTablePages()),
            new GuestRegion(GuestLayout.Texts, texts),
            new GuestRegion(GuestLayout.Scratch, new byte[GuestLayout.ScratchBytes]),
            new GuestRegion(GuestLayout.Entry32, program),
            new GuestRegion(GuestLayout.ResetPage, ResetPage()),
        ]);
    }

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
    private static byte[] Entry32()
    {
        const uint pae = 1 << 5, osfxsr = 1 << 9, osxmmexcpt = 1 << 10, pg = 1u << 31;
        Assembler a = new(32);
        a.lgdt(__[GuestLayout.GdtOperand]);
        a.mov(eax, cr4);
        a.or(eax, pae | osfxsr | osxmmexcpt);
        a.mov(cr4, eax);
        a.mov(eax, GuestLayout.PageTables);
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
