using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>What the single-step defence wants done with a TD exit.</summary>
internal enum SteppingVerdict : byte
{
    /// <summary>Handle the exit.</summary>
    Continue,

    /// <summary>Hide the event for now and let the TD go on.</summary>
    Resume,

    /// <summary>The local APIC is off, so that nothing can be sent to oneself.</summary>
    WrongApicMode,
}

/// <summary>
/// Single-step and zero-step mitigation: when an event ends a TD residency after a few bytes and cycles, the TD
/// executes a random number of further instructions before the host learns of it. TDX Module 1.5 Base, "Single-Step
/// and Zero-Step Attacks Mitigation"; thresholds and order of module 1.5.01.
/// </summary>
internal static class SteppingDefence
{
    private const uint ApicBaseMsr = 0x1B, X2ApicIdMsr = 0x802, X2ApicEoiMsr = 0x80B, X2ApicIcrMsr = 0x830,
                       X2ApicSelfIpiMsr = 0x83F;
    private const ulong ApicEnabled = 1UL << 11, IcrAssert = 1UL << 14, IcrNmi = 4UL << 8, IcrInit = 5UL << 8;
    private const int IcrDestinationShift = 32, Cr8 = 8;
    private const ulong MaskAllInterrupts = 15, MsmiBit = 1;
    private const ulong NearBytes = 32, SoonCycles = 4096;
    private const uint MaxSteps = 32;

    // A maximal 32-bit Galois register (taps 32, 22, 2, 1); the polynomial is assumed.
    private const uint LfsrTaps = 0x80200003;

    private const ulong StiBlocking = 1, MovSsBlocking = 2;
    private const int Breakpoints = 4;

    /// <summary>Looks at every TD exit first.</summary>
    public static SteppingVerdict Filter(Vcpu v, in VmExitInfo exit)
    {
        VpContext context = v.Context;
        ulong rip = v.P.Vmread(VmcsField.GuestRip);
        if (rip != context.EntryRip)
            new EpfLog(v.P, v.Tdvps).Reset();
        if (context.Stepping)
            return Continue(v, exit, context);
        return IsEvent(exit) && IsSuspicious(v.P, context, rip) ? Start(v, exit, context) : SteppingVerdict.Continue;
    }

    /// <summary>
    /// The TD is gone for good: what the defence holds back of the host's is given back. The TD VMCS is not touched.
    /// </summary>
    public static void Abandon(Vcpu v)
    {
        VpContext context = v.Context;
        if (context.Stepping)
            GiveBack(v.P, context);
    }

    private static bool IsEvent(in VmExitInfo exit) => exit.Basic switch
    {
        ExitReason.ExternalInterrupt or ExitReason.InitSignal or ExitReason.MonitorTrapFlag => true,
        ExitReason.IoSmi or ExitReason.OtherSmi => (exit.Qualification & MsmiBit) == 0,
        _ => exit.IsNmi,
    };

    private static bool IsSuspicious(ISeamPlatform p, VpContext context, ulong rip)
    {
        ulong distance = rip - context.EntryRip;
        return (distance <= NearBytes || 0 - distance <= NearBytes) && p.Rdtsc() - context.EntryTsc <= SoonCycles;
    }

    private static SteppingVerdict Start(Vcpu v, in VmExitInfo exit, VpContext context)
    {
        ISeamPlatform p = v.P;
        if (!p.TryRdmsr(ApicBaseMsr, out ulong apicBase) || (apicBase & ApicEnabled) == 0)
            return SteppingVerdict.WrongApicMode;
        context.Stepping = true;
        context.Steps = NextRandom(v) % MaxSteps + 1;
        context.SavedCr8 = p.ReadCr(Cr8);
        p.WriteCr(Cr8, MaskAllInterrupts);
        SetMonitorTrap(p, true);
        Remember(p, exit, context);
        return Step(v);
    }

