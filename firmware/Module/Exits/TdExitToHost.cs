using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The TD exit as TDH.VP.ENTER returns it: the virtual CPU is put away, nothing of it is left in the processor, and the
/// registers tell the host what it may know. TDX Module 1.5 ABI, "TDH.VP.ENTER"; Base, "TD Exit".
/// </summary>
internal static class TdExitToHost
{
    private const int Registers = 16, Rax = 0, Rcx = 1, Rdx = 2, Rsp = 4, Rbp = 5, R8 = 8, R9 = 9, XmmShift = 16;
    private const uint BusLockBit = 1u << 26;
    private const ulong PageMask = ~0xFFFUL;

    /// <summary>An asynchronous TD exit: the holds of VP.ENTER end and the host goes on behind its SEAMCALL.</summary>
    public static SeamEnd Asynchronous(Vcpu v, in TdExitReport report)
    {
        uint busLock = TakeBusLock(v);
        PutAway(v, report, passedXmm: 0);
        ReleaseHolds(v);
        ClearRegisters(v);
        WriteReport(v.P, report, busLock);
        return SeamReturn.ToHost(v.C);
    }

    /// <summary>
    /// The guest state could not be loaded: VP.ENTER, whose own holds still stand, returns a TD exit.
    /// </summary>
    public static LeafEnd FailedEntry(Vcpu v, in TdExitReport report)
    {
        PutAway(v, report, passedXmm: 0);
        ClearRegisters(v);
        WriteReport(v.P, report, busLock: 0);
        return LeafEnd.Returned;
    }

    /// <summary>
    /// TDG.VP.VMCALL: the registers the TD chose go to the host. TDX Module 1.5 ABI, "TDG.VP.VMCALL Leaf".
    /// </summary>
    public static SeamEnd Vmcall(Vcpu v, in VmExitInfo exit)
    {
        uint mask = (uint)v.P.Gpr(Rcx), busLock = TakeBusLock(v);
        Span<ulong> passed = stackalloc ulong[Registers];
        for (int i = 0; i < Registers; i++)
            passed[i] = (mask >> i & 1) != 0 ? v.P.Gpr(i) : 0;
        PutAway(v, new TdExitReport(TdxStatus.Success, exit.Reason), mask >> XmmShift);
        Tdvps tdvps = v.Tdvps;
        tdvps.LastTdExit = LastTdExit.TdVmcall;
        ReleaseHolds(v);
        for (int i = 0; i < Registers; i++)
            if (i != Rsp)
                v.P.Gpr(i) = passed[i];
        RestoreRbp(v, mask);
        v.P.Gpr(Rax) = (ushort)exit.Basic | busLock;
        v.P.Gpr(Rcx) = mask;
        return SeamReturn.ToHost(v.C);
    }

    /// <summary>Writes the output registers of an asynchronous exit; the others are already cleared.</summary>
    public static void WriteReport(ISeamPlatform p, in TdExitReport report, uint busLock)
    {
        p.Gpr(Rax) = report.Status.Code.Value | report.Reason | busLock;
        p.Gpr(Rcx) = (uint)report.Qualification;
        p.Gpr(Rdx) = report.Extended;
        p.Gpr(R8) = report.Gpa.Value & PageMask;
        p.Gpr(R9) = report.Interruption;
    }

    private static void PutAway(Vcpu v, in TdExitReport report, uint passedXmm)
    {
        ISeamPlatform p = v.P;
        bool accessible = !report.Status.Is(TdxStatus.NonRecoverableTdNonAccessible);
        p.Charge(Operation.RegisterSave, Registers);
        TdFeatures features = accessible ? TdFeatureSet.Of(p, v.Tdcs) : (TdFeatures)uint.MaxValue;
        ulong xfam = accessible ? v.Tdvps.Xfam : p.Xgetbv();
        if (accessible)
            SaveVcpu(v, report, features);
        if (report.Status.IsFatal)
        {
            Tdr tdr = v.Tdr;
            tdr.Fatal = true;
        }
        p.VmptrldTransferVmcs();
        TdGuestState.Scrub(v, features, xfam, passedXmm);
        RestoreHost(v, features);
    }

    private static void SaveVcpu(Vcpu v, in TdExitReport report, TdFeatures features)
    {
        ISeamPlatform p = v.P;
        Tdvps tdvps = v.Tdvps;
        for (int i = 0; i < Registers; i++)
            if (i != Rsp)
                tdvps.SetGpr(i, p.Gpr(i));
        tdvps.StateDetails = VirtualInterrupts.IsPending(v) ? 1UL : 0;
        TdGuestState.Save(v, features);
        tdvps.LastExitTsc = p.Rdtsc();
        tdvps.LastTdExit = report.TrapLike ? LastTdExit.AsyncTrap : LastTdExit.AsyncFault;
        tdvps.State = report.Status.Is(TdxStatus.NonRecoverableVcpu) ? VcpuState.Disabled : VcpuState.Ready;
        v.Tdcs.AddRefcount((int)(tdvps.VcpuEpoch & 1), -1);
    }

    private static void ReleaseHolds(Vcpu v)
    {
        PageHold.Resume(v.C, v.Tdvpr, LockMode.Shared, withParents: true).Dispose();
        PageHold.Resume(v.C, v.Tdr.Address, LockMode.Shared, withParents: false).Dispose();
    }

    // What VM entry into the TD changed behind the host's back; the transfer VMCS is current.
    private static void RestoreHost(Vcpu v, TdFeatures features)
    {
        ISeamPlatform p = v.P;
        VpContext context = v.Context;
        p.Vmwrite(VmcsField.GuestDebugctl, context.HostDebugCtl & DebugCtlRules.KeptForHost);
        p.Vmwrite(VmcsField.GuestDr7, InitialDr7);
        if ((features & (TdFeatures.Perfmon | TdFeatures.Debug)) != 0)
            p.Vmwrite(VmcsField.GuestPerfGlobalCtrl, InitialPerfGlobalCtrl);
        if ((features & TdFeatures.Pt) != 0)
            p.Vmwrite(VmcsField.GuestRtitCtl, 0);
        if ((features & TdFeatures.Lbr) != 0)
            p.Vmwrite(VmcsField.GuestLbrCtl, 0);
    }

    private const ulong InitialDr7 = 0x400, InitialPerfGlobalCtrl = 0xFF;

    private static void ClearRegisters(Vcpu v)
    {
        for (int i = 0; i < Registers; i++)
            if (i != Rsp)
                v.P.Gpr(i) = 0;
    }

    private static void RestoreRbp(Vcpu v, uint mask)
    {
        if ((mask >> Rbp & 1) == 0 && (v.Tdcs.ConfigFlags & ConfigFlags.NoRbpMod) != 0)
            v.P.Gpr(Rbp) = v.Context.HostRbp;
    }

    private static uint TakeBusLock(Vcpu v)
    {
        VpContext context = v.Context;
        bool taken = context.BusLock;
        context.BusLock = false;
        return taken ? BusLockBit : 0;
    }
}
