using System.Collections.Frozen;
using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>What an x87 instruction does once it may execute.</summary>
internal delegate Outcome X87Handler(Core core, in Instruction instruction, X87Stack stack);

/// <summary>
/// Which x87 instructions look for a pending exception, and which leave the instruction pointers alone.
/// </summary>
internal enum X87Kind : byte
{
    /// <summary>Waits for pending exceptions and is remembered in FIP, FDP and FOP.</summary>
    Numeric,

    /// <summary>A control instruction that waits for pending exceptions. SDM vol. 1, 8.1.8.</summary>
    Control,

    /// <summary>A control instruction that does not wait.</summary>
    NoWait,
}

/// <summary>A row of the table.</summary>
internal sealed record X87Row(X87Kind Kind, X87Handler Handler);

/// <summary>The index of the x87 instructions. SDM vol. 1, 8.3.</summary>
internal static class X87Table
{
    private static readonly FrozenDictionary<Mnemonic, X87Row> Rows = new Dictionary<Mnemonic, X87Row>
    {
        // data transfer
        [Mnemonic.Fld]      = Numeric(X87Transfers.Fld),
        [Mnemonic.Fild]     = Numeric(X87Transfers.Fild),
        [Mnemonic.Fbld]     = Numeric(X87Bcd.Fbld),
        [Mnemonic.Fst]      = Numeric(X87Transfers.Fst),
        [Mnemonic.Fstp]     = Numeric(X87Transfers.Fstp),
        [Mnemonic.Fstpnce]  = Numeric(X87Transfers.Fstpnce),
        [Mnemonic.Fist]     = Numeric(X87Transfers.Fist),
        [Mnemonic.Fistp]    = Numeric(X87Transfers.Fistp),
        [Mnemonic.Fisttp]   = Numeric(X87Transfers.Fisttp),
        [Mnemonic.Fbstp]    = Numeric(X87Bcd.Fbstp),
        [Mnemonic.Fxch]     = Numeric(X87Transfers.Fxch),
        [Mnemonic.Fcmovb]   = Numeric(X87Transfers.Fcmov),
        [Mnemonic.Fcmovnb]  = Numeric(X87Transfers.Fcmov),
        [Mnemonic.Fcmove]   = Numeric(X87Transfers.Fcmov),
        [Mnemonic.Fcmovne]  = Numeric(X87Transfers.Fcmov),
        [Mnemonic.Fcmovbe]  = Numeric(X87Transfers.Fcmov),
        [Mnemonic.Fcmovnbe] = Numeric(X87Transfers.Fcmov),
        [Mnemonic.Fcmovu]   = Numeric(X87Transfers.Fcmov),
        [Mnemonic.Fcmovnu]  = Numeric(X87Transfers.Fcmov),
        // constants
        [Mnemonic.Fld1]   = Numeric(X87Constants.Load),
        [Mnemonic.Fldl2t] = Numeric(X87Constants.Load),
        [Mnemonic.Fldl2e] = Numeric(X87Constants.Load),
        [Mnemonic.Fldpi]  = Numeric(X87Constants.Load),
        [Mnemonic.Fldlg2] = Numeric(X87Constants.Load),
        [Mnemonic.Fldln2] = Numeric(X87Constants.Load),
        [Mnemonic.Fldz]   = Numeric(X87Constants.Load),
        // arithmetic
        [Mnemonic.Fadd]    = Numeric(X87Arithmetic.Fadd),
        [Mnemonic.Fiadd]   = Numeric(X87Arithmetic.Fadd),
        [Mnemonic.Faddp]   = Numeric(X87Arithmetic.Faddp),
        [Mnemonic.Fsub]    = Numeric(X87Arithmetic.Fsub),
        [Mnemonic.Fisub]   = Numeric(X87Arithmetic.Fsub),
        [Mnemonic.Fsubp]   = Numeric(X87Arithmetic.Fsubp),
        [Mnemonic.Fsubr]   = Numeric(X87Arithmetic.Fsubr),
        [Mnemonic.Fisubr]  = Numeric(X87Arithmetic.Fsubr),
        [Mnemonic.Fsubrp]  = Numeric(X87Arithmetic.Fsubrp),
        [Mnemonic.Fmul]    = Numeric(X87Arithmetic.Fmul),
        [Mnemonic.Fimul]   = Numeric(X87Arithmetic.Fmul),
        [Mnemonic.Fmulp]   = Numeric(X87Arithmetic.Fmulp),
        [Mnemonic.Fdiv]    = Numeric(X87Arithmetic.Fdiv),
        [Mnemonic.Fidiv]   = Numeric(X87Arithmetic.Fdiv),
        [Mnemonic.Fdivp]   = Numeric(X87Arithmetic.Fdivp),
        [Mnemonic.Fdivr]   = Numeric(X87Arithmetic.Fdivr),
        [Mnemonic.Fidivr]  = Numeric(X87Arithmetic.Fdivr),
        [Mnemonic.Fdivrp]  = Numeric(X87Arithmetic.Fdivrp),
        [Mnemonic.Fsqrt]   = Numeric(X87Arithmetic.Fsqrt),
        [Mnemonic.Frndint] = Numeric(X87Arithmetic.Frndint),
        [Mnemonic.Fabs]    = Numeric(X87Arithmetic.Fabs),
        [Mnemonic.Fchs]    = Numeric(X87Arithmetic.Fchs),
        [Mnemonic.Fprem]   = Numeric(X87Remainder.Fprem),
        [Mnemonic.Fprem1]  = Numeric(X87Remainder.Fprem1),
        [Mnemonic.Fscale]  = Numeric(X87Scaling.Fscale),
        [Mnemonic.Fxtract] = Numeric(X87Scaling.Fxtract),
        // transcendental
        [Mnemonic.Fsin]    = Numeric(X87Trigonometry.Fsin),
        [Mnemonic.Fcos]    = Numeric(X87Trigonometry.Fcos),
        [Mnemonic.Fsincos] = Numeric(X87Trigonometry.Fsincos),
        [Mnemonic.Fptan]   = Numeric(X87Trigonometry.Fptan),
        [Mnemonic.Fpatan]  = Numeric(X87Trigonometry.Fpatan),
        [Mnemonic.F2xm1]   = Numeric(X87Logarithms.F2xm1),
        [Mnemonic.Fyl2x]   = Numeric(X87Logarithms.Fyl2x),
        [Mnemonic.Fyl2xp1] = Numeric(X87Logarithms.Fyl2xp1),
        // comparison
        [Mnemonic.Fcom]    = Numeric(X87Comparison.Fcom),
        [Mnemonic.Fcomp]   = Numeric(X87Comparison.Fcomp),
        [Mnemonic.Fcompp]  = Numeric(X87Comparison.Fcompp),
        [Mnemonic.Fucom]   = Numeric(X87Comparison.Fucom),
        [Mnemonic.Fucomp]  = Numeric(X87Comparison.Fucomp),
        [Mnemonic.Fucompp] = Numeric(X87Comparison.Fucompp),
        [Mnemonic.Ficom]   = Numeric(X87Comparison.Fcom),
        [Mnemonic.Ficomp]  = Numeric(X87Comparison.Fcomp),
        [Mnemonic.Fcomi]   = Numeric(X87Comparison.Fcomi),
        [Mnemonic.Fcomip]  = Numeric(X87Comparison.Fcomip),
        [Mnemonic.Fucomi]  = Numeric(X87Comparison.Fucomi),
        [Mnemonic.Fucomip] = Numeric(X87Comparison.Fucomip),
        [Mnemonic.Ftst]    = Numeric(X87Comparison.Ftst),
        [Mnemonic.Fxam]    = Numeric(X87Comparison.Fxam),
        // stack
        [Mnemonic.Fincstp] = Numeric(X87ControlOperations.Fincstp),
        [Mnemonic.Fdecstp] = Numeric(X87ControlOperations.Fdecstp),
        [Mnemonic.Ffree]   = Numeric(X87ControlOperations.Ffree),
        [Mnemonic.Ffreep]  = Numeric(X87ControlOperations.Ffreep),
        [Mnemonic.Fnop]    = Numeric(X87ControlOperations.Fnop),
        // control
        [Mnemonic.Finit]   = Control(X87ControlOperations.Fninit),
        [Mnemonic.Fninit]  = NoWait(X87ControlOperations.Fninit),
        [Mnemonic.Fclex]   = Control(X87ControlOperations.Fnclex),
        [Mnemonic.Fnclex]  = NoWait(X87ControlOperations.Fnclex),
        [Mnemonic.Fldcw]   = Control(X87ControlOperations.Fldcw),
        [Mnemonic.Fstcw]   = Control(X87ControlOperations.Fnstcw),
        [Mnemonic.Fnstcw]  = NoWait(X87ControlOperations.Fnstcw),
        [Mnemonic.Fstsw]   = Control(X87ControlOperations.Fnstsw),
        [Mnemonic.Fnstsw]  = NoWait(X87ControlOperations.Fnstsw),
        [Mnemonic.Fldenv]  = Control(X87EnvironmentImage.Fldenv),
        [Mnemonic.Fstenv]  = Control(X87EnvironmentImage.Fnstenv),
        [Mnemonic.Fnstenv] = NoWait(X87EnvironmentImage.Fnstenv),
        [Mnemonic.Fsave]   = Control(X87EnvironmentImage.Fnsave),
        [Mnemonic.Fnsave]  = NoWait(X87EnvironmentImage.Fnsave),
        [Mnemonic.Frstor]  = Control(X87EnvironmentImage.Frstor),
        [Mnemonic.Feni]    = Control(X87ControlOperations.Fnop),
        [Mnemonic.Fneni]   = NoWait(X87ControlOperations.Fnop),
        [Mnemonic.Fdisi]   = Control(X87ControlOperations.Fnop),
        [Mnemonic.Fndisi]  = NoWait(X87ControlOperations.Fnop),
        [Mnemonic.Fsetpm]  = Control(X87ControlOperations.Fnop),
        [Mnemonic.Fnsetpm] = NoWait(X87ControlOperations.Fnop),
    }.ToFrozenDictionary();

    /// <summary>The mnemonics of the table.</summary>
    public static IEnumerable<Mnemonic> Mnemonics => Rows.Keys;

    /// <summary>The row of an instruction of the table.</summary>
    public static X87Row Find(Mnemonic mnemonic) => Rows[mnemonic];

    private static X87Row Numeric(X87Handler handler) => new(X87Kind.Numeric, handler);

    private static X87Row Control(X87Handler handler) => new(X87Kind.Control, handler);

    private static X87Row NoWait(X87Handler handler) => new(X87Kind.NoWait, handler);
}
