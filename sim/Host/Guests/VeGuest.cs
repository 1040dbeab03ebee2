using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Host.Guests;

/// <summary>
/// Executes instructions a TD cannot: OUT, IN, RDMSR, CPUID and at last HLT. Each raises #VE, and the handler asks the VMM.
/// The guest ends halted, which the VMM takes for a good end.
/// </summary>
internal static class VeGuest
{
    private const uint BiosSignId = 0x8B;

    public static void Write(GuestCode g)
    {
        foreach (char c in "by OUT: ok\n")
        {
            g.A.mov(dx, 0x3F8);
            g.A.mov(al, (sbyte)c);
            g.A.@out(dx, al);
        }
        g.A.mov(dx, 0x3FD);
        g.A.@in(al, dx);
        g.A.movzx(r8d, al);
        g.Print("by IN: line status ");
        g.PrintHex(r8d);
        g.Print("\n");

        g.A.mov(ecx, BiosSignId);
        g.A.rdmsr();
        g.A.mov(r8d, edx);
        g.Print("by RDMSR: microcode revision ");
        g.PrintHex(r8d);
        g.Print("\n");

        g.A.mov(eax, 2);
        g.A.cpuid();
        g.A.mov(r8d, eax);
        g.Print("by CPUID: leaf 2 ");
        g.PrintHex(r8d);
        g.Print("\nand now HLT\n");
        g.A.hlt();
        g.Print("woken\n");
        g.Exit(0);
    }
}
