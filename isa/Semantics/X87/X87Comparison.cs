using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>Comparison and classification. SDM vol. 1, 8.3.6; vol. 2A, named after the instructions.</summary>
internal static unsafe class X87Comparison
{
    public static Outcome Fcom(Core core, in Instruction i, X87Stack st) => Codes(core, i, st, true, 0);

    public static Outcome Fcomp(Core core, in Instruction i, X87Stack st) => Codes(core, i, st, true, 1);

    public static Outcome Fcompp(Core core, in Instruction i, X87Stack st) => Codes(core, i, st, true, 2);

    public static Outcome Fucom(Core core, in Instruction i, X87Stack st) => Codes(core, i, st, false, 0);

    public static Outcome Fucomp(Core core, in Instruction i, X87Stack st) => Codes(core, i, st, false, 1);

    public static Outcome Fucompp(Core core, in Instruction i, X87Stack st) => Codes(core, i, st, false, 2);

    public static Outcome Fcomi(Core core, in Instruction i, X87Stack st) => Flags(core, i, st, true, 0);

    public static Outcome Fcomip(Core core, in Instruction i, X87Stack st) => Flags(core, i, st, true, 1);

    public static Outcome Fucomi(Core core, in Instruction i, X87Stack st) => Flags(core, i, st, false, 0);

    public static Outcome Fucomip(Core core, in Instruction i, X87Stack st) => Flags(core, i, st, false, 1);

    public static Outcome Ftst(Core core, in Instruction i, X87Stack st)
    {
        FloatEnvironment env = st.Environment();
        X87Pair pair = new(0, st.Value(0), FloatValue.Zero(false), st.IsEmpty(0));
        Relate(st, pair, true, ref env, out FloatRelation relation);
        if (IsDefined(env))
            st.SetConditions(X87Status.Conditions, ConditionsOf(relation));
        return Outcome.Next;
    }

    /// <summary>FXAM: what ST(0) is, in C3, C2 and C0, and its sign in C1. SDM vol. 2A, table 3-42.</summary>
    public static Outcome Fxam(Core core, in Instruction i, X87Stack st)
    {
        Extended80 register = st[0];
        FloatValue value = register.Unpack();
        int kind = st.IsEmpty(0) ? X87Status.C3 | X87Status.C0 : value.Kind switch
        {
            FloatKind.Unsupported => 0,
            FloatKind.QuietNaN or FloatKind.SignallingNaN => X87Status.C0,
            FloatKind.Infinity => X87Status.C2 | X87Status.C0,
            FloatKind.Zero => X87Status.C3,
            _ => value.WasDenormal ? X87Status.C3 | X87Status.C2 : X87Status.C2,
        };
        st.SetConditions(X87Status.Conditions, kind | (register.Negative ? X87Status.C1 : 0));
        return Outcome.Next;
    }

    private static Outcome Codes(Core core, in Instruction i, X87Stack st, bool signalling, int pops)
    {
        if (!X87Operands.TryRead(core, i, st, out X87Pair pair))
            return Outcome.Fault;
        FloatEnvironment env = st.Environment();
        bool completes = Relate(st, pair, signalling, ref env, out FloatRelation relation);
        if (IsDefined(env))
            st.SetConditions(X87Status.Conditions, ConditionsOf(relation));
        if (completes)
            st.Pop(pops);
        return Outcome.Next;
    }

    private static Outcome Flags(Core core, in Instruction i, X87Stack st, bool signalling, int pops)
    {
        if (!X87Operands.TryRead(core, i, st, out X87Pair pair))
            return Outcome.Fault;
        FloatEnvironment env = st.Environment();
        bool completes = Relate(st, pair, signalling, ref env, out FloatRelation relation);
        if (IsDefined(env))
            LazyFlags.Update(core.Lp, RflagsBit.Arithmetic, FlagsOf(relation));
        if (completes)
            st.Pop(pops);
        return Outcome.Next;
    }

    /// <summary>Compares and reports; false when an unmasked exception keeps the stack as it is.</summary>
    private static bool Relate(
        X87Stack st, in X87Pair pair, bool signalling, ref FloatEnvironment env, out FloatRelation relation)
    {
        relation = FloatRelation.Unordered;
        if (pair.Empty)
            return st.Fault(overflow: false);
        relation = FloatComparison.Compare(pair.First, pair.Second, signalling, ref env);
        return st.Report(env);
    }

    /// <summary>
    /// An unmasked invalid-arithmetic-operand exception leaves the flags as they are. SDM vol. 2A, "FCOM".
    /// </summary>
    private static bool IsDefined(in FloatEnvironment env) => (env.Raised & ~env.Masks & FloatFlags.Invalid) == 0;

    private static int ConditionsOf(FloatRelation relation) => relation switch
    {
        FloatRelation.Less => X87Status.C0,
        FloatRelation.Equal => X87Status.C3,
        FloatRelation.Greater => 0,
        _ => X87Status.C3 | X87Status.C2 | X87Status.C0,
    };

    /// <summary>
    /// ZF, PF and CF as COMISS sets them too; OF, SF and AF become 0. SDM vol. 2A, "FCOMI", "COMISS".
    /// </summary>
    public static ulong FlagsOf(FloatRelation relation) => relation switch
    {
        FloatRelation.Less => RflagsBit.Cf,
        FloatRelation.Equal => RflagsBit.Zf,
        FloatRelation.Greater => 0,
        _ => RflagsBit.Zf | RflagsBit.Pf | RflagsBit.Cf,
    };
}
