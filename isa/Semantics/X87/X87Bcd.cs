using Iced.Intel;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>FBLD and FBSTP: 18 packed decimal digits and a sign. SDM vol. 1, 4.7.</summary>
internal static class X87Bcd
{
    private const int Bytes = 10, DigitBytes = 9;
    private const ulong Largest = 999_999_999_999_999_999;
    private const byte Negative = 0x80;

    public static Outcome Fbld(Core core, in Instruction i, X87Stack st)
    {
        Span<byte> packed = stackalloc byte[Bytes];
        if (!X87Operands.TryReadBytes(core, i, packed))
            return Outcome.Fault;
        ulong magnitude = 0;
        for (int n = DigitBytes - 1; n >= 0; n--)
            magnitude = magnitude * 100 + (ulong)((packed[n] >> 4) * 10 + (packed[n] & 15));
        FloatValue value = FloatValue.FromMagnitude(false, magnitude).WithSign((packed[DigitBytes] & Negative) != 0);
        return st.PushOrOverflow(Extended80.Pack(value));
    }

    public static Outcome Fbstp(Core core, in Instruction i, X87Stack st)
    {
        Span<byte> packed = stackalloc byte[Bytes];
        FloatEnvironment env = st.Environment();
        if (st.IsEmpty(0))
        {
            FillIndefinite(packed);
            if (X87Memory.IsMasked(core, FloatFlags.Invalid) && !X87Operands.TryWriteBytes(core, i, packed))
                return Outcome.Fault;
            if (st.Fault(overflow: false))
                st.Pop();
            return Outcome.Next;
        }
        FloatValue value = st.Value(0);
        Convert(value, packed, ref env);
        if (X87Memory.Stores(env) && !X87Operands.TryWriteBytes(core, i, packed))
            return Outcome.Fault;
        if (st.ReportStore(ref env))
            st.Pop();
        return Outcome.Next;
    }

    private static void Convert(in FloatValue value, Span<byte> packed, ref FloatEnvironment env)
    {
        FloatEnvironment attempt = env;
        ulong integer = FloatInteger.ToInteger(value, 64, signed: true, env.Rounding, ref attempt);
        ulong magnitude = (long)integer < 0 ? 0 - integer : integer;
        if (magnitude > Largest || (attempt.Raised & FloatFlags.Invalid) != 0)
        {
            env.Raise(FloatFlags.Invalid);
            FillIndefinite(packed);
            return;
        }
        env = attempt;
        for (int n = 0; n < DigitBytes; n++, magnitude /= 100)
            packed[n] = (byte)((magnitude / 10 % 10) << 4 | magnitude % 10);
        packed[DigitBytes] = value.Negative ? Negative : (byte)0;
    }

    /// <summary>The packed BCD integer indefinite. SDM vol. 1, table 4-4.</summary>
    private static void FillIndefinite(Span<byte> packed)
    {
        packed.Clear();
        packed[7] = 0xC0;
        packed[8..].Fill(0xFF);
    }
}
