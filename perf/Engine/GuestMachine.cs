using System.Globalization;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.State;
using Seamsim.Timing;

namespace Seamsim.Perf.Engine;

/// <summary>One logical processor in 64-bit mode over 64 MiB mapped by 4-level paging, with a program at 1 MiB.</summary>
internal sealed unsafe class GuestMachine : IDisposable
{
    public const ulong Code = 0x100000;

    private const ulong Pml4 = 0x1000, Pdpt = 0x2000, Pd = 0x3000, Pt = 0x4000, Stack = 0x80000, Exit = 0x60000;
    private const ulong Cr4 = Cr4Bit.Pae | Cr4Bit.Osfxsr | Cr4Bit.Osxmmexcpt | Cr4Bit.Osxsave, AllVectors = 0xE7;
    private const int PageTables = 32;

    public GuestMachine(byte[] program)
    {
        Memory = new PhysicalMemory(new KeyIdLayout(46, 0, 0, 0), [(0, PageTables * 2UL << 20)]);
        Core = new Core(0, 0, Memory, new Functional());
        Write(Pml4, Pdpt | 3);
        Write(Pdpt, Pd | 3);
        for (ulong table = 0; table < PageTables; table++)
        {
            Write(Pd + (table * 8), (Pt + (table << 12)) | 3);
            for (ulong page = 0; page < 512; page++)
                Write(Pt + (table << 12) + (page * 8), ((table * 512) + page) << 12 | 3);
        }
        Memory.Write(new Hpa(Code), program, false);
        Memory.Write(new Hpa(Exit), [0xF4], false); // hlt
    }

    public PhysicalMemory Memory { get; }

    public Core Core { get; }

    /// <summary>Calls the program with one argument and runs it to its end; returns RAX.</summary>
    public ulong Call(ulong argument)
    {
        LogicalProcessor* lp = Core.Lp;
        (lp->Cr0, lp->Cr3, lp->Cr4, lp->Efer) = (0x80010033, Pml4, Cr4, 0xD00);
        lp->Xcr0 = AllVectors;
        lp->Cs = new Segment { Selector = 8, Limit = uint.MaxValue, AccessRights = 0xA09B };
        lp->Ss = lp->Ds = lp->Es = new Segment { Selector = 16, Limit = uint.MaxValue, AccessRights = 0xC093 };
        Core.Rflags = 2;
        lp->Activity = ActivityState.Active;
        lp->Rip = Code;
        lp->Gpr[4] = Stack;
        lp->Gpr[7] = argument;
        Write(Stack, Exit);
        Core.ModeChanged();
        while (Core.Run(1_000_000, ulong.MaxValue) == RunEnd.Budget)
            continue;
        return lp->Gpr[0];
    }

    /// <summary>The bytes of a listing: hex before the semicolon of every line.</summary>
    public static byte[] ReadListing(string resource)
    {
        using Stream stream = typeof(GuestMachine).Assembly.GetManifestResourceStream(resource)!;
        using StreamReader reader = new(stream);
        return
        [
            .. reader.ReadToEnd().Split('\n').Where(line => !line.StartsWith('#'))
                .SelectMany(line => line.Split(';')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(hex => byte.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
        ];
    }

    public void Dispose()
    {
        Core.Dispose();
        Memory.Dispose();
    }

    private void Write(ulong at, ulong value) => Memory.Write(new Hpa(at), value, false);
}
