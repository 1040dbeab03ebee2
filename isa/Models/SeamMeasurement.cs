using System.Buffers.Binary;

namespace Seamsim.Isa.Models;

/// <summary>
/// What the P-SEAMLDR has told the processor about the SEAM software through IA32_SEAMEXTEND; SEAMREPORT signs it, and
/// SEAMCALL asks it who is ready. P-SEAMLDR 1.5, SEAMEXTEND structure.
/// </summary>
public sealed class SeamMeasurement
{
    /// <summary>Bytes of the structure in memory.</summary>
    public const int StructBytes = 136;

    private readonly byte[] image = new byte[StructBytes];

    /// <summary>The structure has been written since the reset.</summary>
    public bool Valid => BinaryPrimitives.ReadUInt64LittleEndian(image) != 0;

    /// <summary>TEE_TCB_SVN, 16 bytes.</summary>
    public ReadOnlySpan<byte> TeeTcbSvn => image.AsSpan(8, 16);

    /// <summary>MRSEAM, 48 bytes.</summary>
    public ReadOnlySpan<byte> MrSeam => image.AsSpan(24, 48);

    /// <summary>MRSIGNERSEAM, 48 bytes.</summary>
    public ReadOnlySpan<byte> MrSignerSeam => image.AsSpan(72, 48);

    /// <summary>Attributes of the module.</summary>
    public ulong Attributes => BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(120));

    /// <summary>A TDX module can be called.</summary>
    public bool SeamReady => image[128] != 0;

    /// <summary>The P-SEAMLDR can be called.</summary>
    public bool PSeamldrReady => image[130] != 0;

    /// <summary>Builds the structure.</summary>
    public static byte[] Encode(
        ReadOnlySpan<byte> teeTcbSvn, ReadOnlySpan<byte> mrSeam, ReadOnlySpan<byte> mrSignerSeam, ulong attributes,
        bool seamReady, bool pSeamldrReady)
    {
        byte[] bytes = new byte[StructBytes];
        bytes[0] = 1;
        teeTcbSvn.CopyTo(bytes.AsSpan(8, 16));
        mrSeam.CopyTo(bytes.AsSpan(24, 48));
        mrSignerSeam.CopyTo(bytes.AsSpan(72, 48));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(120), attributes);
        bytes[128] = seamReady ? (byte)1 : (byte)0;
        bytes[130] = pSeamldrReady ? (byte)1 : (byte)0;
        return bytes;
    }

    /// <summary>WRMSR IA32_SEAMEXTEND.</summary>
    public void Load(ReadOnlySpan<byte> structure) => structure[..StructBytes].CopyTo(image);
}
