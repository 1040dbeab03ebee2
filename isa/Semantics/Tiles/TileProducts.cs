using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Tiles;

/// <summary>
/// TDPBSSD, TDPBSUD, TDPBUSD, TDPBUUD, TDPBF16PS: products of tiles, added to a third. SDM vol. 2. The second source
/// holds its rows interleaved, four bytes (two bfloat16) of one column side by side.
/// </summary>
internal static unsafe class TileProducts
{
    private const int Element = 4, MaxK = 16, MaxN = 64;

    public static Outcome Tdpbssd(Core core, in Instruction i) => Bytes(core, i, signedA: true, signedB: true);

    public static Outcome Tdpbsud(Core core, in Instruction i) => Bytes(core, i, signedA: true, signedB: false);

    public static Outcome Tdpbusd(Core core, in Instruction i) => Bytes(core, i, signedA: false, signedB: true);

    public static Outcome Tdpbuud(Core core, in Instruction i) => Bytes(core, i, signedA: false, signedB: false);

    /// <summary>Sums of the even and of the odd elements apart, then their sum; denormals are zeros, no flags.</summary>
    public static Outcome Tdpbf16ps(Core core, in Instruction i)
    {
        if (!TryOpen(core, i, out TileState tiles, out int to, out int a, out int b))
            return Outcome.Fault;
        FloatEnvironment env = FloatEnvironment.Quiet;
        env.Daz = env.Ftz = true;
        for (int m = 0; m < tiles.Rows(to); m++)
            for (int n = 0; n < tiles.Columns(to) / Element; n++)
            {
                FloatValue even = FloatValue.Zero(false), odd = FloatValue.Zero(false);
                for (int k = 0; k < tiles.Rows(b); k++)
                {
                    ReadOnlySpan<byte> left = tiles.Row(a, m)[(Element * k)..], right = tiles.Row(b, k)[(Element * n)..];
                    even = MultiplyAdd(left, right, even, ref env);
                    odd = MultiplyAdd(left[2..], right[2..], odd, ref env);
                }
                Span<byte> sum = tiles.Row(to, m).Slice(Element * n, Element);
                FloatValue products = FloatArithmetic.Add(even, odd, FloatFormat.Binary32, ref env);
                FloatValue before = FloatFormat.Binary32.Unpack(BinaryPrimitives.ReadUInt32LittleEndian(sum), env);
                BinaryPrimitives.WriteUInt32LittleEndian(sum, (uint)FloatFormat.Binary32.Pack(
                    FloatArithmetic.Add(before, products, FloatFormat.Binary32, ref env)));
            }
        Finish(tiles, to);
        return Outcome.Next;
    }

    private static Outcome Bytes(Core core, in Instruction i, bool signedA, bool signedB)
    {
        if (!TryOpen(core, i, out TileState tiles, out int to, out int a, out int b))
            return Outcome.Fault;
        for (int m = 0; m < tiles.Rows(to); m++)
            for (int n = 0; n < tiles.Columns(to) / Element; n++)
            {
                int sum = 0;
                for (int k = 0; k < tiles.Rows(b); k++)
                    sum += Dot(tiles.Row(a, m)[(Element * k)..], tiles.Row(b, k)[(Element * n)..], signedA, signedB);
                Span<byte> destination = tiles.Row(to, m).Slice(Element * n, Element);
                BinaryPrimitives.WriteInt32LittleEndian(
                    destination, BinaryPrimitives.ReadInt32LittleEndian(destination) + sum);
            }
        Finish(tiles, to);
        return Outcome.Next;
    }

    private static int Dot(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, bool signedA, bool signedB)
    {
        int sum = 0;
        for (int n = 0; n < Element; n++)
            sum += (signedA ? (sbyte)a[n] : a[n]) * (signedB ? (sbyte)b[n] : b[n]);
        return sum;
    }

    private static FloatValue MultiplyAdd(
        ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, in FloatValue sum, ref FloatEnvironment env)
    {
        FloatValue x = FloatFormat.BFloat16.Unpack(BinaryPrimitives.ReadUInt16LittleEndian(a), env);
        FloatValue y = FloatFormat.BFloat16.Unpack(BinaryPrimitives.ReadUInt16LittleEndian(b), env);
        return FloatFusedMultiply.MultiplyAdd(x, y, sum, false, false, FloatFormat.Binary32, ref env);
    }

    /// <summary>Columns and rows beyond the destination's size become zero.</summary>
    private static void Finish(TileState tiles, int to)
    {
        for (int m = 0; m < tiles.Rows(to); m++)
            tiles.Row(to, m)[tiles.Columns(to)..].Clear();
        tiles.ClearFrom(to, tiles.Rows(to));
        tiles.StartRow = 0;
    }

    /// <summary>Exception class AMX-E4: three different tiles whose sizes fit, else #UD.</summary>
    private static bool TryOpen(Core core, in Instruction i, out TileState tiles, out int to, out int a, out int b)
    {
        (to, a, b) = (TileState.Number(i.Op0Register), TileState.Number(i.Op1Register), TileState.Number(i.Op2Register));
        if (!TileState.TryOpen(core, usesData: true, out tiles))
            return false;
        bool valid = to != a && to != b && a != b && tiles.IsValid(to) && tiles.IsValid(a) && tiles.IsValid(b)
            && ((tiles.Columns(to) | tiles.Columns(a) | tiles.Columns(b)) & (Element - 1)) == 0
            && tiles.Columns(to) == tiles.Columns(b) && tiles.Columns(b) <= MaxN
            && tiles.Rows(to) == tiles.Rows(a) && tiles.Columns(a) / Element == tiles.Rows(b) && tiles.Rows(b) <= MaxK;
        if (!valid)
            core.Raise(Vector.UD);
        return valid;
    }
}
