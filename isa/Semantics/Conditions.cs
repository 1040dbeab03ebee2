using System.Numerics;
using System.Runtime.CompilerServices;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// A condition code, asked of the flags, or of the operands of the CMP or TEST before it (fused).
/// SDM vol. 1, appendix B.
/// </summary>
internal unsafe interface ICondition
{
    static abstract bool Holds(LogicalProcessor* lp);

    /// <summary>After CMP a, b.</summary>
    static abstract bool Compared<T>(T a, T b) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;

    /// <summary>After TEST or another logical operation with this result: CF = OF = 0.</summary>
    static abstract bool Tested<T>(T result) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}

/// <summary>The opposite condition.</summary>
internal readonly unsafe struct Negated<TCondition> : ICondition
    where TCondition : struct, ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LogicalProcessor* lp) => !TCondition.Holds(lp);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Compared<T>(T a, T b) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        !TCondition.Compared(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Tested<T>(T result) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        !TCondition.Tested(result);
}

/// <summary>OF = 1.</summary>
internal readonly unsafe struct IfO : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LogicalProcessor* lp) => LazyFlags.Overflow(lp);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Compared<T>(T a, T b) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        Width.IsNegative(((a ^ b) & (a ^ (a - b))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Tested<T>(T result) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        false;
}

/// <summary>CF = 1.</summary>
internal readonly unsafe struct IfB : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LogicalProcessor* lp) => LazyFlags.Carry(lp);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Compared<T>(T a, T b) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        a < b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Tested<T>(T result) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        false;
}

/// <summary>ZF = 1.</summary>
internal readonly unsafe struct IfE : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LogicalProcessor* lp) => LazyFlags.Zero(lp);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Compared<T>(T a, T b) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        a == b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Tested<T>(T result) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        result == T.Zero;
}

/// <summary>CF = 1 or ZF = 1.</summary>
internal readonly unsafe struct IfBe : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LogicalProcessor* lp) => LazyFlags.Carry(lp) || LazyFlags.Zero(lp);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Compared<T>(T a, T b) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        a <= b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Tested<T>(T result) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        result == T.Zero;
}

/// <summary>SF = 1.</summary>
internal readonly unsafe struct IfS : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LogicalProcessor* lp) => LazyFlags.Sign(lp);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Compared<T>(T a, T b) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        Width.IsNegative(a - b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Tested<T>(T result) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        Width.IsNegative(result);
}

/// <summary>PF = 1.</summary>
internal readonly unsafe struct IfP : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LogicalProcessor* lp) => LazyFlags.Parity(lp);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Compared<T>(T a, T b) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        (BitOperations.PopCount((uint)(Width.ZeroExtend(a - b) & 0xFF)) & 1) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Tested<T>(T result) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        (BitOperations.PopCount((uint)(Width.ZeroExtend(result) & 0xFF)) & 1) == 0;
}

/// <summary>SF ≠ OF.</summary>
internal readonly unsafe struct IfL : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LogicalProcessor* lp) => LazyFlags.Sign(lp) != LazyFlags.Overflow(lp);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Compared<T>(T a, T b) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        Width.SignedLess(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Tested<T>(T result) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        Width.IsNegative(result);
}

/// <summary>ZF = 1 or SF ≠ OF.</summary>
internal readonly unsafe struct IfLe : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LogicalProcessor* lp) => LazyFlags.Zero(lp) || LazyFlags.Sign(lp) != LazyFlags.Overflow(lp);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Compared<T>(T a, T b) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        !Width.SignedLess(b, a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Tested<T>(T result) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        result == T.Zero || Width.IsNegative(result);
}
