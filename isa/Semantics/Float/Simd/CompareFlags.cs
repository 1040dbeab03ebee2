using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Semantics.Simd;
using Seamsim.Isa.Semantics.X87;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>Whether a QNaN is invalid.</summary>
internal interface INanSignal
{
    static abstract bool IsSignalling { get; }
}

/// <summary>COMISS.</summary>
internal readonly struct Ordered : INanSignal
{
    public static bool IsSignalling => true;
}

/// <summary>UCOMISS.</summary>
internal readonly struct Unordered : INanSignal
{
    public static bool IsSignalling => false;
}

/// <summary>COMISS, COMISD, UCOMISS, UCOMISD: ZF, PF and CF. SDM vol. 2A, 2B.</summary>
internal readonly unsafe struct CompareFlags<T, TSignal> : IFlagsOperation
    where T : unmanaged where TSignal : struct, INanSignal
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Apply(LogicalProcessor* lp, Vector128<byte> a, Vector128<byte> rm)
    {
        if (typeof(T) == typeof(double))
        {
            double x = a.AsDouble().ToScalar(), y = rm.AsDouble().ToScalar();
            const double smallest = 2.2250738585072014e-308;
            if ((Math.Abs(x) >= smallest || x == 0) && (Math.Abs(y) >= smallest || y == 0))
                return x > y ? 0 : x < y ? RflagsBit.Cf : RflagsBit.Zf;
        }
        if (typeof(T) == typeof(float))
        {
            float x = a.AsSingle().ToScalar(), y = rm.AsSingle().ToScalar();
            const float smallest = 1.17549435e-38f;
            if ((MathF.Abs(x) >= smallest || x == 0) && (MathF.Abs(y) >= smallest || y == 0))
                return x > y ? 0 : x < y ? RflagsBit.Cf : RflagsBit.Zf;
        }
        return Define(lp, a, rm);
    }

    /// <summary>The form that suppresses exceptions; its operands are registers.</summary>
    public static bool Quiet(Core core, in Instruction i)
    {
        LogicalProcessor* lp = core.Lp;
        ulong flags = Apply(lp, Register(lp, i.Op0Register), Register(lp, i.Op1Register));
        LazyFlags.Update(lp, RflagsBit.Arithmetic, flags);
        return true;
    }

    private static Vector128<byte> Register(LogicalProcessor* lp, Register register) =>
        Vector128.Load((byte*)lp->Zmm + (64 * (register - Iced.Intel.Register.XMM0)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Define(LogicalProcessor* lp, Vector128<byte> a, Vector128<byte> rm)
    {
        FloatEnvironment env = FloatType<T>.Environment(lp);
        FloatRelation relation = FloatComparison.Compare(FloatType<T>.Unpack((byte*)&a, 0, env),
            FloatType<T>.Unpack((byte*)&rm, 0, env), TSignal.IsSignalling, ref env);
        lp->SimdRaised |= (uint)env.Raised;
        return X87Comparison.FlagsOf(relation);
    }
}
