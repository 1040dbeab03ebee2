using System.Runtime.CompilerServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Simd;

/// <summary>The steps of AES on a state of 16 bytes, column by column. FIPS 197; SDM vol. 1, 12.13.</summary>
internal static unsafe class AesSteps
{
    // FIPS 197, 5.1.1 and 5.3.2, in the notation of GF2P8AFFINEQB
    private const ulong Forward = 0xF1E3_C78F_1F3E_7CF8, Backward = 0xA449_9225_4A94_2952;
    private const byte ForwardConstant = 0x63, BackwardConstant = 0x05;

    private static readonly byte[] Boxes = [.. Enumerable.Range(0, 256).Select(x => Box((byte)x))];
    private static readonly byte[] InverseBoxes = [.. Enumerable.Range(0, 256).Select(x => InverseBox((byte)x))];

    /// <summary>SubBytes of one byte.</summary>
    public static byte Substitute(byte x) => Boxes[x];

    /// <summary>ShiftRows and SubBytes.</summary>
    public static void ShiftAndSubstitute(byte* d, byte* state)
    {
        for (int i = 0; i < 16; i++)
            d[i] = Boxes[state[(i + (4 * (i & 3))) & 15]];
    }

    /// <summary>InvShiftRows and InvSubBytes.</summary>
    public static void UnshiftAndSubstitute(byte* d, byte* state)
    {
        for (int i = 0; i < 16; i++)
            d[i] = InverseBoxes[state[(i - (4 * (i & 3))) & 15]];
    }

    /// <summary>MixColumns, in place.</summary>
    public static void MixColumns(byte* state) => Mix(state, 2, 3, 1, 1);

    /// <summary>InvMixColumns, in place.</summary>
    public static void UnmixColumns(byte* state) => Mix(state, 14, 11, 13, 9);

    public static void AddKey(byte* d, byte* key)
    {
        for (int i = 0; i < 16; i++)
            d[i] ^= key[i];
    }

    private static void Mix(byte* state, byte c0, byte c1, byte c2, byte c3)
    {
        byte* column = stackalloc byte[4];
        for (int c = 0; c < 16; c += 4)
        {
            *(uint*)column = *(uint*)(state + c);
            for (int r = 0; r < 4; r++)
                state[c + r] = (byte)(GaloisField.Multiply(column[r], c0) ^ GaloisField.Multiply(column[(r + 1) & 3], c1)
                    ^ GaloisField.Multiply(column[(r + 2) & 3], c2) ^ GaloisField.Multiply(column[(r + 3) & 3], c3));
        }
    }

    private static byte Box(byte x) => GaloisField.Affine(Forward, GaloisField.Inverse(x), ForwardConstant);

    private static byte InverseBox(byte x) => GaloisField.Inverse(GaloisField.Affine(Backward, x, BackwardConstant));
}

/// <summary>AESENC.</summary>
internal readonly unsafe struct AesEncrypt : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes; i += 16)
        {
            AesSteps.ShiftAndSubstitute(d + i, a + i);
            AesSteps.MixColumns(d + i);
            AesSteps.AddKey(d + i, rm + i);
        }
    }
}

/// <summary>AESENCLAST.</summary>
internal readonly unsafe struct AesEncryptLast : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes; i += 16)
        {
            AesSteps.ShiftAndSubstitute(d + i, a + i);
            AesSteps.AddKey(d + i, rm + i);
        }
    }
}

/// <summary>AESDEC.</summary>
internal readonly unsafe struct AesDecrypt : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes; i += 16)
        {
            AesSteps.UnshiftAndSubstitute(d + i, a + i);
            AesSteps.UnmixColumns(d + i);
            AesSteps.AddKey(d + i, rm + i);
        }
    }
}

/// <summary>AESDECLAST.</summary>
internal readonly unsafe struct AesDecryptLast : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes; i += 16)
        {
            AesSteps.UnshiftAndSubstitute(d + i, a + i);
            AesSteps.AddKey(d + i, rm + i);
        }
    }
}

/// <summary>AESIMC.</summary>
internal readonly unsafe struct AesInverseMix : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        AesSteps.AddKey(d, rm); // d is zero
        AesSteps.UnmixColumns(d);
    }
}

/// <summary>AESKEYGENASSIST.</summary>
internal readonly unsafe struct AesKeyAssist : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int half = 0; half < 16; half += 8)
        {
            for (int i = 0; i < 4; i++)
                d[half + i] = AesSteps.Substitute(rm[half + 4 + i]);
            uint word = *(uint*)(d + half);
            ((uint*)(d + half))[1] = ((word >> 8) | (word << 24)) ^ (imm & 0xFF);
        }
    }
}
