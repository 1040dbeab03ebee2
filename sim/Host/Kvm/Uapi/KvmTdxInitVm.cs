using System.Buffers.Binary;

namespace Seamsim.Host.Kvm.Uapi;

/// <summary>The layouts struct kvm_tdx_init_vm had over time.</summary>
public enum InitVmLayout
{
    /// <summary>Before the series: no XFAM, 8184 bytes before the CPUID array.</summary>
    BeforeSeries,

    /// <summary>The series and Linux 6.16: 256 bytes before the CPUID array.</summary>
    Series,
}

/// <summary>struct kvm_tdx_init_vm: 256 bytes (8184 before the series), then struct kvm_cpuid2.</summary>
public sealed class KvmTdxInitVm
{
    /// <summary>Bytes before struct kvm_cpuid2.</summary>
    public const int FixedSize = 256;

    /// <summary>Offsets of the members.</summary>
    public const int AttributesOffset = 0, XfamOffset = 8, MrConfigIdOffset = 16, MrOwnerOffset = 64,
                     MrOwnerConfigOffset = 112, ReservedOffset = 160, CpuidOffset = 256;

    /// <summary>Offsets of the members before the series; reserved words reach up to the CPUID array.</summary>
    public const int OldMrConfigIdOffset = 8, OldMrOwnerOffset = 56, OldMrOwnerConfigOffset = 104,
                     OldReservedOffset = 152, OldCpuidOffset = 8184;

    /// <summary>Bytes of a measurement value.</summary>
    public const int MeasurementSize = 48;

    /// <summary>TD attributes.</summary>
    public ulong Attributes { get; init; }

    /// <summary>Extended features the TD may use.</summary>
    public ulong Xfam { get; init; }

    /// <summary>MRCONFIGID, 48 bytes.</summary>
    public byte[] MrConfigId { get; init; } = new byte[MeasurementSize];

    /// <summary>MROWNER, 48 bytes.</summary>
    public byte[] MrOwner { get; init; } = new byte[MeasurementSize];

    /// <summary>MROWNERCONFIG, 48 bytes.</summary>
    public byte[] MrOwnerConfig { get; init; } = new byte[MeasurementSize];

    /// <summary>Whether all reserved words are 0.</summary>
    public bool ReservedIsZero { get; init; } = true;

    /// <summary>Where struct kvm_cpuid2 begins.</summary>
    public static int CpuidOffsetOf(InitVmLayout layout) =>
        layout == InitVmLayout.BeforeSeries ? OldCpuidOffset : CpuidOffset;

    /// <summary>The fixed part; XFAM is 0 where the layout has none.</summary>
    public static KvmTdxInitVm Parse(ReadOnlySpan<byte> bytes, InitVmLayout layout = InitVmLayout.Series) =>
        layout == InitVmLayout.BeforeSeries ? ParseOld(bytes) : ParseNew(bytes);

    private static KvmTdxInitVm ParseOld(ReadOnlySpan<byte> bytes) => new()
    {
        Attributes = BinaryPrimitives.ReadUInt64LittleEndian(bytes[AttributesOffset..]),
        MrConfigId = bytes.Slice(OldMrConfigIdOffset, MeasurementSize).ToArray(),
        MrOwner = bytes.Slice(OldMrOwnerOffset, MeasurementSize).ToArray(),
        MrOwnerConfig = bytes.Slice(OldMrOwnerConfigOffset, MeasurementSize).ToArray(),
        ReservedIsZero = bytes[OldReservedOffset..OldCpuidOffset].IndexOfAnyExcept((byte)0) < 0,
    };

    private static KvmTdxInitVm ParseNew(ReadOnlySpan<byte> bytes) => new()
    {
        Attributes = BinaryPrimitives.ReadUInt64LittleEndian(bytes[AttributesOffset..]),
        Xfam = BinaryPrimitives.ReadUInt64LittleEndian(bytes[XfamOffset..]),
        MrConfigId = bytes.Slice(MrConfigIdOffset, MeasurementSize).ToArray(),
        MrOwner = bytes.Slice(MrOwnerOffset, MeasurementSize).ToArray(),
        MrOwnerConfig = bytes.Slice(MrOwnerConfigOffset, MeasurementSize).ToArray(),
        ReservedIsZero = bytes[ReservedOffset..CpuidOffset].IndexOfAnyExcept((byte)0) < 0,
    };

    /// <summary>The whole structure with its CPUID entries.</summary>
    public byte[] ToBytes(IReadOnlyList<KvmCpuidEntry2> cpuid, InitVmLayout layout = InitVmLayout.Series)
    {
        bool old = layout == InitVmLayout.BeforeSeries;
        byte[] entries = KvmCpuid2.ToBytes(cpuid);
        byte[] bytes = new byte[CpuidOffsetOf(layout) + entries.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(AttributesOffset), Attributes);
        if (!old)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(XfamOffset), Xfam);
        MrConfigId.CopyTo(bytes, old ? OldMrConfigIdOffset : MrConfigIdOffset);
        MrOwner.CopyTo(bytes, old ? OldMrOwnerOffset : MrOwnerOffset);
        MrOwnerConfig.CopyTo(bytes, old ? OldMrOwnerConfigOffset : MrOwnerConfigOffset);
        entries.CopyTo(bytes, CpuidOffsetOf(layout));
        return bytes;
    }
}

/// <summary>struct kvm_tdx_init_mem_region, 24 bytes, in and out.</summary>
/// <param name="SourceAddress">User address of the contents.</param>
/// <param name="Gpa">Private guest-physical address.</param>
/// <param name="Pages">4-KiB pages left.</param>
public readonly record struct KvmTdxInitMemRegion(ulong SourceAddress, ulong Gpa, ulong Pages)
{
    /// <summary>sizeof.</summary>
    public const int Size = 24;

    /// <summary>Offsets of the members.</summary>
    public const int SourceAddressOffset = 0, GpaOffset = 8, PagesOffset = 16;

    /// <summary>Reads the bytes.</summary>
    public static KvmTdxInitMemRegion Parse(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[SourceAddressOffset..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[GpaOffset..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[PagesOffset..]));

    /// <summary>The bytes.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Size];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(SourceAddressOffset), SourceAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(GpaOffset), Gpa);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(PagesOffset), Pages);
        return bytes;
    }
}
