using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>
/// The register stack, control, status and tags of a logical processor, and the masked responses to exceptions. SDM
/// vol. 1, 8.1 and 8.4 to 8.6.
/// </summary>
internal readonly unsafe struct X87Stack(LogicalProcessor* lp)
{
    /// <summary>Number of the physical register that is ST(0).</summary>
    public int Top
    {
        get => lp->Fsw >> X87Status.TopShift & 7;
        set => lp->Fsw = (ushort)((lp->Fsw & ~X87Status.Top) | (value & 7) << X87Status.TopShift);
    }

    /// <summary>ST(<paramref name="i"/>); writing it makes it valid.</summary>
    public Extended80 this[int i]
    {
        get
        {
            ulong* at = &lp->St[Physical(i) * 2];
            return new Extended80((ushort)at[1], at[0]);
        }
        set
        {
            ulong* at = &lp->St[Physical(i) * 2];
            (at[0], at[1]) = (value.Significand, value.SignExponent);
            lp->Ftw |= (byte)(1 << Physical(i));
        }
    }

    /// <summary>ST(<paramref name="i"/>) taken apart.</summary>
    public FloatValue Value(int i) => this[i].Unpack();

    public bool IsEmpty(int i) => (lp->Ftw >> Physical(i) & 1) == 0;

    public void Free(int i) => lp->Ftw &= (byte)~(1 << Physical(i));

    /// <summary>Pushes onto the stack, whatever was there.</summary>
    public void Push(Extended80 value)
    {
        Top--;
        this[0] = value;
    }

    public void Pop()
    {
        Free(0);
        Top++;
    }

    /// <summary>Pops once or more.</summary>
    public void Pop(int times)
    {
        for (int n = 0; n < times; n++)
            Pop();
    }

    /// <summary>Rounding, masks and NaN rule in force.</summary>
    public FloatEnvironment Environment() => FloatEnvironment.FromControlWord(lp->Fcw);

    /// <summary>
    /// What precision control makes of the extended format. SDM vol. 1, table 8-2; the reserved value is 64 bits.
    /// </summary>
    public FloatFormat Target => (lp->Fcw >> X87Control.PrecisionShift & 3) switch
    {
        0 => FloatFormat.Extended with { Precision = FloatFormat.Binary32.Precision },
        2 => FloatFormat.Extended with { Precision = FloatFormat.Binary64.Precision },
        _ => FloatFormat.Extended,
    };

    /// <summary>
    /// Sets the given condition codes, C0 to C3, and clears the others among <paramref name="mask"/>.
    /// </summary>
    public void SetConditions(int mask, int value) => lp->Fsw = (ushort)((lp->Fsw & ~mask) | (value & mask));

    /// <summary>
    /// Reports what an operation raised, C1 included; true when its result is to be stored, which an unmasked exception
    /// of the operands prevents.
    /// </summary>
    public bool Report(in FloatEnvironment env)
    {
        FloatFlags raised = env.Reported;
        bool stores = (raised & ~env.Masks & FloatFlags.PreComputation) == 0;
        SetConditions(X87Status.C1, env.RoundedUp && stores ? X87Status.C1 : 0);
        lp->Fsw |= (ushort)raised;
        Summarise();
        return stores;
    }

    /// <summary>The same for a store to memory, which an unmasked overflow or underflow prevents too.</summary>
    public bool ReportStore(ref FloatEnvironment env)
    {
        const FloatFlags range = FloatFlags.Overflow | FloatFlags.Underflow;
        bool prevented = (env.Raised & ~env.Masks & range) != 0;
        if (prevented)
        {
            env.Raised &= ~FloatFlags.Precision; // nothing has been rounded
            env.RoundedUp = false;
        }
        return Report(env) && !prevented;
    }

    /// <summary>Stack overflow or underflow: IE, SF and C1; true when invalid operations are masked.</summary>
    public bool Fault(bool overflow)
    {
        SetConditions(X87Status.C1, overflow ? X87Status.C1 : 0);
        lp->Fsw |= X87Status.StackFault | (int)FloatFlags.Invalid;
        Summarise();
        return (lp->Fcw & (int)FloatFlags.Invalid) != 0;
    }

    /// <summary>Stack underflow: the masked response is the indefinite in ST(<paramref name="i"/>), and pops.</summary>
    public Outcome Underflow(int i, int pops = 0)
    {
        if (!Fault(overflow: false))
            return Outcome.Next;
        this[i] = Extended80.Pack(FloatValue.Indefinite);
        Pop(pops);
        return Outcome.Next;
    }

    /// <summary>Pushes a number, or the indefinite on a stack overflow.</summary>
    public Outcome PushOrOverflow(Extended80 value)
    {
        if (IsEmpty(-1))
        {
            SetConditions(X87Status.C1, 0);
            Push(value);
        }
        else if (Fault(overflow: true))
        {
            Push(Extended80.Pack(FloatValue.Indefinite));
        }
        return Outcome.Next;
    }

    /// <summary>
    /// Reports, and stores a result in ST(<paramref name="i"/>) unless an unmasked exception prevents it.
    /// </summary>
    public Outcome Finish(int i, in FloatValue result, in FloatEnvironment env, int pops = 0)
    {
        if (!Report(env))
            return Outcome.Next;
        this[i] = Extended80.Pack(result);
        Pop(pops);
        return Outcome.Next;
    }

    /// <summary>ES and B say whether an unmasked exception is pending.</summary>
    public void Summarise()
    {
        const int summary = X87Status.ErrorSummary | X87Status.Busy;
        bool pending = (lp->Fsw & ~lp->Fcw & X87Status.Exceptions) != 0;
        lp->Fsw = (ushort)((lp->Fsw & ~summary) | (pending ? summary : 0));
    }

    private int Physical(int i) => (Top + i) & 7;
}
