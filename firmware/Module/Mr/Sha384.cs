using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Seamsim.Firmware.Module;

/// <summary>
/// SHA-384 whose running state is bytes a caller keeps: the MRTD context lives in the TDCS between calls, and the
/// module has no fields. FIPS 180-4, 6.4 and 6.5.
/// </summary>
/// <remarks>
/// Context layout (little-endian): eight working words @0, bytes hashed so far @64, the unfinished block @80.
/// </remarks>
internal static class Sha384
{
    /// <summary>Bytes of a running context.</summary>
    public const int ContextBytes = BufferAt + BlockBytes;

    /// <summary>Bytes of a digest.</summary>
    public const int DigestBytes = 48;

    /// <summary>Bytes the compression function takes at a time.</summary>
    public const int BlockBytes = 128;

    private const int LengthAt = 64;
    private const int BufferAt = 80;
    private const int Rounds = 80;

    private static readonly ulong[] RoundConstants = [.. FirstPrimes(Rounds).Select(p => FractionOfRoot(p, 3))];
    private static readonly ulong[] InitialWords = [.. FirstPrimes(16).Skip(8).Select(p => FractionOfRoot(p, 2))];

    /// <summary>Makes <paramref name="context"/> the state before the first byte.</summary>
    public static void Start(Span<byte> context)
    {
        context[..ContextBytes].Clear();
        InitialWords.CopyTo(Words(context));
    }

    /// <summary>Hashes <paramref name="data"/> into <paramref name="context"/>.</summary>
    /// <returns>Blocks compressed, the unit managed hashing is charged by.</returns>
    public static int Append(Span<byte> context, ReadOnlySpan<byte> data)
    {
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(context[LengthAt..]);
        BinaryPrimitives.WriteUInt64LittleEndian(context[LengthAt..], length + (ulong)data.Length);
        int filled = (int)(length % BlockBytes);
        int blocks = 0;
        Span<byte> buffer = context.Slice(BufferAt, BlockBytes);
        while (data.Length > 0)
        {
            int count = Math.Min(BlockBytes - filled, data.Length);
            data[..count].CopyTo(buffer[filled..]);
            data = data[count..];
            filled += count;
            if (filled < BlockBytes)
                break;
            Compress(Words(context), buffer);
            filled = 0;
            blocks++;
        }
        return blocks;
    }

    /// <summary>Writes the digest of everything appended; <paramref name="context"/> itself stays as it is.</summary>
    public static void Finish(ReadOnlySpan<byte> context, Span<byte> digest)
    {
        Span<byte> last = stackalloc byte[ContextBytes];
        context[..ContextBytes].CopyTo(last);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(context[LengthAt..]);
        Span<byte> padding = stackalloc byte[2 * BlockBytes];
        padding.Clear();
        padding[0] = 0x80;
        int zeros = BlockBytes - 1 - (int)((length + 16) % BlockBytes);
        BinaryPrimitives.WriteUInt64BigEndian(padding[(1 + zeros)..], length >> 61);
        BinaryPrimitives.WriteUInt64BigEndian(padding[(9 + zeros)..], length << 3);
        Append(last, padding[..(17 + zeros)]);
        Span<ulong> words = Words(last);
        for (int i = 0; i < DigestBytes / 8; i++)
            BinaryPrimitives.WriteUInt64BigEndian(digest[(8 * i)..], words[i]);
    }

    private static Span<ulong> Words(Span<byte> context) => MemoryMarshal.Cast<byte, ulong>(context[..LengthAt]);

    private static void Compress(Span<ulong> state, ReadOnlySpan<byte> block)
    {
        Span<ulong> w = stackalloc ulong[Rounds];
        for (int t = 0; t < 16; t++)
            w[t] = BinaryPrimitives.ReadUInt64BigEndian(block[(8 * t)..]);
        for (int t = 16; t < Rounds; t++)
            w[t] = SmallSigma1(w[t - 2]) + w[t - 7] + SmallSigma0(w[t - 15]) + w[t - 16];

        ulong a = state[0], b = state[1], c = state[2], d = state[3];
        ulong e = state[4], f = state[5], g = state[6], h = state[7];
        for (int t = 0; t < Rounds; t++)
        {
            ulong t1 = h + BigSigma1(e) + ((e & f) ^ (~e & g)) + RoundConstants[t] + w[t];
            ulong t2 = BigSigma0(a) + ((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e, d, c, b, a) = (g, f, e, d + t1, c, b, a, t1 + t2);
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }

    private static ulong Ror(ulong x, int n) => BitOperations.RotateRight(x, n);

    private static ulong BigSigma0(ulong x) => Ror(x, 28) ^ Ror(x, 34) ^ Ror(x, 39);

    private static ulong BigSigma1(ulong x) => Ror(x, 14) ^ Ror(x, 18) ^ Ror(x, 41);

    private static ulong SmallSigma0(ulong x) => Ror(x, 1) ^ Ror(x, 8) ^ (x >> 7);

    private static ulong SmallSigma1(ulong x) => Ror(x, 19) ^ Ror(x, 61) ^ (x >> 6);

    private static IEnumerable<int> FirstPrimes(int count) =>
        Enumerable.Range(2, 410).Where(n => Enumerable.Range(2, n - 2).All(d => n % d != 0)).Take(count);

    // FIPS 180-4, 4.2.3 and 5.3.4 define the constants as the first 64 bits of the fractional parts of roots of primes.
    private static ulong FractionOfRoot(int prime, int degree)
    {
        BigInteger scaled = (BigInteger)prime << (64 * degree);
        BigInteger root = BigInteger.Zero;
        for (int bit = 64 + 5; bit >= 0; bit--)
        {
            BigInteger candidate = root | (BigInteger.One << bit);
            if (BigInteger.Pow(candidate, degree) <= scaled)
                root = candidate;
        }
        return (ulong)(root & ulong.MaxValue);
    }
}
