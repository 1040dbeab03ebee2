using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Host.Guests;

/// <summary>
/// Executes CPUID leaves and prints them; leaf 2 raises #VE, which the handler turns into TDVMCALL CPUID.
/// </summary>
internal static class CpuidGuest
{
    private static readonly (uint Leaf, uint Subleaf)[] Leaves =
    [
        (0x0, 0), (0x1, 0), (0x2, 0), (0x4, 0), (0x7, 0), (0xD, 0), (0x15, 0), (0x21, 0), (0x80000001, 0),
        (0x80000008, 0),
    ];

    public static void Write(GuestCode g)
    {
        foreach ((uint leaf, uint subleaf) in Leaves)
        {
            g.A.mov(eax, leaf);
            g.A.mov(ecx, subleaf);
            g.A.cpuid();
            g.A.mov(r8d, eax);
            g.A.mov(r9d, ebx);
            g.A.mov(edi, ecx);
            g.Print($"cpuid {leaf:x8}.{subleaf:x}: ");
            g.PrintHex(r8d);
            g.Print(" ");
            g.PrintHex(r9d);
            g.Print(" ");
            g.PrintHex(edi);
            g.Print(" ");
            g.PrintHex(edx);
            g.Print("\n");
        }
        g.Exit(0);
    }
}
