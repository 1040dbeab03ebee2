using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>SYSCALL and SYSRET. SDM vol. 2. Code and stack segments are fixed, not read from the GDT.</summary>
internal static unsafe class Syscalls
{
    private const uint FlatCode64 = 0xA09B, FlatCode32 = 0xC09B, FlatData = 0xC093;

    public static Outcome Syscall(Core core, in Instruction i)
    {
        LogicalProcessor* lp = core.Lp;
        if (!core.LongMode64 || (lp->Efer & EferBit.Sce) == 0)
            return core.Raise(Vector.UD);
        lp->Gpr[1] = i.NextIP;
        lp->Gpr[11] = core.Rflags & ~RflagsBit.Rf;
        lp->Rip = lp->Lstar;
        core.Rflags &= ~(lp->Fmask | RflagsBit.Rf) | RflagsBit.Fixed1;
        ushort selector = (ushort)((lp->Star >> 32) & 0xFFFC);
        lp->Cs = new Segment { Selector = selector, Limit = uint.MaxValue, AccessRights = FlatCode64 };
        lp->Ss = new Segment { Selector = (ushort)(selector + 8), Limit = uint.MaxValue, AccessRights = FlatData };
        core.ModeChanged();
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
        const ulong kept = RflagsBit.Defined & ~(RflagsBit.Rf | RflagsBit.Vm);
        core.Rflags = (lp->Gpr[11] & kept) | RflagsBit.Fixed1;
        lp->Rip = to64 ? lp->Gpr[1] : (uint)lp->Gpr[1];
        ushort star = (ushort)(lp->Star >> 48);
        uint user = 3u << 5;
        lp->Cs = new Segment
        {
            Selector = (ushort)((star + (to64 ? 16 : 0)) | 3), Limit = uint.MaxValue,
            AccessRights = (to64 ? FlatCode64 : FlatCode32) | user,
        };
        lp->Ss = new Segment
        {
            Selector = (ushort)((star + 8) | 3), Limit = uint.MaxValue, AccessRights = FlatData | user,
        };
        core.ModeChanged();
        return Outcome.Jumped;
    }
}
