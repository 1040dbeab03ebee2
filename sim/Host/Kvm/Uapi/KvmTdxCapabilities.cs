using System.Buffers.Binary;
using Seamsim.Host.Kernel;

namespace Seamsim.Host.Kvm.Uapi;

/// <summary>The layouts struct kvm_tdx_capabilities had over time.</summary>
public enum CapabilitiesLayout
{
    /// <summary>Series, patch 09: fixed bits as the module says them, GPA widths.</summary>
    Patch09,

    /// <summary>Series from patch 11 on: what KVM supports.</summary>
    Patch11,

    /// <summary>Early 2025: as patch 11, but with struct kvm_cpuid2 behind.</summary>
    Early2025,

    /// <summary>Linux 6.16: four words of TDVMCALL information taken from the reserved ones.</summary>
    Linux616,
}

/// <summary>struct kvm_tdx_capabilities in all its layouts: 2048 bytes, then the configurable CPUID leaves.</summary>
public static class KvmTdxCapabilities
{
    /// <summary>Bytes before the count of CPUID leaves, and sizeof.</summary>
    public const int FixedSize = 2048, Size = 2056;

    /// <summary>Patch 09.</summary>
    public const int AttrsFixed0Offset = 0, AttrsFixed1Offset = 8, XfamFixed0Offset = 16, XfamFixed1Offset = 24,
                     SupportedGpawOffset = 32;

    /// <summary>All later layouts.</summary>
    public const int SupportedAttrsOffset = 0, SupportedXfamOffset = 8;

    /// <summary>Linux 6.16.</summary>
    public const int KernelTdvmcallInfo1R11Offset = 16, UserTdvmcallInfo1R11Offset = 24,
                     KernelTdvmcallInfo1R12Offset = 32, UserTdvmcallInfo1R12Offset = 40;

    /// <summary>Count and records; the series' 24-byte records follow the count at once.</summary>
    public const int NrConfigsOffset = 2048, SeriesConfigsOffset = 2052, EntriesOffset = 2056, SeriesConfigSize = 24;

    /// <summary>Bits of supported_gpaw (patch 09).</summary>
    public const uint Gpaw48 = 1, Gpaw52 = 2;

    /// <summary>Whether the records are struct kvm_cpuid_entry2.</summary>
    public static bool UsesCpuid2(CapabilitiesLayout layout) => layout >= CapabilitiesLayout.Early2025;

    /// <summary>The records as bytes: 24-byte configurations of the series, or 40-byte CPUID entries.</summary>
    public static byte[] Records(CapabilitiesLayout layout, IReadOnlyList<CpuidConfig> configs)
    {
        int size = UsesCpuid2(layout) ? KvmCpuidEntry2.Size : SeriesConfigSize;
        byte[] bytes = new byte[configs.Count * size];
        for (int i = 0; i < configs.Count; i++)
        {
            Span<byte> record = bytes.AsSpan(i * size, size);
            if (UsesCpuid2(layout))
                new KvmCpuidEntry2(configs[i].Leaf, configs[i].Index, 0, configs[i].Mask).Write(record);
            else
                WriteSeriesConfig(record, configs[i], layout == CapabilitiesLayout.Patch09);
        }
        return bytes;
    }

    private static void WriteSeriesConfig(Span<byte> record, in CpuidConfig config, bool raw)
    {
        ReadOnlySpan<uint> words =
        [
            config.Leaf, raw ? config.SubLeaf : config.Index,
            config.Mask.Eax, config.Mask.Ebx, config.Mask.Ecx, config.Mask.Edx,
        ];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(record[(4 * i)..], words[i]);
    }
}
