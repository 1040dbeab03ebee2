using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Host.Guests;

/// <summary>Extends RTMR2 with 48 bytes, asks for a TDREPORT and prints the RTMR2 it contains.</summary>
internal static class RtmrGuest
{
    private const int RtmrExtend = 2, MrReport = 4, RtmrIndex = 2, RtmrBytes = 48;
    private const uint ExtendData = GuestLayout.Buffers, ReportData = GuestLayout.Buffers + 0x100,
        Report = GuestLayout.Buffers + 0x1000;

    // TDREPORT: TDINFO at 512, the four RTMRs 208 bytes into it.
    private const uint Rtmr2 = Report + 512 + 208 + RtmrIndex * RtmrBytes;

    public static void Write(GuestCode g)
    {
        for (uint i = 0; i < RtmrBytes; i += 8)
            g.A.mov(__qword_ptr[(ulong)(ExtendData + i)], 0x11111111 + (int)i);
        g.A.mov(ecx, ExtendData);
        g.A.mov(edx, RtmrIndex);
        g.Tdcall(RtmrExtend);
        g.FailUnlessZero("TDG.MR.RTMR.EXTEND");

        g.A.mov(ecx, Report);
        g.A.mov(edx, ReportData);
        g.A.xor(r8d, r8d);
        g.Tdcall(MrReport);
        g.FailUnlessZero("TDG.MR.REPORT");
        g.Print("RTMR2 ");
        g.PrintBytes(Rtmr2, RtmrBytes);
        g.Print("\n");
        g.Exit(0);
    }
}
