using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>Loads, stores and exchanges. SDM vol. 1, 8.3.3; vol. 2A, named after the instructions.</summary>
internal static unsafe class X87Transfers
{
    public static Outcome Fld(Core core, in Instruction i, X87Stack st)
    {
        if (i.Op0Kind == OpKind.Register)
        {
            int from = X87Operands.Index(i, 0);
            return st.IsEmpty(from) ? PushAfterUnderflow(st) : st.PushOrOverflow(st[from]);
        }
        if (i.MemorySize == MemorySize.Float80)
        {
            return X87Operands.TryReadExtended(core, i, out Extended80 extended)
                ? st.PushOrOverflow(extended)
                : Outcome.Fault;
        }
        if (!X87Operands.TryReadNumber(core, i, out FloatValue value))
            return Outcome.Fault;
        if (!st.IsEmpty(-1))
            return st.PushOrOverflow(default);
        FloatEnvironment env = st.Environment();
        FloatValue converted = FloatArithmetic.Convert(value, FloatFormat.Extended, ref env);
        bool stores = st.Report(env) || (env.Raised & ~env.Masks & FloatFlags.Invalid) == 0;
        if (stores) // a denormal is loaded even when that exception is unmasked
            st.Push(Extended80.Pack(converted));
        return Outcome.Next;
    }

    public static Outcome Fild(Core core, in Instruction i, X87Stack st) =>
        X87Operands.TryReadNumber(core, i, out FloatValue value)
            ? st.PushOrOverflow(Extended80.Pack(value))
            : Outcome.Fault;

    public static Outcome Fst(Core core, in Instruction i, X87Stack st) => Store(core, i, st, 0);

    public static Outcome Fstp(Core core, in Instruction i, X87Stack st) => Store(core, i, st, 1);

    /// <summary>
    /// FSTPNCE (D9 D8+i), which the manual does not list: FSTP that copies an empty register without a fault.
    /// </summary>
    public static Outcome Fstpnce(Core core, in Instruction i, X87Stack st)
    {
        int to = X87Operands.Index(i, 0);
        st.SetConditions(X87Status.C1, 0);
        if (!st.IsEmpty(0))
            st[to] = st[0];
        st.Pop();
        return Outcome.Next;
    }

    public static Outcome Fist(Core core, in Instruction i, X87Stack st) =>
        StoreInteger(core, i, st, 0, truncate: false);

    public static Outcome Fistp(Core core, in Instruction i, X87Stack st) =>
        StoreInteger(core, i, st, 1, truncate: false);

    public static Outcome Fisttp(Core core, in Instruction i, X87Stack st) =>
        StoreInteger(core, i, st, 1, truncate: true);

    /// <summary>FXCH: empty registers become the indefinite before they are exchanged.</summary>
    public static Outcome Fxch(Core core, in Instruction i, X87Stack st)
    {
        int other = X87Operands.Index(i, i.OpCount - 1);
        if (st.IsEmpty(0) || st.IsEmpty(other))
        {
            if (!st.Fault(overflow: false))
                return Outcome.Next;
            foreach (int n in (ReadOnlySpan<int>)[0, other])
                if (st.IsEmpty(n))
                    st[n] = Extended80.Pack(FloatValue.Indefinite);
        }
        st.SetConditions(X87Status.C1, 0);
        (st[0], st[other]) = (st[other], st[0]);
        return Outcome.Next;
    }

    /// <summary>FCMOVcc: the condition is looked at after the tags.</summary>
    public static Outcome Fcmov(Core core, in Instruction i, X87Stack st)
    {
        int from = X87Operands.Index(i, 1);
        if (st.IsEmpty(0) || st.IsEmpty(from))
            return st.Underflow(0);
        if (Holds(core.Lp, i.Mnemonic))
            st[0] = st[from];
        return Outcome.Next;
    }

    private static bool Holds(LogicalProcessor* lp, Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.Fcmovb => LazyFlags.Carry(lp),
        Mnemonic.Fcmovnb => !LazyFlags.Carry(lp),
        Mnemonic.Fcmove => LazyFlags.Zero(lp),
        Mnemonic.Fcmovne => !LazyFlags.Zero(lp),
        Mnemonic.Fcmovbe => LazyFlags.Carry(lp) || LazyFlags.Zero(lp),
        Mnemonic.Fcmovnbe => !LazyFlags.Carry(lp) && !LazyFlags.Zero(lp),
        Mnemonic.Fcmovu => LazyFlags.Parity(lp),
        _ => !LazyFlags.Parity(lp),
    };

    private static Outcome PushAfterUnderflow(X87Stack st)
    {
        if (st.Fault(overflow: false))
            st.Push(Extended80.Pack(FloatValue.Indefinite));
        return Outcome.Next;
    }

    private static Outcome Store(Core core, in Instruction i, X87Stack st, int pops)
    {
        if (i.Op0Kind == OpKind.Register)
        {
            int to = X87Operands.Index(i, 0);
            if (st.IsEmpty(0))
                return st.Underflow(to, pops);
            st.SetConditions(X87Status.C1, 0);
            st[to] = st[0];
            st.Pop(pops);
            return Outcome.Next;
        }
        return i.MemorySize == MemorySize.Float80 ? StoreExtended(core, i, st) : StoreRounded(core, i, st, pops);
    }

    private static Outcome StoreExtended(Core core, in Instruction i, X87Stack st)
    {
        bool empty = st.IsEmpty(0);
        if (empty && !X87Memory.IsMasked(core, FloatFlags.Invalid))
        {
            st.Fault(overflow: false);
            return Outcome.Next;
        }
        if (!X87Operands.TryWriteExtended(core, i, empty ? Extended80.Pack(FloatValue.Indefinite) : st[0]))
            return Outcome.Fault;
        st.SetConditions(X87Status.C1, 0);
        if (empty)
            st.Fault(overflow: false);
        st.Pop();
        return Outcome.Next;
    }

    private static Outcome StoreRounded(Core core, in Instruction i, X87Stack st, int pops)
    {
        FloatFormat format = i.MemorySize == MemorySize.Float32 ? FloatFormat.Binary32 : FloatFormat.Binary64;
        FloatEnvironment env = st.Environment();
        if (st.IsEmpty(0))
            return X87Memory.StoreUnderflow(core, i, st, format.Pack(FloatValue.Indefinite), pops);
        FloatValue value = st.Value(0);
        if (!FloatNaN.Propagates(value, ref env, out FloatValue result))
            result = FloatArithmetic.Rounded(value, format, ref env);
        return X87Memory.Store(core, i, st, X87Memory.Stores(env) ? format.Pack(result) : 0, ref env, pops);
    }

    private static Outcome StoreInteger(Core core, in Instruction i, X87Stack st, int pops, bool truncate)
    {
        int bits = i.MemorySize.GetSize() * 8;
        FloatEnvironment env = st.Environment();
        if (st.IsEmpty(0))
            return X87Memory.StoreUnderflow(core, i, st, 1UL << (bits - 1), pops);
        RoundingMode mode = truncate ? RoundingMode.TowardZero : env.Rounding;
        ulong result = FloatInteger.ToInteger(st.Value(0), bits, signed: true, mode, ref env);
        return X87Memory.Store(core, i, st, result, ref env, pops);
    }
}
