using System.Buffers.Binary;

namespace Seamsim.Host.Kvm.Uapi;

/// <summary>
/// What INIT_VCPU's data points to with the policies that let it write the vCPU's CPUID: 8 bytes, then struct
/// kvm_cpuid2. Assumed: none of those versions was posted.
/// </summary>
/// <param name="InitialRcx">Initial RCX of the vCPU.</param>
/// <param name="Count">Entries that follow.</param>
/// <param name="Padding">Must be 0.</param>
public readonly record struct KvmTdxInitVcpu(ulong InitialRcx, uint Count, uint Padding)
{
    /// <summary>Bytes before struct kvm_cpuid2.</summary>
    public const int FixedSize = 8;

    /// <summary>Offsets of the members.</summary>
    public const int InitialRcxOffset = 0, CpuidOffset = 8, EntriesOffset = 16;

    /// <summary>The fixed part and the array's header.</summary>
    public static KvmTdxInitVcpu Parse(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[InitialRcxOffset..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[CpuidOffset..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[(CpuidOffset + KvmCpuid2.PaddingOffset)..]));

    /// <summary>The whole structure with its CPUID entries.</summary>
    public static byte[] ToBytes(ulong initialRcx, IReadOnlyList<KvmCpuidEntry2> cpuid)
    {
        byte[] entries = KvmCpuid2.ToBytes(cpuid);
        byte[] bytes = new byte[CpuidOffset + entries.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, initialRcx);
        entries.CopyTo(bytes, CpuidOffset);
        return bytes;
    }
}
