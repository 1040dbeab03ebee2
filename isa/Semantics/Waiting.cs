using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// MONITOR, MWAIT, UMONITOR, UMWAIT, TPAUSE. SDM vol. 2. The manual lets a processor leave the optimised state for any
/// implementation-dependent event, and this one always does at once: software looks again at what it waits for.
/// </summary>
internal static unsafe class Waiting
{
    private const uint MiscEnable = 0x1A0;
    private const ulong MonitorFsm = 1 << 18;

    public static Outcome Monitor(Core core, in Instruction i)
    {
        if (core.Cpl != 0 || !HasMonitor(core))
            return core.Raise(Vector.UD);
        if (core.Intercepts(ExitReason.Monitor, i, out Outcome exit))
            return exit;
        if ((uint)core.Lp->Gpr[1] != 0)
            return core.RaiseGp0();
        int bytes = i.Code switch { Code.Monitorq => 8, Code.Monitord => 4, _ => 2 };
        return Arm(core, i, Cut(core.Lp->Gpr[0], bytes));
    }

    public static Outcome Mwait(Core core, in Instruction i)
    {
        const uint interruptBreak = 1, supported = 3;
        if (core.Cpl != 0 || !HasMonitor(core))
            return core.Raise(Vector.UD);
        if (core.Intercepts(ExitReason.Mwait, i, out Outcome exit, core.Lp->MonitorArmed))
            return exit;
        uint extensions = (uint)core.Lp->Gpr[1];
        bool breaks = !core.IsOnPlatform || (core.Cpuid(5, 0).Ecx & supported) == supported;
        if ((extensions & ~interruptBreak) != 0 || (extensions != 0 && !breaks))
            return core.RaiseGp0();
        core.Lp->MonitorArmed = 0;
        return Outcome.Next;
    }

    public static Outcome Umonitor(Core core, in Instruction i) =>
        core.GuestLacks(ProcControls2.EnableUserWaitAndPause)
            ? core.Raise(Vector.UD)
            : Arm(core, i, core.ReadRegister(i.Op0Register));

    public static Outcome Umwait(Core core, in Instruction i)
    {
        Outcome outcome = Wait(core, i, ExitReason.Umwait);
        if (outcome == Outcome.Next)
            core.Lp->MonitorArmed = 0;
        return outcome;
    }

    public static Outcome Tpause(Core core, in Instruction i) => Wait(core, i, ExitReason.Tpause);

    /// <summary>Bit 0 of the operand names the state; CF = 0: the limit of IA32_UMWAIT_CONTROL has not cut it short.</summary>
    private static Outcome Wait(Core core, in Instruction i, ExitReason reason)
    {
        if (core.GuestLacks(ProcControls2.EnableUserWaitAndPause))
            return core.Raise(Vector.UD);
        if (core.Cpl != 0 && (core.Lp->Cr4 & Cr4Bit.Tsd) != 0)
            return core.RaiseGp0();
        if (core.Intercepts(reason, i, out Outcome exit))
            return exit;
        if (((uint)core.ReadOperand(i, 0) & ~1u) != 0)
            return core.RaiseGp0();
        LazyFlags.Update(core.Lp, RflagsBit.Arithmetic, 0);
        return Outcome.Next;
    }

    /// <summary>The monitored byte is read like a load of DS (or an override).</summary>
    private static Outcome Arm(Core core, in Instruction i, ulong offset)
    {
        int segment = Core.SegmentIndex(i.SegmentPrefix);
        if (!core.CarefulRead(Segmentation.Linear(core, segment, offset, 1), 1, segment))
            return Outcome.Fault;
        core.Lp->MonitorArmed = 1;
        return Outcome.Next;
    }

    private static bool HasMonitor(Core core) =>
        !core.IsOnPlatform || (core.TryRdmsr(MiscEnable, out ulong value) && (value & MonitorFsm) != 0);

    private static ulong Cut(ulong value, int bytes) => bytes switch { 8 => value, 4 => (uint)value, _ => (ushort)value };
}
