using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The extended state of a virtual CPU in TDVPS: three pages that lie anywhere in memory. An image that fits one page
/// is saved and restored in place; a larger one goes through the contiguous scratch area of the logical processor.
/// </summary>
internal static class Xbuff
{
    private const int PageBytes = 4096, Pages = 3;

    /// <summary>XSAVES of the TD's components.</summary>
    public static void Save(Vcpu v)
    {
        if (FitsOnePage(v))
        {
            v.P.Xsaves(FirstPage(v), v.Tdvps.Xfam);
            return;
        }
        Copy(v, toScratch: true); // XSAVES leaves what it does not write
        v.P.Xsaves(v.Context.ScratchXsave, v.Tdvps.Xfam);
        Copy(v, toScratch: false);
    }

    /// <summary>XRSTORS of the TD's components; false is #GP.</summary>
    public static bool TryRestore(Vcpu v)
    {
        if (FitsOnePage(v))
            return v.P.TryXrstors(FirstPage(v), v.Tdvps.Xfam);
        Copy(v, toScratch: true);
        return v.P.TryXrstors(v.Context.ScratchXsave, v.Tdvps.Xfam);
    }

    /// <summary>The page with the legacy area and the header.</summary>
    public static Hpa FirstPage(Vcpu v) => v.Tdvps.Page(Tdvps.FirstXbuffPage);

    private static bool FitsOnePage(Vcpu v) => v.Tdcs.XbuffSize <= PageBytes;

    private static void Copy(Vcpu v, bool toScratch)
    {
        ISeamPlatform p = v.P;
        Span<byte> page = stackalloc byte[PageBytes];
        for (int i = 0; i < Pages; i++)
        {
            Hpa inTdvps = v.Tdvps.Page(Tdvps.FirstXbuffPage + i);
            Hpa inScratch = v.Context.ScratchXsave + (ulong)(i * PageBytes);
            p.ReadBytes(toScratch ? inTdvps : inScratch, page);
            p.WriteBytes(toScratch ? inScratch : inTdvps, page);
        }
    }
}
