using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// An XSAVE image the module passes XMM registers through, and their place in any image. SDM vol. 1, 13.4.
/// </summary>
internal static class ScratchXsave
{
    /// <summary>Number of XMM registers.</summary>
    public const int XmmRegisters = 16;

    private const int XmmOffset = 160, XmmBytes = 16, XstateBvOffset = 512, XcompBvOffset = 520, HeaderEnd = 576;
    private const int FcwOffset = 0, MxcsrOffset = 24;
    private const ushort InitialFcw = 0x37F;
    private const uint InitialMxcsr = 0x1F80;
    private const ulong Compacted = 1UL << 63;

    /// <summary>An image in which every component of <paramref name="xfam"/> is in its INIT configuration.</summary>
    public static void WriteInit(ISeamPlatform p, Hpa image, ulong xfam)
    {
        Span<byte> zero = stackalloc byte[HeaderEnd];
        zero.Clear();
        p.WriteBytes(image, zero);
        p.Write(image + FcwOffset, InitialFcw);
        p.Write(image + MxcsrOffset, InitialMxcsr);
        p.Write(image + XcompBvOffset, Compacted | xfam);
    }

    /// <summary>Copies the chosen XMM registers from one image to another, which then has SSE state.</summary>
    public static void CopyXmm(ISeamPlatform p, Hpa from, Hpa to, uint registers)
    {
        bool initial = (p.Read<ulong>(from + XstateBvOffset) & XfamBits.Sse) == 0;
        Span<byte> value = stackalloc byte[XmmBytes];
        if (registers == 0)
            return;
        MakeSsePresent(p, to);
        for (int i = 0; i < XmmRegisters; i++)
        {
            if ((registers >> i & 1) == 0)
                continue;
            value.Clear();
            if (!initial)
                p.ReadBytes(from + (ulong)(XmmOffset + i * XmmBytes), value);
            p.WriteBytes(to + (ulong)(XmmOffset + i * XmmBytes), value);
        }
    }

    // The INIT configuration of SSE is zero; an image that does not hold it may hold anything in those bytes.
    private static void MakeSsePresent(ISeamPlatform p, Hpa image)
    {
        ulong present = p.Read<ulong>(image + XstateBvOffset);
        if ((present & XfamBits.Sse) != 0)
            return;
        Span<byte> zero = stackalloc byte[XmmRegisters * XmmBytes];
        zero.Clear();
        p.WriteBytes(image + XmmOffset, zero);
        p.Write(image + MxcsrOffset, InitialMxcsr);
        p.Write(image + XstateBvOffset, present | XfamBits.Sse);
    }
}
