using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Host.Guests;

/// <summary>Says hello, and what TDG.VP.INFO tells a TD about itself.</summary>
internal static class HelloGuest
{
    private const int VpInfo = 1;

    public static void Write(GuestCode g)
    {
        g.Tdcall(VpInfo); // RCX GPA width, RDX attributes, R8 NUM_VCPUS and MAX_VCPUS, R9 VCPU_INDEX
        g.A.mov(edi, ecx);
        g.Print("Hello from a TD: GPA width ");
        g.PrintDecimal(edi);
        g.Print(", attributes 0x");
        g.PrintHex(rdx);
        g.Print(", virtual CPU ");
        g.PrintDecimal(r9d);
        g.Print(" of ");
        g.PrintDecimal(r8d);
        g.Print("\n");
        g.Exit(0);
    }
}
