using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>
/// What surrounds every x87 instruction: #NM, #MF and the pointers. SDM vol. 1, 8.1.8, 8.6, 8.7; vol. 3A, 2.5.
/// </summary>
internal static unsafe class X87Execution
{
    public static Outcome Execute(Core core, in Instruction i)
    {
        if ((core.Lp->Cr0 & (Cr0Bit.Em | Cr0Bit.Ts)) != 0)
            return core.Raise(Vector.NM);
        X87Row row = X87Table.Find(i.Mnemonic);
        if (row.Kind != X87Kind.NoWait && IsPending(core))
            return core.Raise(Vector.MF);
        Outcome outcome = row.Handler(core, i, new X87Stack(core.Lp));
        if (outcome == Outcome.Next && row.Kind == X87Kind.Numeric)
            X87Pointers.Update(core, i);
        return outcome;
    }

    /// <summary>WAIT, FWAIT: #NM under CR0.MP and TS, and a pending exception.</summary>
    public static Outcome Wait(Core core, in Instruction i)
    {
        const ulong both = Cr0Bit.Mp | Cr0Bit.Ts;
        if ((core.Lp->Cr0 & both) == both)
            return core.Raise(Vector.NM);
        return IsPending(core) ? core.Raise(Vector.MF) : Outcome.Next;
    }

    /// <summary>
    /// Whether an unmasked exception waits to be taken. With CR0.NE = 0 it goes to external logic through FERR#; the
    /// platform has none and holds IGNNE# active, so that software goes on. SDM vol. 1, 8.7.2.
    /// </summary>
    public static bool IsPending(Core core) =>
        (core.Lp->Fsw & X87Status.ErrorSummary) != 0 && (core.Lp->Cr0 & Cr0Bit.Ne) != 0;
}
