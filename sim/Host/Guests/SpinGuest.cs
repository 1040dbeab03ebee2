using Iced.Intel;

namespace Seamsim.Host.Guests;

/// <summary>Loops until somebody stops it.</summary>
internal static class SpinGuest
{
    public static void Write(GuestCode g)
    {
        g.Print("spinning\n");
        Label again = g.A.CreateLabel();
        g.A.Label(ref again);
        g.A.pause();
        g.A.jmp(again);
    }
}
