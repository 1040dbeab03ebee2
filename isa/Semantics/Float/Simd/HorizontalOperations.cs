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
/// DPPS, DPPD: products chosen by imm[7:4], summed in pairs with a rounding each, stored where imm[3:0] says. Exceptions
/// of a step are taken before the next step. SDM vol. 2A, "DPPS".
/// </summary>
internal readonly unsafe struct DotProduct<T> : IWholeOperation
    where T : unmanaged
{
    private const int LaneBytes = 16, MostElements = 8;

    public static bool RaisesExceptions => true;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        int lane = LaneBytes / sizeof(T), count = bytes / sizeof(T);
        FloatEnvironment env = FloatType<T>.Environment(lp);
        ulong* values = stackalloc ulong[MostElements];
        for (int i = 0; i < count; i++)
            values[i] = (imm >> (4 + (i % lane)) & 1) != 0 ? Multiply(a, rm, i, ref env) : 0;
        FloatFlags raised = env.Reported;
        for (int left = lane; left > 1 && !env.Traps; left /= 2)
        {
            env.Raised = FloatFlags.None;
            count /= 2;
            for (int i = 0; i < count; i++)
                values[i] = Add(values[2 * i], values[(2 * i) + 1], ref env);
            raised |= env.Reported;
        }
        for (int i = 0; i < bytes / sizeof(T); i++)
            FloatType<T>.Write(d, i, (imm >> (i % lane) & 1) != 0 ? values[i / lane] : 0);
        if (raised != FloatFlags.None)
            lp->SimdRaised |= (uint)raised | Core.SimdStepwise;
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
