using System.Numerics;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Simd;

/// <summary>PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM. SDM vol. 2B, 4.1 "Imm8 control byte operation".</summary>
internal static unsafe class StringCompare
{
    private const uint Words = 1, Signed = 2, MostSignificant = 0x40, Negative = 0x10, OnlyValid = 0x20;

    /// <summary>How long the strings are.</summary>
    internal interface ILengths
    {
        static abstract int First(LogicalProcessor* lp, byte* text, bool words);

        static abstract int Second(LogicalProcessor* lp, byte* text, bool words);
    }

    /// <summary>Up to the first zero.</summary>
    internal readonly struct Implicit : ILengths
    {
        public static int First(LogicalProcessor* lp, byte* text, bool words) => Of(text, words);

        public static int Second(LogicalProcessor* lp, byte* text, bool words) => Of(text, words);

        private static int Of(byte* text, bool words)
        {
            int count = words ? 8 : 16, length = 0;
            while (length < count && Element(text, length, words ? Words : 0) != 0)
                length++;
            return length;
        }
    }

    /// <summary>The magnitudes of EAX and EDX.</summary>
    internal readonly struct Explicit : ILengths
    {
        public static int First(LogicalProcessor* lp, byte* text, bool words) => Cut((int)lp->Gpr[0], words);

        public static int Second(LogicalProcessor* lp, byte* text, bool words) => Cut((int)lp->Gpr[2], words);
    }

    /// <summary>The magnitudes of RAX and RDX.</summary>
    internal readonly struct Explicit64 : ILengths
    {
        public static int First(LogicalProcessor* lp, byte* text, bool words) => Cut((long)lp->Gpr[0], words);

        public static int Second(LogicalProcessor* lp, byte* text, bool words) => Cut((long)lp->Gpr[2], words);
    }

    /// <summary>Result in ECX.</summary>
    internal readonly struct ToIndex<TLengths> : IWholeOperation
        where TLengths : struct, ILengths
    {
        public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
        {
            uint result = Compare<TLengths>(lp, a, rm, imm);
            lp->Gpr[1] = result == 0 ? Count(imm)
                : (uint)((imm & MostSignificant) != 0 ? BitOperations.Log2(result) : BitOperations.TrailingZeroCount(result));
        }
    }

    /// <summary>Result in XMM0; VEX clears what is above.</summary>
    internal readonly struct ToMask<TLengths, TUpper> : IWholeOperation
        where TLengths : struct, ILengths where TUpper : struct, Engine.Interpreter.Simd.IUpper
    {
        public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
        {
            uint result = Compare<TLengths>(lp, a, rm, imm);
            byte* xmm0 = (byte*)lp->Zmm;
            *(Vector128<byte>*)xmm0 = default;
            if (TUpper.IsCleared)
                *(Vector512<byte>*)xmm0 = default;
            if ((imm & MostSignificant) == 0)
            {
                *(uint*)xmm0 = result;
                return;
            }
            int size = (imm & Words) != 0 ? 2 : 1;
            for (int i = 0; i < 16; i++)
                xmm0[i] = (byte)-(int)(result >> (i / size) & 1);
        }
    }

    private static int Cut(long length, bool words)
    {
        int count = words ? 8 : 16;
        return length < -count || length > count ? count : (int)Math.Abs(length);
    }

    private static uint Count(uint imm) => (imm & Words) != 0 ? 8u : 16;

    private static int Element(byte* text, int i, uint format) => (format & (Words | Signed)) switch
    {
        0 => text[i],
        Words => ((ushort*)text)[i],
        Signed => ((sbyte*)text)[i],
        _ => ((short*)text)[i],
    };

    private static uint Compare<TLengths>(LogicalProcessor* lp, byte* a, byte* rm, uint imm)
        where TLengths : struct, ILengths
    {
        bool words = (imm & Words) != 0;
        int count = (int)Count(imm), first = TLengths.First(lp, a, words), second = TLengths.Second(lp, rm, words);
        uint all = (1u << count) - 1, result = 0;
        for (int j = 0; j < count; j++)
            result |= (Matches(a, rm, imm, j, count, first, second) ? 1u : 0) << j;
        if ((imm & Negative) != 0)
            result ^= (imm & OnlyValid) != 0 ? (1u << second) - 1 : all;
        LazyFlags.Update(lp, RflagsBit.Arithmetic, (result != 0 ? RflagsBit.Cf : 0) | (second < count ? RflagsBit.Zf : 0)
            | (first < count ? RflagsBit.Sf : 0) | ((result & 1) != 0 ? RflagsBit.Of : 0));
        return result;
    }

    /// <summary>The aggregated comparisons of element j of the second operand.</summary>
    private static bool Matches(byte* a, byte* rm, uint imm, int j, int count, int first, int second)
    {
        int value = Element(rm, j, imm);
        switch (imm >> 2 & 3)
        {
            case 0: // equal any
                for (int i = 0; i < first && j < second; i++)
                    if (Element(a, i, imm) == value)
                        return true;
                return false;
            case 1: // ranges
                for (int i = 0; i + 1 < first && j < second; i += 2)
                    if (Element(a, i, imm) <= value && value <= Element(a, i + 1, imm))
                        return true;
                return false;
            case 2: // equal each
                return j < first && j < second ? Element(a, j, imm) == value : j >= first && j >= second;
            default: // equal ordered
                for (int i = 0; i < first && i + j < count; i++)
                    if (i + j >= second || Element(a, i, imm) != Element(rm, i + j, imm))
                        return false;
                return true;
        }
    }
}
