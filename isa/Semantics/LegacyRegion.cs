using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// The first 512 bytes of an XSAVE area, which is also the FXSAVE image: x87 state with 64-bit or with 32-bit pointers,
/// MXCSR, XMM registers. SDM vol. 1, 10.5.1 and 13.4.1.
/// </summary>
internal static unsafe class LegacyRegion
{
    public const int Bytes = 512, MxcsrAt = 24, MxcsrBytes = 8, XmmAt = 160, X87HeaderBytes = 24, X87StackAt = 32;

    private const int FcsAt = 12, FdsAt = 20;
    private const uint FcsFdsDeprecated = 1 << 13;

    /// <summary>Writes the x87 part; <paramref name="wide"/>: 64-bit pointers (REX.W).</summary>
    public static void SaveX87(Core core, Span<byte> image, bool wide)
    {
        core.Extended.SaveX87(image);
        if (wide)
            return;
        bool without = HasNoSelectors(core);
        BinaryPrimitives.WriteUInt32LittleEndian(image[FcsAt..], without ? 0u : core.Lp->Fcs);
        BinaryPrimitives.WriteUInt32LittleEndian(image[FdsAt..], without ? 0u : core.Lp->Fds);
    }

    /// <summary>Reads the x87 part.</summary>
    public static void RestoreX87(Core core, ReadOnlySpan<byte> image, bool wide)
    {
        core.Extended.RestoreX87(image);
        if (wide)
            return;
        core.Lp->Fip = (uint)core.Lp->Fip;
        core.Lp->Fdp = (uint)core.Lp->Fdp;
        if (HasNoSelectors(core))
            return;
        core.Lp->Fcs = BinaryPrimitives.ReadUInt16LittleEndian(image[FcsAt..]);
        core.Lp->Fds = BinaryPrimitives.ReadUInt16LittleEndian(image[FdsAt..]);
    }

    /// <summary>Writes MXCSR and MXCSR_MASK.</summary>
    public static void SaveMxcsr(Core core, Span<byte> image)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(image[MxcsrAt..], core.Lp->Mxcsr);
        BinaryPrimitives.WriteUInt32LittleEndian(image[(MxcsrAt + 4)..], ExtendedState.MxcsrMask);
    }

    /// <summary>MXCSR of an image; false: a reserved bit is set, #GP(0).</summary>
    public static bool TryReadMxcsr(ReadOnlySpan<byte> image, out uint mxcsr)
    {
        mxcsr = BinaryPrimitives.ReadUInt32LittleEndian(image[MxcsrAt..]);
        return (mxcsr & ~ExtendedState.MxcsrMask) == 0;
    }

    /// <summary>The mnemonic ends in 64: pointers of 64 bits.</summary>
    public static bool IsWide(in Instruction i) => i.Mnemonic is Mnemonic.Fxsave64 or Mnemonic.Fxrstor64 or Mnemonic.Xsave64
        or Mnemonic.Xsaveopt64 or Mnemonic.Xsavec64 or Mnemonic.Xsaves64 or Mnemonic.Xrstor64 or Mnemonic.Xrstors64;

    // FCS and FDS are saved as 0 where CPUID.7.0:EBX[13] says so.
    private static bool HasNoSelectors(Core core) =>
        core.IsOnPlatform && (core.Cpuid(7, 0).Ebx & FcsFdsDeprecated) != 0;
}
