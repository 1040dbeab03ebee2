using System.Runtime.CompilerServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>Takes what an operation says about the arithmetic flags.</summary>
internal unsafe interface IFlagSink
{
    /// <summary>Whether anybody listens; an operation may skip work for the flags when not.</summary>
    static abstract bool Wanted { get; }

    /// <summary>Records operands and result under a rule of <see cref="FlagRule"/>.</summary>
    static abstract void Record<T>(LogicalProcessor* lp, uint rule, T a, T b, T result) where T : unmanaged;

    /// <summary>Records a logical result.</summary>
    static abstract void Logic<T>(LogicalProcessor* lp, T result) where T : unmanaged;

    /// <summary>Records CF, AF and OF as RFLAGS bits, the rest from the result.</summary>
    static abstract void Explicit<T>(LogicalProcessor* lp, ulong flags, T result) where T : unmanaged;
}

/// <summary>Keeps the flags.</summary>
internal readonly unsafe struct Flags : IFlagSink
{
    public static bool Wanted => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Record<T>(LogicalProcessor* lp, uint rule, T a, T b, T result) where T : unmanaged
    {
        lp->FlagA = Width.SignExtend(a);
        lp->FlagB = Width.SignExtend(b);
        lp->FlagResult = Width.SignExtend(result);
        lp->FlagRule = rule;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Logic<T>(LogicalProcessor* lp, T result) where T : unmanaged
    {
        lp->FlagResult = Width.SignExtend(result);
        lp->FlagRule = FlagRule.Logic;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Explicit<T>(LogicalProcessor* lp, ulong flags, T result) where T : unmanaged
    {
        lp->FlagA = flags;
        lp->FlagResult = Width.SignExtend(result);
        lp->FlagRule = FlagRule.Explicit;
    }
}

/// <summary>Nobody reads these flags before they are written again: nothing is emitted.</summary>
internal readonly unsafe struct NoFlags : IFlagSink
{
    public static bool Wanted => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Record<T>(LogicalProcessor* lp, uint rule, T a, T b, T result) where T : unmanaged
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Logic<T>(LogicalProcessor* lp, T result) where T : unmanaged
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Explicit<T>(LogicalProcessor* lp, ulong flags, T result) where T : unmanaged
    {
    }
}
