using System.Numerics;
using System.Runtime.CompilerServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Simd;

// The SHA extensions. SDM vol. 2B; names of words and functions as there.

/// <summary>SHA1RNDS4: A..D in a from the highest doubleword down, W with E added in rm.</summary>
internal readonly unsafe struct Sha1Rounds : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        ReadOnlySpan<uint> constants = [0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6];
        uint* state = (uint*)a, words = (uint*)rm;
        uint wa = state[3], wb = state[2], wc = state[1], wd = state[0], we = 0;
        for (int i = 0; i < 4; i++)
        {
            uint next = Mix((int)imm & 3, wb, wc, wd) + BitOperations.RotateLeft(wa, 5) + words[3 - i] + we
                + constants[(int)imm & 3];
            (wa, wb, wc, wd, we) = (next, wa, BitOperations.RotateLeft(wb, 30), wc, wd);
        }
        uint* result = (uint*)d;
        (result[3], result[2], result[1], result[0]) = (wa, wb, wc, wd);
    }

    private static uint Mix(int function, uint b, uint c, uint d) => function switch
    {
        0 => (b & c) ^ (~b & d),
        2 => (b & c) ^ (b & d) ^ (c & d),
        _ => b ^ c ^ d,
    };
}

/// <summary>SHA1NEXTE.</summary>
internal readonly unsafe struct Sha1NextE : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < 4; i++)
            ((uint*)d)[i] = ((uint*)rm)[i];
        ((uint*)d)[3] += BitOperations.RotateLeft(((uint*)a)[3], 30);
    }
}

/// <summary>SHA1MSG1.</summary>
internal readonly unsafe struct Sha1Message1 : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        uint* first = (uint*)a, second = (uint*)rm, result = (uint*)d;
        result[3] = first[1] ^ first[3];
        result[2] = first[0] ^ first[2];
        result[1] = second[3] ^ first[1];
        result[0] = second[2] ^ first[0];
    }
}

/// <summary>SHA1MSG2.</summary>
internal readonly unsafe struct Sha1Message2 : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        uint* first = (uint*)a, second = (uint*)rm, result = (uint*)d;
        result[3] = BitOperations.RotateLeft(first[3] ^ second[2], 1);
        result[2] = BitOperations.RotateLeft(first[2] ^ second[1], 1);
        result[1] = BitOperations.RotateLeft(first[1] ^ second[0], 1);
        result[0] = BitOperations.RotateLeft(first[0] ^ result[3], 1);
    }
}

/// <summary>SHA256RNDS2: C, D, G, H in a, A, B, E, F in rm, W with K added in XMM0.</summary>
internal readonly unsafe struct Sha256Rounds : IWholeOperation
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        uint* cdgh = (uint*)a, abef = (uint*)rm, words = (uint*)b;
        (uint wa, uint wb, uint wc, uint wd) = (abef[3], abef[2], cdgh[3], cdgh[2]);
        (uint we, uint wf, uint wg, uint wh) = (abef[1], abef[0], cdgh[1], cdgh[0]);
        for (int i = 0; i < 2; i++)
        {
            uint choice = (we & wf) ^ (~we & wg), majority = (wa & wb) ^ (wa & wc) ^ (wb & wc);
            uint sum = choice + Rotate(we, 6, 11, 25) + words[i] + wh;
            (wh, wg, wf, we, wd, wc, wb, wa) = (wg, wf, we, sum + wd, wc, wb, wa, sum + majority + Rotate(wa, 2, 13, 22));
        }
        uint* result = (uint*)d;
        (result[3], result[2], result[1], result[0]) = (wa, wb, we, wf);
    }

    private static uint Rotate(uint x, int first, int second, int third) =>
        BitOperations.RotateRight(x, first) ^ BitOperations.RotateRight(x, second) ^ BitOperations.RotateRight(x, third);
}

/// <summary>SHA256MSG1.</summary>
internal readonly unsafe struct Sha256Message1 : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        uint* words = (uint*)a;
        for (int i = 0; i < 4; i++)
        {
            uint next = i < 3 ? words[i + 1] : *(uint*)rm;
            ((uint*)d)[i] = words[i]
                + (BitOperations.RotateRight(next, 7) ^ BitOperations.RotateRight(next, 18) ^ (next >> 3));
        }
    }
}

/// <summary>SHA256MSG2.</summary>
internal readonly unsafe struct Sha256Message2 : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        uint* words = (uint*)a, last = (uint*)rm, result = (uint*)d;
        result[0] = words[0] + Sigma(last[2]);
        result[1] = words[1] + Sigma(last[3]);
        result[2] = words[2] + Sigma(result[0]);
        result[3] = words[3] + Sigma(result[1]);
    }

    private static uint Sigma(uint x) => BitOperations.RotateRight(x, 17) ^ BitOperations.RotateRight(x, 19) ^ (x >> 10);
}
