using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDG.MR.REPORT (leaf 4) — a TDREPORT that only this platform can verify. TDX Module 1.5 ABI, "TDG.MR.REPORT Leaf".
/// </summary>
internal static class TdgMrReport
{
    private const ulong ReportAlignment = 1024, DataAlignment = 64;

    /// <summary>Runs the leaf.</summary>
    public static GuestLeafEnd Execute(GuestCall c)
    {
        LeafCall call = c.Call;
        if ((call.Rcx & (ReportAlignment - 1)) != 0) return Invalid(OperandId.Rcx);
        if ((call.Rdx & (DataAlignment - 1)) != 0)   return Invalid(OperandId.Rdx);
        GuestBuffer data = GuestBuffer.Map(c, new Gpa(call.Rdx), OperandId.Rdx, write: false, privateOnly: false);
        if (data.End is { } dataEnd) return dataEnd;
        if (call.R8 != 0)            return Invalid(OperandId.R8);
        using LockHold rtmrs = LockHold.Of(call.P, c.Tdcs.RtmrLock, LockMode.Shared, OperandId.Rtmr, guest: true);
        if (rtmrs.Failed) return GuestLeafEnd.Completed(rtmrs.Status);

        TdReportBuilder builder = new(c);
        builder.BuildTdInfo();
        if (PendingInterrupt.ForGuest(call.P)) return GuestLeafEnd.Interrupted;
        if (!builder.TrySign(data.Address))    return GuestLeafEnd.StatusExit(TdxStatus.NonRecoverableTdCorruptedMd);

        // The output page is only looked at now: the guest may have to be asked for it last.
        GuestBuffer output = GuestBuffer.Map(c, new Gpa(call.Rcx), OperandId.Rcx, write: true, privateOnly: false);
        if (output.End is { } outputEnd) return outputEnd;
        builder.CopyTo(output.Address);
        return GuestLeafEnd.Completed(TdxStatus.Success);
    }

    private static GuestLeafEnd Invalid(OperandId operand) =>
        GuestLeafEnd.Completed(TdxStatus.OperandInvalid.With(operand));
}
