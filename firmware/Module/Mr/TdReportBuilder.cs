using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// Puts a TDREPORT together: TDINFO from the TDCS, its hash, and the part the processor signs. Its buffers lie in
/// this logical processor's local data, where the processor reads and writes them. TDX Module 1.5 ABI, "TDREPORT_STRUCT".
/// </summary>
internal readonly struct TdReportBuilder(GuestCall c)
{
    private const int SeamdbReportLeaf = 5;
    private const uint TdxReportType = 0x81, ServiceTdVersion = 1u << 16;

    // The second page of local data belongs to the report; the first one to the LP and its virtual CPU.
    private const ulong WorkArea = 0x1000;
    private const ulong ReportDataAt = WorkArea + TdReport.Bytes, HashAt = ReportDataAt + ReportMac.ReportDataBytes;

    /// <summary>Where the report is built.</summary>
    public Hpa Report => c.Call.Data.Local + WorkArea;

    /// <summary>Fills TDINFO and makes the cached TEE_INFO_HASH current. The RTMR lock is held.</summary>
    public void BuildTdInfo()
    {
        ISeamPlatform p = c.Call.P;
        Tdcs tdcs = c.Tdcs;
        Span<byte> info = stackalloc byte[TdInfo.Bytes];
        TdInfoImage.Read(p, tdcs, info);
        p.WriteBytes(Report + TdReport.TdInfo, info);
        TdInfoImage.UpdateHash(p, tdcs, info);
    }

    /// <summary>SEAMOPS SEAMDB_REPORT: REPORTMACSTRUCT and TEE_TCB_INFO; false when the processor refuses.</summary>
    public bool TrySign(Hpa reportData)
    {
        ISeamPlatform p = c.Call.P;
        Span<byte> bytes = stackalloc byte[ReportMac.ReportDataBytes];
        p.ReadBytes(reportData, bytes);
        p.WriteBytes(c.Call.Data.Local + ReportDataAt, bytes);
        p.ReadBytes(c.Tdcs.TeeInfoHash, bytes[..Sha384.DigestBytes]);
        p.WriteBytes(c.Call.Data.Local + HashAt, bytes[..Sha384.DigestBytes]);
        uint type = TdxReportType | (c.Tdcs.ServTdNum != 0 ? ServiceTdVersion : 0);
        SeamopsResult result = p.Seamops(
            SeamdbReportLeaf, Report, c.Call.Data.Local + ReportDataAt, (c.Call.Data.Local + HashAt).Value, type,
            SeamOfTd());
        return result.Rax == 0;
    }

    /// <summary>The SEAM software under which the TD was created.</summary>
    private SeamdbReference SeamOfTd()
    {
        ISeamPlatform p = c.Call.P;
        Tdr tdr = c.Tdr;
        return new SeamdbReference(
            tdr.SeamdbIndex, p.Read<ulong>(tdr.SeamdbNonce(0)), p.Read<ulong>(tdr.SeamdbNonce(1)),
            p.Read<ulong>(tdr.SeamdbNonce(2)), p.Read<ulong>(tdr.SeamdbNonce(3)));
    }

    /// <summary>Copies the finished report to the guest's page.</summary>
    public void CopyTo(Hpa destination)
    {
        Span<byte> report = stackalloc byte[TdReport.Bytes];
        c.Call.P.ReadBytes(Report, report);
        c.Call.P.WriteBytes(destination, report);
    }
}
