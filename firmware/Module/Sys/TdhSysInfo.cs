using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.SYS.INFO (leaf 32) — TDSYSINFO and the CMRs. TDX Module 1.5 ABI, "TDH.SYS.INFO Leaf".</summary>
internal static class TdhSysInfo
{
    private const int CmrTableBytes = CmrInfo.MaxCmrs * CmrInfo.Bytes;

    public static LeafEnd Execute(LeafCall c)
    {
        ulong bytes = c.Rdx, cmrs = c.R9;
        (c.Rdx, c.R9) = (0, 0);

        if (!c.Data.Lp.Initialized)                                             return TdxStatus.SysLpInitNotDone;
        if (SharedBuffer.Check(c, c.Rcx, TdSysInfo.Alignment, OperandId.Rcx) is { IsError: true } rcx) return rcx;
        if (bytes < TdSysInfo.Bytes)
            return TdxStatus.OperandInvalid.With(OperandId.Rdx);

        // The buffer is already cleared when one of the remaining checks fails.
        Span<byte> info = stackalloc byte[TdSysInfo.Bytes];
        info.Clear();
        c.P.WriteBytes(new Hpa(c.Rcx), info);
        if (SharedBuffer.Check(c, c.R8, CmrInfo.Alignment, OperandId.R8) is { IsError: true } r8) return r8;
        if (cmrs < CmrInfo.MaxCmrs)
            return TdxStatus.OperandInvalid.With(OperandId.R9);

        Fill(c, info);
        c.P.WriteBytes(new Hpa(c.Rcx), info);
        WriteCmrs(c);
        (c.Rdx, c.R9) = (TdSysInfo.Bytes, CmrInfo.MaxCmrs);
        return TdxStatus.Success;
    }

    private static void WriteCmrs(LeafCall c)
    {
        Span<byte> table = stackalloc byte[CmrTableBytes];
        c.P.ReadBytes(c.Data.SysInfo + SysInfoTable.Cmr, table);
        c.P.WriteBytes(new Hpa(c.R8), table);
    }

    private static void Fill(LeafCall c, Span<byte> info)
    {
        U32(info, TdSysInfo.VendorId, (uint)SystemMetadata.Value(c, "VENDOR_ID"));
        U32(info, TdSysInfo.BuildDate, (uint)SystemMetadata.Value(c, "BUILD_DATE"));
        U16(info, TdSysInfo.BuildNum, SystemMetadata.Value(c, "BUILD_NUM"));
        U16(info, TdSysInfo.MinorVersion, SystemMetadata.Value(c, "MINOR_VERSION"));
        U16(info, TdSysInfo.MajorVersion, SystemMetadata.Value(c, "MAJOR_VERSION"));
        info[TdSysInfo.SysRd] = 1;
        U16(info, TdSysInfo.MaxTdmrs, SystemMetadata.Value(c, "MAX_TDMRS"));
        U16(info, TdSysInfo.MaxReservedPerTdmr, SystemMetadata.Value(c, "MAX_RESERVED_PER_TDMR"));
        U16(info, TdSysInfo.PamtEntrySize, SystemMetadata.Value(c, "PAMT_4K_ENTRY_SIZE"));
        U16(info, TdSysInfo.TdcsBaseSize, SystemMetadata.Value(c, "TDCS_BASE_SIZE"));
        U16(info, TdSysInfo.TdvpsBaseSize, SystemMetadata.Value(c, "TDVPS_BASE_SIZE"));
        U64(info, TdSysInfo.AttributesFixed0, SystemMetadata.Value(c, "ATTRIBUTES_FIXED0"));
        U64(info, TdSysInfo.AttributesFixed1, SystemMetadata.Value(c, "ATTRIBUTES_FIXED1"));
        U64(info, TdSysInfo.XfamFixed0, SystemMetadata.Value(c, "XFAM_FIXED0"));
        U64(info, TdSysInfo.XfamFixed1, SystemMetadata.Value(c, "XFAM_FIXED1"));
        FillCpuidConfig(c, info);
    }

    // Bits the host may set: those it sets as it likes, and those it may allow where the processor has them.
    private static void FillCpuidConfig(LeafCall c, Span<byte> info)
    {
        IReadOnlyList<CpuidEntry> entries = c.Tables.Cpuid.Configurable;
        U32(info, TdSysInfo.NumCpuidConfig, (uint)entries.Count);
        for (int i = 0; i < entries.Count; i++)
        {
            CpuidEntry entry = entries[i];
            CpuidRegisters native = Cpuid.ToRegisters(c.Data.NativeCpuid(entry.Index));
            CpuidRegisters mask = entry.ConfigDirect | entry.AllowDirect & native;
            Span<byte> row = info[(TdSysInfo.CpuidConfig + i * TdSysInfo.CpuidConfigBytes)..];
            U32(row, 0, entry.Leaf);
            U32(row, 4, entry.Subleaf);
            for (int r = 0; r < 4; r++)
                U32(row, 8 + r * 4, mask[r]);
        }
    }

    private static void U16(Span<byte> s, int at, ulong v) =>
        BinaryPrimitives.WriteUInt16LittleEndian(s[at..], (ushort)v);

    private static void U32(Span<byte> s, int at, uint v) => BinaryPrimitives.WriteUInt32LittleEndian(s[at..], v);

    private static void U64(Span<byte> s, int at, ulong v) => BinaryPrimitives.WriteUInt64LittleEndian(s[at..], v);
}
