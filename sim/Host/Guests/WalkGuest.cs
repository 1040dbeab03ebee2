using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Host.Guests;

/// <summary>
/// Makes the page walker work: forgets every translation and touches a page, again and again. Its pages are small, so
/// that each walk goes down to the last level, of four or of five.
/// </summary>
internal static class WalkGuest
{
    private const int Rounds = 64;

    public static void Write(GuestCode g)
    {
        Label next = g.A.CreateLabel();
        g.A.mov(edi, Rounds);
        g.A.Label(ref next);
        g.A.mov(rax, cr3);
        g.A.mov(cr3, rax);
        g.A.mov(eax, __dword_ptr[GuestLayout.Buffers]);
        g.A.dec(edi);
        g.A.jnz(next);
        g.Print($"{Rounds} rounds of page walks\n");
        g.Exit(0);
    }
}
