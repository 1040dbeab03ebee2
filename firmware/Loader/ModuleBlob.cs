using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Loader;

/// <summary>
/// A module as the host gets it: SEAM_SIGSTRUCT and image. The image of a managed module holds no code but a payload
/// that names it. Nothing is signed: the RSA fields are zero, and the loader checks the hash only.
/// </summary>
/// <param name="SigStruct">SEAM_SIGSTRUCT, 2 KiB.</param>
/// <param name="Image">The image, whole pages.</param>
public sealed record ModuleBlob(ReadOnlyMemory<byte> SigStruct, ReadOnlyMemory<byte> Image)
{
    private const int PageBytes = 4096;

    /// <summary>Packs a managed module.</summary>
    /// <exception cref="ArgumentException">The name is too long or the image needs more than 496 pages.</exception>
    public static ModuleBlob Build(ModuleManifest manifest)
    {
        int bytes = ((int)Math.Max(manifest.Needs.CodeBytes, PageBytes) + PageBytes - 1) & ~(PageBytes - 1);
        if (bytes / PageBytes > SeamldrParams.MaxPages || manifest.Module.Length > ModulePayload.MaxName)
            throw new ArgumentException("the image does not fit SEAMLDR_PARAMS", nameof(manifest));
        byte[] image = new byte[bytes];
        ModulePayload.Write(manifest, image);
        return new ModuleBlob(BuildSigStruct(manifest, image), image);
    }

    private static byte[] BuildSigStruct(ModuleManifest m, byte[] image)
    {
        byte[] s = new byte[SeamSigStruct.Size];
        Dword(s, SeamSigStruct.HeaderType, SeamSigStruct.HeaderTypeValue);
        Dword(s, SeamSigStruct.HeaderLength, SeamSigStruct.HeaderLengthValue);
        Dword(s, SeamSigStruct.HeaderVersion, SeamSigStruct.HeaderVersionValue);
        Dword(s, SeamSigStruct.ModuleVendor, 0x8086);
        Dword(s, SeamSigStruct.Date, m.BuildDate);
        Dword(s, SeamSigStruct.SizeInDwords, SeamSigStruct.Size / 4);
        SHA384.HashData(image, s.AsSpan(SeamSigStruct.SeamHash, SHA384.HashSizeInBytes));
        Word(s, SeamSigStruct.SeamSvn, m.SeamSvn);
        BinaryPrimitives.WriteUInt64LittleEndian(s.AsSpan(SeamSigStruct.Attributes), m.Attributes);
        Dword(s, SeamSigStruct.RipOffset, (uint)m.SeamcallEntryOffset);
        s[SeamSigStruct.NumStackPages] = (byte)m.Needs.NumStackPages;
        s[SeamSigStruct.NumTlsPages] = (byte)m.Needs.NumTlsPages;
        Word(s, SeamSigStruct.NumKeyholePages, (ushort)m.Needs.NumKeyholePages);
        Word(s, SeamSigStruct.NumGlobalDataPages, (ushort)m.Needs.NumGlobalDataPages);
        Word(s, SeamSigStruct.MaxTdmrs, 64);
        Word(s, SeamSigStruct.MaxReservedPerTdmr, 16);
        for (int level = 0; level < 3; level++)
            Word(s, SeamSigStruct.PamtEntrySizes + 2 * level, 16);
        Word(s, SeamSigStruct.ModuleHv, m.ModuleHv);
        Word(s, SeamSigStruct.MinUpdateHv, m.MinUpdateHv);
        s[SeamSigStruct.NoDowngrade] = m.NoDowngrade ? (byte)1 : (byte)0;
        Word(s, SeamSigStruct.NumHandoffPages, (ushort)m.Needs.NumHandoffPages);
        Dword(s, SeamSigStruct.CpuidTableSize, (uint)m.SupportedCpus.Count);
        for (int i = 0; i < m.SupportedCpus.Count; i++)
            Dword(s, SeamSigStruct.CpuidTable + 4 * i, m.SupportedCpus[i]);
        return s;
    }

    private static void Dword(byte[] s, int offset, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(s.AsSpan(offset), value);

    private static void Word(byte[] s, int offset, ushort value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(s.AsSpan(offset), value);
}

/// <summary>The first page of a managed module's image: magic, registry key, TD-exit entry, version.</summary>
internal readonly record struct ModulePayload(
    string Module, ulong TdExitEntryOffset, ushort BuildNum, ushort Major, ushort Minor, ushort Update)
{
    public const int MaxName = 64;
    public const int Bytes = 128;

    private const int Name = 16, TdExit = 80, Numbers = 88;

    private static ReadOnlySpan<byte> Magic => "SEAMSIM-MANAGED\0"u8;

    public static void Write(ModuleManifest m, Span<byte> image)
    {
        Magic.CopyTo(image);
        Encoding.ASCII.GetBytes(m.Module, image.Slice(Name, MaxName));
        BinaryPrimitives.WriteUInt64LittleEndian(image[TdExit..], m.TdExitEntryOffset);
        ReadOnlySpan<ushort> numbers = [m.BuildNum, m.Version.Major, m.Version.Minor, m.Version.Update];
        for (int i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteUInt16LittleEndian(image[(Numbers + 2 * i)..], numbers[i]);
    }

    /// <summary>False: not the image of a managed module.</summary>
    public static bool TryRead(ReadOnlySpan<byte> image, out ModulePayload payload)
    {
        payload = default;
        if (!image.StartsWith(Magic))
            return false;
        ReadOnlySpan<byte> name = image.Slice(Name, MaxName);
        int end = name.IndexOf((byte)0);
        payload = new ModulePayload(
            Encoding.ASCII.GetString(end < 0 ? name : name[..end]),
            BinaryPrimitives.ReadUInt64LittleEndian(image[TdExit..]),
            Number(image, 0), Number(image, 1), Number(image, 2), Number(image, 3));
        return true;
    }

    private static ushort Number(ReadOnlySpan<byte> image, int index) =>
        BinaryPrimitives.ReadUInt16LittleEndian(image[(Numbers + 2 * index)..]);
}