    private static SteppingVerdict Continue(Vcpu v, in VmExitInfo exit, VpContext context)
    {
        if (exit.Basic == ExitReason.MonitorTrapFlag)
        {
            context.Steps--;
            if (context.Steps > 0)
                return Step(v);
            Finish(v, context);
            context.EntryTsc = 0; // the event that started this now exits as if long after the entry
            return SteppingVerdict.Resume;
        }
        if (IsEvent(exit))
        {
            Remember(v.P, exit, context);
            return Step(v);
        }
        Finish(v, context);
        return SteppingVerdict.Continue;
    }

    // An interrupt was acknowledged by the exit: it goes back into the local APIC as a self-IPI. That its service ends
    // first, by an EOI, is assumed: otherwise it would hold itself back.
    private static void Remember(ISeamPlatform p, in VmExitInfo exit, VpContext context)
    {
        switch (exit.Basic)
        {
            case ExitReason.ExternalInterrupt:
                p.TryWrmsr(X2ApicEoiMsr, 0);
                p.TryWrmsr(X2ApicSelfIpiMsr, (byte)exit.Interruption);
                break;
            case ExitReason.InitSignal:
                context.InitSeen = true;
                break;
            case ExitReason.ExceptionOrNmi:
                context.NmiSeen = true;
                break;
        }
    }

    private static void Finish(Vcpu v, VpContext context)
    {
        SetMonitorTrap(v.P, false);
        GiveBack(v.P, context);
    }

    private static void GiveBack(ISeamPlatform p, VpContext context)
    {
        context.Stepping = false;
        if (context.NmiSeen)
            SendToSelf(p, IcrNmi);
        if (context.InitSeen)
            SendToSelf(p, IcrInit);
        context.NmiSeen = context.InitSeen = false;
        p.WriteCr(Cr8, context.SavedCr8);
    }

    // Blocking by MOV SS keeps debug exceptions and interrupts away from the next instruction.
    private static SteppingVerdict Step(Vcpu v)
    {
        ISeamPlatform p = v.P;
        ulong interruptibility = p.Vmread(VmcsField.GuestInterruptibilityState);
        bool vectoring = GuestEvent.FromVectoring((uint)p.Vmread(VmcsField.IdtVectoringInformation), 0).IsValid;
        if (!vectoring && (interruptibility & StiBlocking) == 0
            && p.Vmread(VmcsField.GuestPendingDebugExceptions) == 0 && !HasBreakpointHere(p))
            p.Vmwrite(VmcsField.GuestInterruptibilityState, interruptibility | MovSsBlocking);
        return SteppingVerdict.Resume;
    }

    private static bool HasBreakpointHere(ISeamPlatform p)
    {
        ulong dr7 = p.Vmread(VmcsField.GuestDr7);
        ulong rip = p.Vmread(VmcsField.GuestRip) + p.Vmread(VmcsField.GuestCsBase);
        for (int i = 0; i < Breakpoints; i++)
        {
            bool enabled = (dr7 >> (2 * i) & 3) != 0, execution = (dr7 >> (16 + 4 * i) & 3) == 0;
            if (enabled && execution && p.ReadDr(i) == rip)
                return true;
        }
        return false;
    }

    private static void SetMonitorTrap(ISeamPlatform p, bool on)
    {
        ulong controls = p.Vmread(VmcsField.ProcBasedControls);
        p.Vmwrite(
            VmcsField.ProcBasedControls,
            on ? controls | ProcControls.MonitorTrapFlag : controls & ~(ulong)ProcControls.MonitorTrapFlag);
    }

    private static void SendToSelf(ISeamPlatform p, ulong deliveryMode)
    {
        p.TryRdmsr(X2ApicIdMsr, out ulong id);
        p.TryWrmsr(X2ApicIcrMsr, id << IcrDestinationShift | IcrAssert | deliveryMode);
    }

    private static uint NextRandom(Vcpu v)
    {
        LpData lp = v.C.Data.Lp;
        uint state = lp.Lfsr;
        state = state >> 1 ^ ((state & 1) != 0 ? LfsrTaps : 0);
        lp.Lfsr = state;
        return state;
    }
}
