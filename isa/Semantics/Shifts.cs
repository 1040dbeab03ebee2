using System.Numerics;
using System.Runtime.CompilerServices;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

// SDM vol. 2, "SAL/SAR/SHL/SHR", "RCL/RCR/ROL/ROR", "SHLD", "SHRD". A masked count of 0 changes no flag. What the
// manual leaves undefined is that of undefined-results.csv: OF by the rule of a count of 1, AF 0.

internal static unsafe class ShiftCount
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Of<T>(T count) where T : unmanaged =>
        (int)Width.ZeroExtend(count) & (sizeof(T) == 8 ? 63 : 31);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Flags(bool carry, bool overflow) =>
        (carry ? RflagsBit.Cf : 0) | (overflow ? RflagsBit.Of : 0);
}

internal readonly unsafe struct Shl : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        int count = ShiftCount.Of(src);
        ulong value = Width.ZeroExtend(dst);
        T result = Width.Truncate<T>(value << count);
        if (TFlags.Wanted && count != 0)
        {
            bool carry = count <= Width.Bits<T>() && ((value >> (Width.Bits<T>() - count)) & 1) != 0;
            TFlags.Explicit(lp, ShiftCount.Flags(carry, carry != Width.IsNegative(result)), result);
        }
        return result;
    }
}

internal readonly unsafe struct Shr : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        int count = ShiftCount.Of(src);
        ulong value = Width.ZeroExtend(dst);
        T result = Width.Truncate<T>(value >> count);
        if (TFlags.Wanted && count != 0)
        {
            bool carry = ((value >> (count - 1)) & 1) != 0;
            TFlags.Explicit(lp, ShiftCount.Flags(carry, Width.IsNegative(dst)), result);
        }
        return result;
    }
}

internal readonly unsafe struct Sar : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        int count = ShiftCount.Of(src);
        long value = (long)Width.SignExtend(dst);
        T result = Width.Truncate<T>((ulong)(value >> count));
        if (TFlags.Wanted && count != 0)
            TFlags.Explicit(lp, ShiftCount.Flags(((value >> (count - 1)) & 1) != 0, false), result);
        return result;
    }
}

/// <summary>Rotates change CF and OF only; the other flags keep their values.</summary>
internal static unsafe class RotateFlags
{
    public static void Set(LogicalProcessor* lp, bool carry, bool overflow) =>
        LazyFlags.Update(lp, RflagsBit.Cf | RflagsBit.Of, ShiftCount.Flags(carry, overflow));
}

internal readonly unsafe struct Rol : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        int count = ShiftCount.Of(src);
        if (count == 0)
            return dst;
        int turn = count & (Width.Bits<T>() - 1);
        ulong value = Width.ZeroExtend(dst);
        T result = turn == 0 ? dst : Width.Truncate<T>((value << turn) | (value >> (Width.Bits<T>() - turn)));
        if (TFlags.Wanted)
        {
            bool carry = (Width.ZeroExtend(result) & 1) != 0;
            RotateFlags.Set(lp, carry, carry != Width.IsNegative(result));
        }
        return result;
    }
}

internal readonly unsafe struct Ror : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        int count = ShiftCount.Of(src);
        if (count == 0)
            return dst;
        int turn = count & (Width.Bits<T>() - 1);
        ulong value = Width.ZeroExtend(dst);
        T result = turn == 0 ? dst : Width.Truncate<T>((value >> turn) | (value << (Width.Bits<T>() - turn)));
        if (TFlags.Wanted)
        {
            bool top = Width.IsNegative(result);
            bool second = ((Width.ZeroExtend(result) >> (Width.Bits<T>() - 2)) & 1) != 0;
            RotateFlags.Set(lp, top, top != second);
        }
        return result;
    }
}

internal readonly unsafe struct Rcl : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        int count = ShiftCount.Of(src);
        int bits = Width.Bits<T>();
        if (count == 0)
            return dst;
        ulong value = Width.ZeroExtend(dst);
        bool carry = LazyFlags.Carry(lp);
        for (int i = bits < 32 ? count % (bits + 1) : count; i > 0; i--)
        {
            bool top = ((value >> (bits - 1)) & 1) != 0;
            value = (value << 1) | (carry ? 1UL : 0);
            carry = top;
        }
        T result = Width.Truncate<T>(value);
        RotateFlags.Set(lp, carry, carry != Width.IsNegative(result));
        return result;
    }
}

internal readonly unsafe struct Rcr : IBinaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        int count = ShiftCount.Of(src);
        int bits = Width.Bits<T>();
        if (count == 0)
            return dst;
        ulong value = Width.ZeroExtend(dst);
        bool carry = LazyFlags.Carry(lp);
        for (int i = bits < 32 ? count % (bits + 1) : count; i > 0; i--)
        {
            bool low = (value & 1) != 0;
            value = (value >> 1) | ((carry ? 1UL : 0) << (bits - 1));
            carry = low;
        }
        T result = Width.Truncate<T>(value);
        bool second = ((value >> (bits - 2)) & 1) != 0;
        RotateFlags.Set(lp, carry, Width.IsNegative(result) != second);
        return result;
    }
}

/// <summary>SHLD. A 16-bit shift by more than 16 is undefined; the canonical result shifts dst:src:dst.</summary>
internal readonly unsafe struct Shld : ITernaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src, T count)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        int n = ShiftCount.Of(count), bits = Width.Bits<T>();
        if (n == 0)
            return dst;
        if (n > bits)
            return Apply<T, TFlags>(lp, src, dst, Width.Truncate<T>((ulong)(n - bits)));
        ulong d = Width.ZeroExtend(dst), s = Width.ZeroExtend(src);
        T result = n == bits ? src : Width.Truncate<T>((d << n) | (s >> (bits - n)));
        bool carry = ((d >> (bits - n)) & 1) != 0;
        TFlags.Explicit(lp, ShiftCount.Flags(carry, Width.IsNegative(dst) != Width.IsNegative(result)), result);
        return result;
    }
}

/// <summary>SHRD. A 16-bit shift by more than 16 is undefined; the canonical result shifts dst:src:dst.</summary>
internal readonly unsafe struct Shrd : ITernaryOp
{
    public static T Apply<T, TFlags>(LogicalProcessor* lp, T dst, T src, T count)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> where TFlags : struct, IFlagSink
    {
        int n = ShiftCount.Of(count), bits = Width.Bits<T>();
        if (n == 0)
            return dst;
        if (n > bits)
            return Apply<T, TFlags>(lp, src, dst, Width.Truncate<T>((ulong)(n - bits)));
        ulong d = Width.ZeroExtend(dst), s = Width.ZeroExtend(src);
        T result = n == bits ? src : Width.Truncate<T>((d >> n) | (s << (bits - n)));
        bool carry = ((d >> (n - 1)) & 1) != 0;
        TFlags.Explicit(lp, ShiftCount.Flags(carry, Width.IsNegative(dst) != Width.IsNegative(result)), result);
        return result;
    }
}
