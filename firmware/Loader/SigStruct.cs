using System.Buffers.Binary;
using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Loader;

/// <summary>A SEAM_SIGSTRUCT as the loader reads it from memory.</summary>
internal readonly ref struct SigStruct(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> bytes = bytes;

    public bool IsWellFormed =>
        Dword(SeamSigStruct.HeaderType) == SeamSigStruct.HeaderTypeValue
        && Dword(SeamSigStruct.HeaderLength) == SeamSigStruct.HeaderLengthValue
        && Dword(SeamSigStruct.HeaderVersion) == SeamSigStruct.HeaderVersionValue
        && Dword(SeamSigStruct.ModuleVendor) == 0x8086
        && Dword(SeamSigStruct.SizeInDwords) == SeamSigStruct.Size / 4
        && Dword(SeamSigStruct.CpuidTableSize) <= SeamSigStruct.MaxCpuidEntries;

    public ReadOnlySpan<byte> SeamHash => bytes.Slice(SeamSigStruct.SeamHash, 48);

    public ushort SeamSvn => Word(SeamSigStruct.SeamSvn);

    public ulong Attributes => BinaryPrimitives.ReadUInt64LittleEndian(bytes[SeamSigStruct.Attributes..]);

    public uint RipOffset => Dword(SeamSigStruct.RipOffset);

    public uint GdtIdtOffset => Dword(SeamSigStruct.GdtIdtOffset);

    public uint Date => Dword(SeamSigStruct.Date);

    public ushort ModuleHv => Word(SeamSigStruct.ModuleHv);

    public ushort MinUpdateHv => Word(SeamSigStruct.MinUpdateHv);

    public bool NoDowngrade => bytes[SeamSigStruct.NoDowngrade] != 0;

    /// <summary>Page counts; the code bytes are those of the image.</summary>
    public SeamImageNeeds Needs(ulong codeBytes) => new(
        bytes[SeamSigStruct.NumStackPages], bytes[SeamSigStruct.NumTlsPages], Word(SeamSigStruct.NumKeyholePages),
        Word(SeamSigStruct.NumGlobalDataPages), Word(SeamSigStruct.NumHandoffPages), codeBytes);

    /// <summary>Whether the CPUID table names a processor; an empty table names all.</summary>
    public bool Supports(uint fms)
    {
        int count = (int)Dword(SeamSigStruct.CpuidTableSize);
        for (int i = 0; i < count; i++)
            if (((Dword(SeamSigStruct.CpuidTable + 4 * i) ^ fms) & ~0xFu) == 0)
                return true;
        return count == 0;
    }

    private uint Dword(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private ushort Word(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);
}
