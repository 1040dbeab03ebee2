using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.VP.ENTER (leaf 0) — run a virtual CPU. TDX Module 1.5 ABI, "TDH.VP.ENTER Leaf".</summary>
internal static class TdhVpEnter
{
    private const ulong Reserved = 0xFFC0_0000_0000_0FFF, PageMask = 0x000F_FFFF_FFFF_F000;
    private const ulong HostRecoverabilityHint = 1UL << 52, ResumeL1 = 1UL << 53, WriteAccess = 2;

    public static LeafEnd Execute(LeafCall c)
    {
        if (PlatformState.LimitsCpuid(c.P))                return TdxStatus.LimitCpuidMaxvalSet;
        if ((c.Rcx & Reserved) != 0)                       return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        using PageHold tdvpr = PageHold.OfPage(
            c, new Hpa(c.Rcx & PageMask), OperandId.Rcx, LockMode.Shared, PageType.Tdvpr);
        if (tdvpr.Failed)                                  return tdvpr.Status;
        using PageHold tdr = PageHold.OfOwner(c, tdvpr, LockMode.Shared);
        if (tdr.Failed)                                    return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.Shared);
        if (state.Failed)                                  return state.Status;

        Vcpu v = new(c, tdr.View, tdvpr.Address);
        if (!TdvpsPages.AreComplete(v.Tdcs, v.Tdvps))      return TdxStatus.TdcxNumIncorrect;
        TdxStatus associated = VcpuAssociation.Associate(v, allowDisabled: false, out bool isNew);
        if (associated.IsError)                            return associated;

        TdEntry entry = TdEntry.Prepare(v);
        c.P.Vmptrld(TdVmcs.AddressOf(v));
        TdxStatus refused = Check(v, isNew, out Gpa? stepped);
        if (refused.IsError)
        {
            c.P.VmptrldTransferVmcs();
            return refused;
        }
        if (stepped is { } gpa)
            return EmulateEptViolation(v, gpa);

        new EpfLog(c.P, v.Tdvps).NotifyGuest(v);
        state.ReleaseNow();
        LeafEnd end = entry.Enter();
        if (end.End == SeamEnd.Entered)
        {
            tdvpr.Keep();
            tdr.Keep();
        }
        return end;
    }

    // The TD VMCS is current from here on.
    private static TdxStatus Check(Vcpu v, bool isNew, out Gpa? stepped)
    {
        stepped = null;
        LeafCall c = v.C;
        bool hint = (c.Rcx & HostRecoverabilityHint) != 0, resumeL1 = (c.Rcx & ResumeL1) != 0;
        if (hint && v.Tdvps.LastTdExit != LastTdExit.AsyncTrap)
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        if (resumeL1 && v.Tdvps.CurrVm == 0)
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        if (!PlatformState.TscAdjustIsUnchanged(c))
            return PlatformState.TscAdjustChanged;
        if ((long)(c.P.Rdtsc() - v.Tdvps.LastExitTsc) < 0)
            return TdxStatus.TscRollback;
        if (v.Tdcs.Has(CpuidFlag.MonitorMwait) && !PlatformState.HasMonitorFsm(c.P))
            return PlatformState.MonitorFsmOff;
        return JoinEpoch(v, isNew, out stepped);
    }

    // TDX Module 1.5 Base, "TLB tracking": who runs is counted in the epoch in which it entered.
    private static TdxStatus JoinEpoch(Vcpu v, bool isNew, out Gpa? stepped)
    {
        stepped = null;
        if (!SharexLock.TryHold(v.P, v.Tdcs.EpochLock, LockMode.Shared))
            return TdxStatus.OperandBusy.With(OperandId.TdEpoch);
        ulong epoch = v.Tdcs.TdEpoch;
        v.Tdcs.AddRefcount((int)(epoch & 1), 1);
        Tdvps tdvps = v.Tdvps;
        if (tdvps.VcpuEpoch != epoch)
        {
            if (!isNew)
                TdTranslations.InvalidateAll(v);
            tdvps.VcpuEpoch = epoch;
        }
        // Pages that keep faulting at one RIP must be there before the TD runs again.
        TdxStatus filtered = new EpfLog(v.P, v.Tdvps).CheckAtEntry(v.Tdcs, out stepped);
        if (filtered.IsError || stepped is not null)
            v.Tdcs.AddRefcount((int)(epoch & 1), -1);
        return filtered;
    }

    private static LeafEnd EmulateEptViolation(Vcpu v, Gpa gpa)
    {
        ISeamPlatform p = v.P;
        p.VmptrldTransferVmcs();
        ReadOnlySpan<int> cleared = [3, 6, 7, 10, 11, 12, 13, 14, 15];
        foreach (int register in cleared)
            p.Gpr(register) = 0;
        TdExitToHost.WriteReport(p, TdExitReport.EptViolation(gpa, WriteAccess, 0), busLock: 0);
        return LeafEnd.Returned;
    }
}
