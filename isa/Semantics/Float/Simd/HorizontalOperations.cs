using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Semantics.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>HADDPS, HADDPD, HSUBPS, HSUBPD: neighbours of each operand. SDM vol. 2A.</summary>
internal readonly unsafe struct HorizontalFloat<TOp, T> : IVectorOperation
    where TOp : struct, IFloatBinary where T : unmanaged
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm)
    {
        Vector128<byte> even, odd;
        if (sizeof(T) == 4)
        {
            even = Vector128.Create(a.AsUInt32()[0], a.AsUInt32()[2], rm.AsUInt32()[0], rm.AsUInt32()[2]).AsByte();
            odd = Vector128.Create(a.AsUInt32()[1], a.AsUInt32()[3], rm.AsUInt32()[1], rm.AsUInt32()[3]).AsByte();
        }
        else
        {
            even = Vector128.Create(a.GetLower(), rm.GetLower());
            odd = Vector128.Create(a.GetUpper(), rm.GetUpper());
        }
        return PackedFloat<TOp, T>.Apply(lp, dst, even, b, odd, imm);
    }
}

/// <summary>ADDSUBPS, ADDSUBPD: even elements are subtracted, odd ones added. SDM vol. 2A.</summary>
internal readonly unsafe struct AddSubtractFloat<T> : IVectorOperation
    where T : unmanaged
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm)
    {
        FloatEnvironment env = FloatType<T>.Environment(lp);
        FloatFormat format = FloatType<T>.Format;
        Vector128<byte> result = default;
        for (int i = 0; i < 16 / sizeof(T); i++)
        {
            FloatValue x = FloatType<T>.Unpack((byte*)&a, i, env), y = FloatType<T>.Unpack((byte*)&rm, i, env);
            FloatType<T>.Pack((byte*)&result, i, (i & 1) == 0
                ? FloatArithmetic.Subtract(x, y, format, ref env)
                : FloatArithmetic.Add(x, y, format, ref env));
        }
        lp->SimdRaised |= (uint)env.Raised;
        return result;
    }
}

/// <summary>
/// DPPS, DPPD: products chosen by imm[7:4], summed in pairs with a rounding each, stored where imm[3:0] says. SDM vol.
/// 2A, "DPPS": unmasked exceptions are taken at the step that meets them.
/// </summary>
internal readonly unsafe struct DotProduct<T> : IVectorOperation
    where T : unmanaged
{
    public static bool RaisesExceptions => true;

    public static int ImmediateBitsPerLane => 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<byte> Apply(LogicalProcessor* lp, Vector128<byte> dst, Vector128<byte> a, Vector128<byte> b,
        Vector128<byte> rm, uint imm)
    {
        int count = 16 / sizeof(T);
        FloatEnvironment env = FloatType<T>.Environment(lp);
        ulong* products = stackalloc ulong[4];
        for (int i = 0; i < count; i++)
            products[i] = (imm >> (4 + i) & 1) != 0 ? Multiply((byte*)&a, (byte*)&rm, i, ref env) : 0;
        ulong sum = products[0];
        if (!env.Traps)
            sum = Add(products[0], products[1], ref env);
        if (count == 4 && !env.Traps)
        {
            ulong high = Add(products[2], products[3], ref env);
            if (!env.Traps)
                sum = Add(sum, high, ref env);
        }
        Vector128<byte> result = default;
        for (int i = 0; i < count; i++)
            FloatType<T>.Write((byte*)&result, i, (imm >> i & 1) != 0 ? sum : 0);
        lp->SimdRaised |= (uint)env.Raised;
        return result;
    }

    private static ulong Multiply(byte* a, byte* b, int i, ref FloatEnvironment env)
    {
        FloatFormat format = FloatType<T>.Format;
        return format.Pack(FloatArithmetic.Multiply(
            FloatType<T>.Unpack(a, i, env), FloatType<T>.Unpack(b, i, env), format, ref env));
    }

    private static ulong Add(ulong a, ulong b, ref FloatEnvironment env)
    {
        FloatFormat format = FloatType<T>.Format;
        return format.Pack(FloatArithmetic.Add(format.Unpack(a, env), format.Unpack(b, env), format, ref env));
    }
}
