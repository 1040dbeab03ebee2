using System.Buffers.Binary;

namespace Seamsim.Host.Kvm.Uapi;

/// <summary>struct kvm_tdx_cmd, 24 bytes: what KVM_MEMORY_ENCRYPT_OP points to.</summary>
/// <param name="Id">Sub-command number.</param>
/// <param name="Flags">Flags of the sub-command.</param>
/// <param name="Data">A user pointer, or a value for INIT_VCPU.</param>
/// <param name="HwError">RAX of the SEAMCALL that failed; must be 0 on entry.</param>
public readonly record struct KvmTdxCmd(uint Id, uint Flags, ulong Data, ulong HwError)
{
    /// <summary>sizeof.</summary>
    public const int Size = 24;

    /// <summary>Offsets of the members.</summary>
    public const int IdOffset = 0, FlagsOffset = 4, DataOffset = 8, HwErrorOffset = 16;

    /// <summary>Reads the bytes.</summary>
    public static KvmTdxCmd Parse(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[IdOffset..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[FlagsOffset..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[DataOffset..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[HwErrorOffset..]));

    /// <summary>The bytes.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Size];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(IdOffset), Id);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(FlagsOffset), Flags);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(DataOffset), Data);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(HwErrorOffset), HwError);
        return bytes;
    }
}
