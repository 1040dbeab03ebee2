using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// SYSCALL, SYSRET, SYSENTER and SYSEXIT. SDM vol. 2. Code and stack segments are fixed, not read from the GDT.
/// </summary>
internal static unsafe class Syscalls
{
    private const uint FlatCode64 = 0xA09B, FlatCode32 = 0xC09B, FlatData = 0xC093, UserRights = 3u << 5;

    /// <summary>What SYSRET takes from R11. SDM vol. 2, "SYSRET": 3C7FD7H.</summary>
    private const ulong SysretFlags = 0x3C_7FD7;

    public static Outcome Syscall(Core core, in Instruction i)
    {
        LogicalProcessor* lp = core.Lp;
        if (!core.LongMode64 || (lp->Efer & EferBit.Sce) == 0)
            return core.Raise(Vector.UD);
        lp->Gpr[1] = i.NextIP;
        lp->Gpr[11] = core.Rflags & ~RflagsBit.Rf;
        lp->Rip = lp->Lstar;
        core.Rflags &= ~(lp->Fmask | RflagsBit.Rf) | RflagsBit.Fixed1;
        core.TrapsByNewFlags();
        EnterKernel(core, (ushort)((lp->Star >> 32) & 0xFFFC), FlatCode64);
        return Outcome.Jumped;
    }

    public static Outcome Sysret(Core core, in Instruction i)
    {
        LogicalProcessor* lp = core.Lp;
        if (!core.LongMode64 || (lp->Efer & EferBit.Sce) == 0)
            return core.Raise(Vector.UD);
        bool to64 = i.Code == Code.Sysretq;
        if (core.Cpl != 0 || (to64 && !core.IsCanonical(lp->Gpr[1])))
            return core.RaiseGp0();
        core.Rflags = (lp->Gpr[11] & SysretFlags) | RflagsBit.Fixed1;
        lp->Rip = to64 ? lp->Gpr[1] : (uint)lp->Gpr[1];
        core.TrapsByNewFlags();
        var star = (ushort)(lp->Star >> 48);
        EnterUser(core, (ushort)(star + (to64 ? 16 : 0)), (ushort)(star + 8), to64);
        return Outcome.Jumped;
    }

    public static Outcome Sysenter(Core core, in Instruction i)
    {
        LogicalProcessor* lp = core.Lp;
        if (core.InRealMode || (lp->SysenterCs & 0xFFFC) == 0)
            return core.RaiseGp0();
        bool wide = core.LongModeActive;
        core.Rflags &= ~(RflagsBit.Vm | RflagsBit.If);
        lp->Gpr[4] = wide ? lp->SysenterEsp : (uint)lp->SysenterEsp;
        lp->Rip = wide ? lp->SysenterEip : (uint)lp->SysenterEip;
        EnterKernel(core, (ushort)(lp->SysenterCs & 0xFFFC), wide ? FlatCode64 : FlatCode32);
        return Outcome.Jumped;
    }

    public static Outcome Sysexit(Core core, in Instruction i)
    {
        LogicalProcessor* lp = core.Lp;
        if (core.InRealMode || (lp->SysenterCs & 0xFFFC) == 0 || core.Cpl != 0)
            return core.RaiseGp0();
        bool to64 = i.Code == Code.Sysexitq;
        if (to64 && !(core.IsCanonical(lp->Gpr[1]) && core.IsCanonical(lp->Gpr[2])))
            return core.RaiseGp0();
        lp->Gpr[4] = to64 ? lp->Gpr[1] : (uint)lp->Gpr[1];
        lp->Rip = to64 ? lp->Gpr[2] : (uint)lp->Gpr[2];
        var start = (ushort)lp->SysenterCs;
        EnterUser(core, (ushort)(start + (to64 ? 32 : 16)), (ushort)(start + (to64 ? 40 : 24)), to64);
        return Outcome.Jumped;
    }

    private static void EnterKernel(Core core, ushort selector, uint code)
    {
        if (core.Cpl == 3 && core.ShadowStackEnabled(3))
            core.Lp->Pl3Ssp = core.Lp->Ssp;
        core.Lp->Cs = new Segment { Selector = selector, Limit = uint.MaxValue, AccessRights = code };
        core.Lp->Ss = new Segment { Selector = (ushort)(selector + 8), Limit = uint.MaxValue, AccessRights = FlatData };
        if (core.ShadowStackEnabled(0))
            core.Lp->Ssp = 0; // the kernel sets its own with SETSSBSY
        core.TrackFar();
        core.ModeChanged();
    }

    private static void EnterUser(Core core, ushort code, ushort stack, bool to64)
    {
        core.Lp->Cs = new Segment
        {
            Selector = (ushort)(code | 3), Limit = uint.MaxValue, AccessRights = (to64 ? FlatCode64 : FlatCode32) | UserRights,
        };
        core.Lp->Ss = new Segment
        {
            Selector = (ushort)(stack | 3), Limit = uint.MaxValue, AccessRights = FlatData | UserRights,
        };
        if (core.ShadowStackEnabled(3))
            core.Lp->Ssp = core.Lp->Pl3Ssp;
        core.ModeChanged();
    }
}
