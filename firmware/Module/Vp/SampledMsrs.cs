namespace Seamsim.Firmware.Module;

/// <summary>MSRs as SYS.INIT sampled them.</summary>
internal static class SampledMsrs
{
    /// <summary>The sampled value of an MSR that has a row in Data/…/sampled-msrs.csv.</summary>
    public static ulong Of(LeafCall c, uint msr) => c.Data.MsrSample(c.Tables.SampledMsrs.SlotOf(msr));
}
