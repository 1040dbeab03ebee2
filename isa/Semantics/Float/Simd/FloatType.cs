using System.Runtime.CompilerServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Float.Simd;

/// <summary>
/// The format and bits of an element type: <see cref="Half"/>, <see cref="float"/> or <see cref="double"/>.
/// </summary>
internal static unsafe class FloatType<T>
    where T : unmanaged
{
    /// <summary>Its format.</summary>
    public static FloatFormat Format
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => sizeof(T) switch { 2 => FloatFormat.Binary16, 4 => FloatFormat.Binary32, _ => FloatFormat.Binary64 };
    }

    /// <summary>Reads element <paramref name="i"/> of a vector in memory.</summary>
    public static ulong Read(byte* at, int i) => sizeof(T) switch
    {
        2 => ((ushort*)at)[i],
        4 => ((uint*)at)[i],
        _ => ((ulong*)at)[i],
    };

    /// <summary>Writes element <paramref name="i"/> of a vector in memory.</summary>
    public static void Write(byte* at, int i, ulong bits)
    {
        switch (sizeof(T))
        {
            case 2: ((ushort*)at)[i] = (ushort)bits; break;
            case 4: ((uint*)at)[i] = (uint)bits; break;
            default: ((ulong*)at)[i] = bits; break;
        }
    }

    /// <summary>
    /// What MXCSR says about this format: half precision knows neither DAZ nor FTZ. SDM vol. 1, 10.2.3.4 ff.
    /// </summary>
    public static FloatEnvironment Environment(LogicalProcessor* lp)
    {
        FloatEnvironment env = ConversionEnvironment(lp);
        env.Daz &= sizeof(T) > 2;
        return env;
    }

    /// <summary>What MXCSR says about results of this format made from another one.</summary>
    public static FloatEnvironment ConversionEnvironment(LogicalProcessor* lp)
    {
        FloatEnvironment env = FloatEnvironment.FromMxcsr(lp->Mxcsr);
        env.Ftz &= sizeof(T) > 2;
        return env;
    }

    /// <summary>Takes a packed number apart; DAZ applies, but not to half precision.</summary>
    public static FloatValue Unpack(ulong bits, in FloatEnvironment env) =>
        Format.Unpack(bits, env.Daz && sizeof(T) > 2);

    /// <summary>Takes element <paramref name="i"/> of a vector in memory apart.</summary>
    public static FloatValue Unpack(byte* at, int i, in FloatEnvironment env) => Unpack(Read(at, i), env);

    /// <summary>Stores a number that has been rounded to the format.</summary>
    public static void Pack(byte* at, int i, in FloatValue value) => Write(at, i, Format.Pack(value));
}
