using System.Buffers.Binary;
using Seamsim.Firmware.Abi;

namespace Seamsim.Oracle;

/// <summary>TD_PARAMS filled from a question, with nobody's policy in between. TDX Module 1.5 ABI, "TD_PARAMS".</summary>
internal static class TdParameters
{
    private const ulong FourLevelWriteBack = 0x1E, FiveLevelWriteBack = 0x26;
    private const byte ArchCapabilitiesConfigured = 1;

    /// <summary>The structure, with the slots of CPUID_CONFIG in the module's order.</summary>
    public static byte[] Fill(CpuidQuestion question, ushort tscFrequency, IReadOnlyList<CpuidRegisters> slots)
    {
        byte[] bytes = new byte[TdParams.Bytes];
        bool wide = question.Gpaw > 48;
        Put(bytes, TdParams.Attributes, question.Attributes);
        Put(bytes, TdParams.Xfam, question.Xfam);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(TdParams.MaxVcpus), 1);
        Put(bytes, TdParams.EptpControls, wide ? FiveLevelWriteBack : FourLevelWriteBack);
        Put(bytes, TdParams.ConfigFlags, wide ? ConfigFlags.Gpaw : 0);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(TdParams.TscFrequency), tscFrequency);
        if (question.ArchCapabilities is { } capabilities)
        {
            bytes[TdParams.MsrConfigCtls] = ArchCapabilitiesConfigured;
            Put(bytes, TdParams.ArchCapabilitiesConfig, capabilities);
        }
        for (int i = 0; i < slots.Count; i++)
            for (int register = 0; register < 4; register++)
                BinaryPrimitives.WriteUInt32LittleEndian(
                    bytes.AsSpan(TdParams.CpuidConfig + (i * TdParams.CpuidConfigBytes) + (register * 4)),
                    slots[i][register]);
        return bytes;
    }

    private static void Put(Span<byte> bytes, int offset, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[offset..], value);
}
