using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>Control, status and tags. SDM vol. 1, 8.3.11; vol. 2A, named after the instructions.</summary>
internal static unsafe class X87ControlOperations
{
    public static Outcome Fninit(Core core, in Instruction i, X87Stack st)
    {
        LogicalProcessor* lp = core.Lp;
        (lp->Fcw, lp->Fsw, lp->Ftw, lp->Fop) = (ExtendedState.InitialFcw, 0, 0, 0);
        (lp->Fip, lp->Fdp, lp->Fcs, lp->Fds) = (0, 0, 0, 0);
        return Outcome.Next;
    }

    public static Outcome Fnclex(Core core, in Instruction i, X87Stack st)
    {
        core.Lp->Fsw = (ushort)(core.Lp->Fsw & ~X87Status.Cleared);
        return Outcome.Next;
    }

    public static Outcome Fldcw(Core core, in Instruction i, X87Stack st)
    {
        if (!core.TryReadOperand(i, 0, out ulong value))
            return Outcome.Fault;
        SetControl(core, st, (int)value);
        return Outcome.Next;
    }

    public static Outcome Fnstcw(Core core, in Instruction i, X87Stack st) =>
        core.TryWriteOperand(i, 0, core.Lp->Fcw) ? Outcome.Next : Outcome.Fault;

    public static Outcome Fnstsw(Core core, in Instruction i, X87Stack st) =>
        core.TryWriteOperand(i, 0, core.Lp->Fsw) ? Outcome.Next : Outcome.Fault;

    public static Outcome Fincstp(Core core, in Instruction i, X87Stack st) => Turn(st, 1);

    public static Outcome Fdecstp(Core core, in Instruction i, X87Stack st) => Turn(st, -1);

    /// <summary>FFREE; the condition codes, which the manual leaves undefined: C1 becomes 0.</summary>
    public static Outcome Ffree(Core core, in Instruction i, X87Stack st)
    {
        st.SetConditions(X87Status.C1, 0);
        st.Free(X87Operands.Index(i, 0));
        return Outcome.Next;
    }

    /// <summary>FFREEP, which the manual does not list: FFREE and a pop.</summary>
    public static Outcome Ffreep(Core core, in Instruction i, X87Stack st)
    {
        st.SetConditions(X87Status.C1, 0);
        st.Free(X87Operands.Index(i, 0));
        st.Pop();
        return Outcome.Next;
    }

    /// <summary>
    /// FNOP, and what the 8087 and 80287 needed (FENI, FDISI, FSETPM): nothing happens. SDM vol. 3B, 23.18.
    /// </summary>
    public static Outcome Fnop(Core core, in Instruction i, X87Stack st) => Outcome.Next;

    /// <summary>Sets the control word; what it unmasks becomes pending.</summary>
    public static void SetControl(Core core, X87Stack st, int value)
    {
        core.Lp->Fcw = (ushort)((value & X87Control.Defined) | X87Control.AlwaysSet);
        st.Summarise();
    }

    private static Outcome Turn(X87Stack st, int by)
    {
        st.SetConditions(X87Status.C1, 0);
        st.Top += by;
        return Outcome.Next;
    }
}
