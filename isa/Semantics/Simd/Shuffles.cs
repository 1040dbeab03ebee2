using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seamsim.Isa.Semantics.Simd;

/// <summary>PSHUFB: a byte with bit 7 set selects zero.</summary>
internal readonly struct ShuffleBytes : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.Shuffle(a, rm & Vector128.Create((byte)0x8F));
}

/// <summary>PSHUFB of MMX registers.</summary>
internal readonly struct ShuffleBytesMmx : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.Shuffle(a, rm & Vector128.Create((byte)0x87));
}

/// <summary>PSHUFD, VPERMILPS with an immediate.</summary>
internal readonly struct ShuffleDoublewords : IUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm) =>
        Vector128.Shuffle(rm, Selectors.Doublewords(imm));
}

/// <summary>PSHUFLW; PSHUFW takes the low half of it.</summary>
internal readonly struct ShuffleLowWords : IUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm) =>
        Vector128.Shuffle(rm, Vector128.Create(Selectors.Words(imm), 0x0F0E_0D0C_0B0A_0908).AsByte());
}

/// <summary>PSHUFHW.</summary>
internal readonly struct ShuffleHighWords : IUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> rm, uint imm) => Vector128.Shuffle(
        rm, Vector128.Create(0x0706_0504_0302_0100, Selectors.Words(imm) + 0x0808_0808_0808_0808).AsByte());
}

/// <summary>SHUFPS: two doublewords of a, then two of rm.</summary>
internal readonly struct ShuffleTwoDoublewords : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<byte> selectors = Selectors.Doublewords(imm);
        return Vector128.Create(
            Vector128.Shuffle(a, selectors).GetLower(), Vector128.Shuffle(rm, selectors).GetUpper());
    }
}

/// <summary>SHUFPD: one quadword of a, then one of rm.</summary>
internal readonly struct ShuffleTwoQuadwords : IBinaryByLane
{
    public static int ImmediateBits => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) => Vector128.Create(
        (imm & 1) == 0 ? a.GetLower() : a.GetUpper(), (imm & 2) == 0 ? rm.GetLower() : rm.GetUpper());
}

/// <summary>VPERMILPD with an immediate.</summary>
internal readonly struct PermuteQuadwords : IBinaryByLane
{
    public static int ImmediateBits => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        ShuffleTwoQuadwords.Apply(rm, rm, imm);
}

/// <summary>VPERMILPS with a vector of selectors.</summary>
internal readonly struct PermuteDoublewordsBy : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<uint> first = (rm.AsUInt32() & Vector128.Create(3u)) * Vector128.Create(0x0404_0404u);
        return Vector128.Shuffle(a, (first + Vector128.Create(0x0302_0100u)).AsByte());
    }
}

/// <summary>VPERMILPD with a vector of selectors: bit 1 of each.</summary>
internal readonly struct PermuteQuadwordsBy : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<ulong> upper = Vector128.Equals(rm.AsUInt64() & Vector128.Create(2UL), Vector128.Create(2UL));
        Vector128<ulong> both = a.AsUInt64();
        return Vector128.ConditionalSelect(upper, Vector128.Create(both.GetUpper(), both.GetUpper()),
            Vector128.Create(both.GetLower(), both.GetLower())).AsByte();
    }
}

/// <summary>PUNPCKLBW/WD/DQ/QDQ, UNPCKLPS/PD: T is the element.</summary>
internal readonly struct UnpackLow<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) => Unsafe.SizeOf<T>() switch
    {
        1 => (Vector128.WidenLower(a) | (Vector128.WidenLower(rm) << 8)).AsByte(),
        2 => (Vector128.WidenLower(a.AsUInt16()) | (Vector128.WidenLower(rm.AsUInt16()) << 16)).AsByte(),
        4 => (Vector128.WidenLower(a.AsUInt32()) | (Vector128.WidenLower(rm.AsUInt32()) << 32)).AsByte(),
        _ => Vector128.Create(a.GetLower(), rm.GetLower()),
    };
}

/// <summary>PUNPCKHBW/WD/DQ/QDQ, UNPCKHPS/PD.</summary>
internal readonly struct UnpackHigh<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) => Unsafe.SizeOf<T>() switch
    {
        1 => (Vector128.WidenUpper(a) | (Vector128.WidenUpper(rm) << 8)).AsByte(),
        2 => (Vector128.WidenUpper(a.AsUInt16()) | (Vector128.WidenUpper(rm.AsUInt16()) << 16)).AsByte(),
        4 => (Vector128.WidenUpper(a.AsUInt32()) | (Vector128.WidenUpper(rm.AsUInt32()) << 32)).AsByte(),
        _ => Vector128.Create(a.GetUpper(), rm.GetUpper()),
    };
}

