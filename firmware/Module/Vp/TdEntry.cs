using Seamsim.Firmware.Abi;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The effects of TDH.VP.ENTER once every check has passed. TDX Module 1.5 ABI, "TDH.VP.ENTER"; Base, "TD Entry".
/// </summary>
internal readonly struct TdEntry
{
    private const int Registers = 16, Rax = 0, Rcx = 1, Rsp = 4, Rbp = 5, XmmShift = 16;
    private const ulong HostRecoverabilityHint = 1UL << 52, GuestHint = 1UL << 60, Ibpb = 1;
    private const uint PredCmdMsr = 0x49;

    private readonly Vcpu v;
    private readonly (ulong Rsp, ulong Ssp, ulong GsBase) hostState;
    private readonly ulong hostDebugCtl, operand;

    private TdEntry(Vcpu v)
    {
        this.v = v;
        hostState = TdVmcs.ReadHostState(v.P);
        hostDebugCtl = v.Context.HostDebugCtl;
        operand = v.C.Rcx;
    }

    /// <summary>Collects, while the SEAM VMCS is still current, what the entry needs of it.</summary>
    public static TdEntry Prepare(Vcpu v) => new(v);

    /// <summary>Loads the virtual CPU and enters it. The TD VMCS is current.</summary>
    public LeafEnd Enter()
    {
        ISeamPlatform p = v.P;
        TdFeatures features = TdFeatureSet.Of(p, v.Tdcs);
        TakeOverProcessor();
        RememberHost();
        NmiWindow.Arrange(p, v.Tdvps);
        ulong debugCtl = p.Vmread(VmcsField.GuestDebugctl) & ~DebugCtlRules.EnableUncorePmi;
        p.Vmwrite(VmcsField.GuestDebugctl, debugCtl | hostDebugCtl & DebugCtlRules.EnableUncorePmi);
        Tdvps tdvps = v.Tdvps;
        tdvps.State = VcpuState.Active;

        uint answered = LoadGeneralRegisters();
        PassXmm(answered >> XmmShift);
        GuestStateFault fault = TdGuestState.Load(v, features, out uint msr);
        if (fault != GuestStateFault.None)
            return TdExitToHost.FailedEntry(v, Failure(fault, msr));
        if (!tdvps.LpDependentHpaUpdated(0))
        {
            TdVmcs.WriteHostState(p, hostState);
            tdvps.SetLpDependentHpaUpdated(0, true);
        }
        p.Vmwrite(VmcsField.GuestSpecCtrlShadow, p.Read<ulong>(tdvps.Field(TdGuestMsrs.SpecCtrlOffset)));
        VpContext context = v.Context;
        context.EntryTsc = p.Rdtsc();
        context.EntryRip = p.Vmread(VmcsField.GuestRip);
        return TdResume.Go(v) == SeamEnd.Entered ? LeafEnd.Entered : LeafEnd.Fatal;
    }

    // Another virtual CPU ran here last: nothing of it may be left in the caches of translations and predictions.
    private void TakeOverProcessor()
    {
        VpContext context = v.Context;
        if (context.LastTdvpr == v.Tdvpr)
            return;
        TdTranslations.InvalidateAll(v);
        v.P.TryWrmsr(PredCmdMsr, Ibpb);
        context.LastTdvpr = v.Tdvpr;
    }

    private void RememberHost()
    {
        VpContext context = v.Context;
        context.Tdvpr = v.Tdvpr;
        context.Tdr = v.Tdr.Address;
        context.HostRbp = v.P.Gpr(Rbp);
    }

    // After TDG.VP.VMCALL the registers the TD had passed come from the host. Returns the TD's register mask.
    private uint LoadGeneralRegisters()
    {
        ISeamPlatform p = v.P;
        p.Charge(Operation.RegisterSave, Registers);
        LastTdExit last = v.Tdvps.LastTdExit;
        uint answered = last == LastTdExit.TdVmcall ? (uint)v.Tdvps.Gpr(Rcx) : 0;
        for (int i = 0; i < Registers; i++)
            if (i != Rsp && (answered >> i & 1) == 0)
                p.Gpr(i) = v.Tdvps.Gpr(i);
        if (last == LastTdExit.TdVmcall)
            p.Gpr(Rax) = 0;
        else if (last == LastTdExit.AsyncTrap && (operand & HostRecoverabilityHint) != 0)
            p.Gpr(Rax) |= GuestHint;
        return answered;
    }

    private void PassXmm(uint registers)
    {
        if (registers == 0)
            return;
        v.P.Xsaves(v.Context.ScratchXsave, XfamBits.Sse);
        ScratchXsave.CopyXmm(v.P, v.Context.ScratchXsave, Xbuff.FirstPage(v), registers);
    }

    // Bit 31 marks the reason as a failed entry, as the processor does; that the module does too is assumed.
    private TdExitReport Failure(GuestStateFault fault, uint msr)
    {
        const uint entryFailure = 1u << 31;
        bool ofMsr = fault == GuestStateFault.Msr;
        ExitReason reason = ofMsr ? ExitReason.EntryFailureMsrLoading : ExitReason.EntryFailureGuestState;
        return new TdExitReport(
            v.Tdcs.IsDebug ? TdxStatus.Success : TdxStatus.NonRecoverableTd, (uint)reason | entryFailure)
        {
            Extended = ofMsr
                ? ExtendedQualification.Of(ExtendedQualificationType.TdEntryMsrLoadFailure, msr)
                : ExtendedQualification.Of(ExtendedQualificationType.TdEntryXstateLoadFailure),
        };
    }
}
