using Iced.Intel;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>Stores of up to 8 bytes: memory faults come before anything the x87 state shows.</summary>
internal static unsafe class X87Memory
{
    public static bool IsMasked(Core core, FloatFlags flag) => (core.Lp->Fcw & (int)flag) != 0;

    /// <summary>Whether the exceptions raised so far let a store to memory happen. SDM vol. 1, 8.5.</summary>
    public static bool Stores(in FloatEnvironment env) => (env.Raised & ~env.Masks & ~FloatFlags.Precision) == 0;

    /// <summary>Stores a result and reports.</summary>
    public static Outcome Store(
        Core core, in Instruction i, X87Stack st, ulong bits, ref FloatEnvironment env, int pops)
    {
        if (Stores(env) && !core.TryWriteOperand(i, 0, bits))
            return Outcome.Fault;
        if (st.ReportStore(ref env))
            st.Pop(pops);
        return Outcome.Next;
    }

    /// <summary>Stores the indefinite of an empty ST(0).</summary>
    public static Outcome StoreUnderflow(Core core, in Instruction i, X87Stack st, ulong indefinite, int pops)
    {
        if (IsMasked(core, FloatFlags.Invalid) && !core.TryWriteOperand(i, 0, indefinite))
            return Outcome.Fault;
        if (st.Fault(overflow: false))
            st.Pop(pops);
        return Outcome.Next;
    }
}
