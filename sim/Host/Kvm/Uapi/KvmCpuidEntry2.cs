using System.Buffers.Binary;
using Seamsim.Host.Kernel;

namespace Seamsim.Host.Kvm.Uapi;

/// <summary>struct kvm_cpuid_entry2, 40 bytes (the last 12 are padding).</summary>
/// <param name="Function">CPUID leaf.</param>
/// <param name="Index">Sub-leaf.</param>
/// <param name="Flags">Bit 0: the sub-leaf is significant.</param>
/// <param name="Value">EAX, EBX, ECX, EDX.</param>
public readonly record struct KvmCpuidEntry2(uint Function, uint Index, uint Flags, CpuidValue Value)
{
    /// <summary>sizeof.</summary>
    public const int Size = 40;

    /// <summary>Offsets of the members.</summary>
    public const int FunctionOffset = 0, IndexOffset = 4, FlagsOffset = 8, EaxOffset = 12, EbxOffset = 16,
                     EcxOffset = 20, EdxOffset = 24, PaddingOffset = 28;

    /// <summary>Whether <see cref="Index"/> takes part in lookups.</summary>
    public bool IndexIsSignificant => (Flags & KvmUapi.CpuidFlagSignificantIndex) != 0;

    /// <summary>Whether a lookup of leaf and sub-leaf finds this entry.</summary>
    public bool Answers(uint function, uint index) =>
        Function == function && (!IndexIsSignificant || Index == index);

    /// <summary>An entry with the flag its leaf needs: sub-leaves are significant where CPUID looks at ECX.</summary>
    public static KvmCpuidEntry2 For(uint function, uint index, CpuidValue value) =>
        new(function, index, HasSubleaves(function) ? KvmUapi.CpuidFlagSignificantIndex : 0, value);

    /// <summary>Reads the bytes.</summary>
    public static KvmCpuidEntry2 Parse(ReadOnlySpan<byte> bytes) => new(
        Word(bytes, FunctionOffset), Word(bytes, IndexOffset), Word(bytes, FlagsOffset),
        new CpuidValue(
            Word(bytes, EaxOffset), Word(bytes, EbxOffset), Word(bytes, EcxOffset), Word(bytes, EdxOffset)));

    /// <summary>Writes the bytes; padding is left as it is.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[FunctionOffset..], Function);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[IndexOffset..], Index);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[FlagsOffset..], Flags);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[EaxOffset..], Value.Eax);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[EbxOffset..], Value.Ebx);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[EcxOffset..], Value.Ecx);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[EdxOffset..], Value.Edx);
    }

    /// <summary>Leaves whose answer depends on ECX. SDM vol. 2A, CPUID.</summary>
    private static bool HasSubleaves(uint leaf) =>
        leaf is 4 or 7 or 0xB or 0xD or 0xF or 0x10 or 0x12 or 0x14 or 0x17 or 0x18 or 0x1D or 0x1F or 0x20 or 0x23
            or 0x24;

    private static uint Word(ReadOnlySpan<byte> bytes, int offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);
}

/// <summary>struct kvm_cpuid2: count, padding, entries.</summary>
public static class KvmCpuid2
{
    /// <summary>Bytes before the entries.</summary>
    public const int HeaderSize = 8;

    /// <summary>Offsets of the members.</summary>
    public const int NentOffset = 0, PaddingOffset = 4, EntriesOffset = 8;

    /// <summary>The bytes of a whole array.</summary>
    public static byte[] ToBytes(IReadOnlyList<KvmCpuidEntry2> entries, uint padding = 0)
    {
        byte[] bytes = new byte[HeaderSize + (entries.Count * KvmCpuidEntry2.Size)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)entries.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(PaddingOffset), padding);
        for (int i = 0; i < entries.Count; i++)
            entries[i].Write(bytes.AsSpan(EntriesOffset + (i * KvmCpuidEntry2.Size)));
        return bytes;
    }

    /// <summary>The entries behind the header; the caller knows how many there are.</summary>
    public static List<KvmCpuidEntry2> ParseEntries(ReadOnlySpan<byte> bytes, int count)
    {
        List<KvmCpuidEntry2> entries = new(count);
        for (int i = 0; i < count; i++)
            entries.Add(KvmCpuidEntry2.Parse(bytes[(i * KvmCpuidEntry2.Size)..]));
        return entries;
    }
}