/// <summary>PUNPCKHBW/WD/DQ of MMX registers: the upper half of what their low halves give.</summary>
internal readonly struct UnpackHighMmx<T> : IBinary
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector64<byte> upper = UnpackLow<T>.Apply(a, rm, imm).GetUpper();
        return Vector128.Create(upper, upper);
    }
}

/// <summary>PACKSSWB.</summary>
internal readonly struct PackSignedWords : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.NarrowWithSaturation(a.AsInt16(), rm.AsInt16()).AsByte();
}

/// <summary>PACKUSWB: signed words to unsigned bytes.</summary>
internal readonly struct PackUnsignedWords : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) => Vector128.NarrowWithSaturation(
        Vector128.Max(a.AsInt16(), Vector128<short>.Zero).AsUInt16(),
        Vector128.Max(rm.AsInt16(), Vector128<short>.Zero).AsUInt16());
}

/// <summary>PACKSSDW.</summary>
internal readonly struct PackSignedDoublewords : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) =>
        Vector128.NarrowWithSaturation(a.AsInt32(), rm.AsInt32()).AsByte();
}

/// <summary>PACKUSDW: signed doublewords to unsigned words.</summary>
internal readonly struct PackUnsignedDoublewords : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) => Vector128.NarrowWithSaturation(
        Vector128.Max(a.AsInt32(), Vector128<int>.Zero).AsUInt32(),
        Vector128.Max(rm.AsInt32(), Vector128<int>.Zero).AsUInt32()).AsByte();
}

/// <summary>An operation that MMX does on the quadwords of both operands as one lane: packs and pairs.</summary>
internal readonly struct JoinedMmx<TOp> : IBinary
    where TOp : struct, IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<byte> both = Vector128.Create(a.GetLower(), rm.GetLower());
        return TOp.Apply(both, both, imm);
    }
}

/// <summary>BLENDPS, VPBLENDD: four bits of the immediate for each lane.</summary>
internal readonly struct BlendDoublewords : IBinaryByLane
{
    public static int ImmediateBits => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<uint> bits = Vector128.Create(1u, 2, 4, 8);
        return Vector128.ConditionalSelect(Vector128.Equals(Vector128.Create(imm) & bits, bits).AsByte(), rm, a);
    }
}

/// <summary>BLENDPD: two bits of the immediate for each lane.</summary>
internal readonly struct BlendQuadwords : IBinaryByLane
{
    public static int ImmediateBits => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm) => Vector128.Create(
        (imm & 1) == 0 ? a.GetLower() : rm.GetLower(), (imm & 2) == 0 ? a.GetUpper() : rm.GetUpper());
}

/// <summary>PBLENDW: the same eight bits for each lane.</summary>
internal readonly struct BlendWords : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, uint imm)
    {
        Vector128<ushort> bits = Vector128.Create((ushort)1, 2, 4, 8, 16, 32, 64, 128);
        Vector128<ushort> chosen = Vector128.Equals(Vector128.Create((ushort)imm) & bits, bits);
        return Vector128.ConditionalSelect(chosen.AsByte(), rm, a);
    }
}

/// <summary>PBLENDVB, BLENDVPS, BLENDVPD: rm where the sign of the mask's element is set.</summary>
internal readonly struct BlendBySign<T> : ISelect
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> rm, Vector128<byte> mask) =>
        Vector128.ConditionalSelect(Vector128.LessThan(mask.As<byte, T>(), Vector128<T>.Zero).AsByte(), rm, a);
}

/// <summary>Byte selectors made of the two-bit fields of an immediate.</summary>
internal static class Selectors
{
    /// <summary>Of four doublewords.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Doublewords(uint imm)
    {
        Vector128<uint> first = Vector128.Create(imm & 3, imm >> 2 & 3, imm >> 4 & 3, imm >> 6 & 3);
        return ((first * Vector128.Create(0x0404_0404u)) + Vector128.Create(0x0302_0100u)).AsByte();
    }

    /// <summary>Of the four words of a quadword.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Words(uint imm)
    {
        ulong first = (imm & 3) | ((ulong)(imm >> 2 & 3) << 16) | ((ulong)(imm >> 4 & 3) << 32) | ((ulong)(imm >> 6 & 3) << 48);
        return (first * 0x0202) + 0x0100_0100_0100_0100;
    }
}
