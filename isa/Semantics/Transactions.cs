using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// Restricted transactional memory on a processor whose transactions always abort when they begin (IA32_TSX_CTRL says
/// the same with RTM_DISABLE). SDM vol. 1, chapter 16; vol. 2. Nothing ever runs inside a transaction, so the rest of
/// the instructions do what they do outside one. XACQUIRE and XRELEASE are ignored hints.
/// </summary>
internal static unsafe class Transactions
{
    /// <summary>XBEGIN: to the fallback with EAX = 0, no reason and no retry.</summary>
    public static Outcome Xbegin(Core core, in Instruction i)
    {
        if (core.JumpNear(i.NearBranchTarget) == Outcome.Fault)
            return Outcome.Fault;
        core.Lp->Gpr[0] = 0;
        return Outcome.Jumped;
    }

    public static Outcome Xend(Core core, in Instruction i) => core.RaiseGp0();

    /// <summary>XABORT, XSUSLDTRK, XRESLDTRK outside a transaction.</summary>
    public static Outcome Nothing(Core core, in Instruction i) => Outcome.Next;

    public static Outcome Xtest(Core core, in Instruction i)
    {
        LazyFlags.Update(core.Lp, RflagsBit.Arithmetic, RflagsBit.Zf);
        return Outcome.Next;
    }
}
