using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// Where VM exits of a TD arrive. TDX Module 1.5 Base, "TD VM exits"; the order of the steps is module 1.5.01's.
/// </summary>
internal static class TdExitHandler
{
    /// <summary>Deals with the exit: back into the TD, out to the host, or the end of the platform.</summary>
    public static SeamEnd Handle(LeafCall c)
    {
        Vcpu v = Vcpu.Running(c);
        TdGuestState.SwitchSpecCtrlToModule(v);
        VmExitInfo exit = VmExitInfo.Read(v.P);
        if (!exit.IsEntryFailure)
            v.Tdvps.SetVmLaunched(0, true);
        return Finish(v, exit, Judge(v, exit));
    }

    private static ExitEnd Judge(Vcpu v, in VmExitInfo exit)
    {
        if (v.Tdr.Fatal)
        {
            SteppingDefence.Abandon(v);
            return exit.Report(TdxStatus.NonRecoverableTdNonAccessible);
        }
        if (exit.IsBusLockPreempted)
        {
            VpContext context = v.Context;
            context.BusLock = true;
        }
        bool debug = v.Tdcs.IsDebug;
        if (!debug && exit.OtherModifiers != 0)
            return ExitEnd.Fatal;

        SteppingVerdict stepping = SteppingDefence.Filter(v, exit);
        if (stepping == SteppingVerdict.WrongApicMode)
            return exit.Report(TdxStatus.NonRecoverableTdWrongApicMode);
        GuestInjection.RedeliverVectored(v.P, exit);
        if (stepping == SteppingVerdict.Resume)
            return ExitEnd.Resume;
        return Dispatch(v, exit, debug);
    }

    private static ExitEnd Dispatch(Vcpu v, in VmExitInfo exit, bool debug) =>
        v.C.Rules.Exits.ActionOf((uint)exit.Basic) switch
    {
        ExitAction.TdExit                 => exit.Report(TdxStatus.Success),
        ExitAction.DebugOnly              => exit.Report(debug ? TdxStatus.Success : TdxStatus.NonRecoverableTd),
        ExitAction.EntryFailureGuestState => exit.Report(debug ? TdxStatus.Success : TdxStatus.NonRecoverableTd),
        ExitAction.NonRecoverableVcpu     => exit.Report(TdxStatus.NonRecoverableVcpu),
        ExitAction.NonAccessible          => exit.Report(TdxStatus.NonRecoverableTdNonAccessible),
        ExitAction.PmlFull                => debug ? exit.Report(TdxStatus.Success) : ExitEnd.Fatal,
        ExitAction.Ve                     => GuestInjection.Ve(v, exit),
        ExitAction.Ud                     => GuestInjection.Fault(v, Vector.UD),
        ExitAction.Gp                     => GuestInjection.Fault(v, Vector.GP),
        ExitAction.ExceptionOrNmi         => EventExits.ExceptionOrNmi(exit, debug),
        ExitAction.Smi                    => EventExits.Smi(exit),
        ExitAction.Notify                 => EventExits.Notify(exit),
        ExitAction.NmiWindow              => NmiWindow.Opened(v),
        ExitAction.Cpuid                  => CpuidExit.Handle(v, exit),
        ExitAction.ControlRegister        => ControlRegisterExit.Handle(v, exit, debug),
        ExitAction.Xsetbv                 => XsetbvExit.Handle(v),
        ExitAction.MsrRead                => MsrExit.Read(v, exit),
        ExitAction.MsrWrite               => MsrExit.Write(v, exit),
        ExitAction.EptViolation           => EptExits.Violation(v, exit),
        ExitAction.EptMisconfiguration    => EptExits.Misconfiguration(v),
        ExitAction.Tdcall                 => TdcallExit.Handle(v),
        _                                 => ExitEnd.Fatal,
    };

    private static SeamEnd Finish(Vcpu v, in VmExitInfo exit, in ExitEnd end)
    {
        switch (end.Kind)
        {
            case ExitEndKind.Advance:
                GuestInstruction.Complete(v.P, exit.InstructionLength);
                return TdResume.Go(v);
            case ExitEndKind.Resume:
                return TdResume.Go(v);
            case ExitEndKind.ToHost:
                if (end.Report.TrapLike)
                    GuestInstruction.Complete(v.P, exit.InstructionLength);
                return TdExitToHost.Asynchronous(v, end.Report);
            case ExitEndKind.Vmcall:
                GuestInstruction.Complete(v.P, exit.InstructionLength);
                return TdExitToHost.Vmcall(v, exit);
            default:
                return SeamEnd.Shutdown;
        }
    }
}
