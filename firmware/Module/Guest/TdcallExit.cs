using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDCALL: the guest dispatcher. TDX Module 1.5 ABI, "Guest-Side (TDCALL) Interface Functions"; module 1.5.01.
/// </summary>
internal static class TdcallExit
{
    private const int Rax = 0;
    private const ulong ReservedRax = 0xFFFF_FFFF_FF00_0000, MicrosecondsPerSecond = 1_000_000;

    public static ExitEnd Handle(Vcpu v)
    {
        if (!GuestInstruction.In64BitMode(v.P))
            return GuestInjection.Fault(v, Vector.GP);
        return Apply(v, Call(v));
    }

    private static GuestLeafEnd Call(Vcpu v)
    {
        LeafCall c = v.C;
        if ((c.Rax & ReservedRax) != 0)                                return OperandInvalidRax;
        if (c.Version != 0 && GuestLeafTable.MaxVersionOf(c.Leaf) == 0) return OperandInvalidRax;
        GuestLeafHandler? handler = GuestLeafTable.Find(c.Leaf);
        return handler is null ? OperandInvalidRax : handler(new GuestCall(c, v.Tdr, v.Tdvps));
    }

    private static GuestLeafEnd OperandInvalidRax => TdxStatus.OperandInvalid.With(OperandId.Rax);

    private static ExitEnd Apply(Vcpu v, in GuestLeafEnd end)
    {
        if (end.Kind == GuestLeafEndKind.Completed && end.Status.Is(TdxStatus.OperandBusyHostPriority))
            return HostGoesFirst(v, end.Status);
        Tdvps tdvps = v.Tdvps;
        tdvps.HpLockBusy = false;
        if (end.Kind is GuestLeafEndKind.Completed)
        {
            v.P.Gpr(Rax) = end.Status.Value;
            return ExitEnd.Advance;
        }
        return end.Kind switch
        {
            GuestLeafEndKind.Interrupted             => ExitEnd.Resume,
            GuestLeafEndKind.VmcallExit              => Vmcall(v),
            GuestLeafEndKind.EptViolationExit        => TdExitReport.EptViolation(
                end.Gpa, end.Qualification, end.ExtendedQualification),
            GuestLeafEndKind.EptMisconfigurationExit => TdExitReport.EptMisconfiguration(end.Gpa),
            GuestLeafEndKind.EptViolationVe          => GuestInjection.Ve(v, new VeDetails
            {
                Reason = (uint)ExitReason.EptViolation, Qualification = end.Qualification, Gpa = end.Gpa.Value,
            }),
            _                                        => new TdExitReport(end.Status, (uint)ExitReason.Tdcall),
        };
    }

    private static ExitEnd Vmcall(Vcpu v)
    {
        // RAX is not among the registers that can be passed; the host's answer leaves it 0.
        v.P.Gpr(Rax) = 0;
        return ExitEnd.Vmcall;
    }

    // The guest sees plain OPERAND_BUSY; when that lasts, the host is told that somebody on its side holds a lock.
    private static ExitEnd HostGoesFirst(Vcpu v, TdxStatus status)
    {
        Tdvps tdvps = v.Tdvps;
        v.P.Gpr(Rax) = TdxStatus.OperandBusy.With(status.Details).Value;
        ulong now = v.P.Rdtsc();
        if (!tdvps.HpLockBusy)
        {
            tdvps.HpLockBusy = true;
            tdvps.HpLockBusyStart = now;
            return ExitEnd.Advance;
        }
        UInt128 limit = (UInt128)v.Tdcs.HpLockTimeout * v.C.Data.NativeTscFrequency / MicrosecondsPerSecond;
        if (now - tdvps.HpLockBusyStart < limit)
            return ExitEnd.Advance;
        tdvps.HpLockBusy = false;
        // That the exit reason of the TDCALL goes with the status is assumed.
        return new TdExitReport(TdxStatus.HostPriorityBusyTimeout, (uint)ExitReason.Tdcall) { TrapLike = true };
    }
}
