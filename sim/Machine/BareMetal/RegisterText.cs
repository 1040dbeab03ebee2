using System.Globalization;
using System.Text;
using Seamsim.Isa.State;

namespace Seamsim.BareMetal;

/// <summary>The registers of a logical processor, for a person who wonders how it got there.</summary>
internal static unsafe class RegisterText
{
    private static readonly string[] Names =
        ["RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
         "R8 ", "R9 ", "R10", "R11", "R12", "R13", "R14", "R15"];

    /// <summary>Some lines, each with its end.</summary>
    public static string Of(Core core)
    {
        StringBuilder text = new();
        LogicalProcessor* lp = core.Lp;
        for (int i = 0; i < Names.Length; i++)
            text.Append(CultureInfo.InvariantCulture, $"{Names[i]} {lp->Gpr[i]:X16}{(i % 4 == 3 ? '\n' : ' ')}");
        text.Append(CultureInfo.InvariantCulture,
            $"RIP {lp->Rip:X16} RFL {core.Rflags:X16} CPL {core.Cpl} {lp->Activity}\n");
        Segments(text, ("ES", lp->Es), ("CS", lp->Cs), ("SS", lp->Ss), ("DS", lp->Ds));
        Segments(text, ("FS", lp->Fs), ("GS", lp->Gs), ("LDTR", lp->Ldtr), ("TR", lp->Tr));
        text.Append(CultureInfo.InvariantCulture,
            $"GDTR {lp->GdtrBase:X}+{lp->GdtrLimit:X} IDTR {lp->IdtrBase:X}+{lp->IdtrLimit:X}\n");
        text.Append(CultureInfo.InvariantCulture,
            $"CR0 {lp->Cr0:X} CR2 {lp->Cr2:X} CR3 {lp->Cr3:X} CR4 {lp->Cr4:X} CR8 {lp->Cr8:X} EFER {lp->Efer:X}\n");
        text.Append(CultureInfo.InvariantCulture,
            $"DR0 {lp->Dr0:X} DR1 {lp->Dr1:X} DR2 {lp->Dr2:X} DR3 {lp->Dr3:X} DR6 {lp->Dr6:X} DR7 {lp->Dr7:X}\n");
        return text.ToString();
    }

    private static void Segments(StringBuilder text, params ReadOnlySpan<(string Name, Segment Value)> segments)
    {
        for (int i = 0; i < segments.Length; i++)
        {
            Segment s = segments[i].Value;
            text.Append(CultureInfo.InvariantCulture,
                $"{segments[i].Name} {s.Selector:X4} {s.Base:X}+{s.Limit:X} {s.AccessRights:X4}")
                .Append(i == segments.Length - 1 ? '\n' : ' ');
        }
    }
}
