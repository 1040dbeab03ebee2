using Seamsim.Isa.State;

namespace Seamsim.Tests.Isa.Fuzz;

/// <summary>
/// Finds what differs between two processors that should be in the same state. Their clocks are not compared: when the
/// compare of a fused pair meets a code page, single steps account the jump behind it once more.
/// </summary>
internal static unsafe class FuzzDifference
{
    /// <summary>Null when nothing does.</summary>
    public static string? Of(Core one, Core other)
    {
        LogicalProcessor* a = one.Lp, b = other.Lp;
        return Words("gpr", a->Gpr, b->Gpr, 16)
            ?? Value("rip", a->Rip, b->Rip) ?? Value("rflags", one.Rflags, other.Rflags)
            ?? Value("instructions", a->Instructions, b->Instructions)
            ?? Value("activity", (ulong)a->Activity, (ulong)b->Activity)
            ?? Value("shadow", a->InterruptShadow, b->InterruptShadow)
            ?? Words("segments", (ulong*)&a->Es, (ulong*)&b->Es, 8 * sizeof(Segment) / 8)
            ?? Words("tables", &a->GdtrBase, &b->GdtrBase, 3)
            ?? Words("control", &a->Cr0, &b->Cr0, 6)
            ?? Words("debug", &a->Dr0, &b->Dr0, 6)
            ?? Value("xcr0", a->Xcr0, b->Xcr0) ?? Value("xss", a->Xss, b->Xss) ?? Value("ssp", a->Ssp, b->Ssp)
            ?? Value("pending debug", a->PendingDebug, b->PendingDebug)
            ?? Words("zmm", a->Zmm, b->Zmm, 32 * 8) ?? Words("k", a->K, b->K, 8) ?? Words("st", a->St, b->St, 16)
            ?? Value("fcw", a->Fcw, b->Fcw) ?? Value("fsw", a->Fsw, b->Fsw) ?? Value("ftw", a->Ftw, b->Ftw)
            ?? Value("fop", a->Fop, b->Fop) ?? Value("fip", a->Fip, b->Fip) ?? Value("fdp", a->Fdp, b->Fdp)
            ?? Value("mxcsr", a->Mxcsr, b->Mxcsr) ?? Value("pkru", a->Pkru, b->Pkru);
    }

    private static string? Value(string name, ulong a, ulong b) => a == b ? null : $"{name} {a:X} and {b:X}";

    private static string? Words(string name, ulong* a, ulong* b, int count)
    {
        int same = new ReadOnlySpan<ulong>(a, count).CommonPrefixLength(new ReadOnlySpan<ulong>(b, count));
        return same == count ? null : $"{name}[{same}] {a[same]:X} and {b[same]:X}";
    }
}
