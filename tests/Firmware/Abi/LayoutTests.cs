using Seamsim.Firmware.Abi;

namespace Seamsim.Tests.Firmware.Abi;

public class LayoutTests
{
    [Test]
    public void TD_PARAMS_fills_its_kilobyte_without_gaps() => Assert.That(
        new[]
        {
            TdParams.Reserved0 + TdParams.Reserved0Bytes, TdParams.Reserved1 + TdParams.Reserved1Bytes,
            TdParams.MrConfigId + TdParams.MeasurementBytes, TdParams.MrOwnerConfig + TdParams.MeasurementBytes,
            TdParams.Reserved2 + TdParams.Reserved2Bytes, TdParams.CpuidConfig + 12 * TdParams.CpuidConfigBytes,
            TdParams.Reserved3 + TdParams.Reserved3Bytes,
        },
        Is.EqualTo(new[]
        {
            TdParams.EptpControls, TdParams.MrConfigId, TdParams.MrOwner, TdParams.ArchCapabilitiesConfig,
            TdParams.CpuidConfig, TdParams.Reserved3, TdParams.Bytes,
        }));

    [Test]
    public void TDREPORT_and_its_parts_fit_each_other() => Assert.That(
        (ReportMac.Mac + ReportMac.MacBytes, TdReport.TeeTcbInfo - TdReport.ReportMac,
            TdReport.TdInfo - TdReport.TeeTcbInfo,
         TdReport.TdInfo + TdInfo.Bytes, TdInfo.Rtmr + 4 * TdInfo.RtmrBytes),
        Is.EqualTo((ReportMac.Bytes, ReportMac.Bytes, TeeTcbInfo.Bytes, TdReport.Bytes, TdInfo.ServTdHash)));

    [Test]
    public void TDMR_INFO_holds_sixteen_reserved_areas() =>
        Assert.That(TdmrInfo.Reserved + TdmrInfo.MaxReserved * TdmrInfo.ReservedBytes, Is.EqualTo(TdmrInfo.Bytes));
}
