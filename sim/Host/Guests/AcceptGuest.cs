using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Host.Guests;

/// <summary>
/// Takes memory the TD did not start with: TDG.MEM.PAGE.ACCEPT makes the VMM add the page, the guest accepts it, finds it
/// zeroed and uses it. A second ACCEPT of the same page answers PAGE_ALREADY_ACCEPTED.
/// </summary>
internal static class AcceptGuest
{
    private const int PageAccept = 6, Pages = 4;
    private const uint First = 0x100000;

    public static void Write(GuestCode g)
    {
        Label next = g.A.CreateLabel(), zero = g.A.CreateLabel(), kept = g.A.CreateLabel();
        g.A.mov(edi, First);
        g.A.Label(ref next);
        g.A.mov(ecx, edi); // level 0: 4 KiB
        g.Tdcall(PageAccept);
        g.FailUnlessZero("TDG.MEM.PAGE.ACCEPT");
        g.A.cmp(__qword_ptr[rdi + 0xFF8], 0);
        g.A.je(zero);
        g.Print("an accepted page is not zero\n");
        g.Exit(1);
        g.A.Label(ref zero);
        g.A.mov(__qword_ptr[rdi + 8], rdi);
        g.A.cmp(__qword_ptr[rdi + 8], rdi);
        g.A.je(kept);
        g.Print("an accepted page does not keep its contents\n");
        g.Exit(1);
        g.A.Label(ref kept);
        g.A.add(edi, 0x1000);
        g.A.cmp(edi, First + Pages * 0x1000);
        g.A.jb(next);

        g.Print($"accepted {Pages} pages; again: 0x");
        g.A.mov(ecx, First);
        g.Tdcall(PageAccept);
        g.PrintHex(rax);
        g.Print("\n");
        g.Exit(0);
    }
}
