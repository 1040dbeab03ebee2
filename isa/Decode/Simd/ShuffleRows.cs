using Seamsim.Isa.Semantics.Simd;
using static Iced.Intel.Mnemonic;

namespace Seamsim.Isa.Decode.Simd;

/// <summary>Shuffles, packs and blends within lanes. SDM vol. 2.</summary>
internal static class ShuffleRows
{
    public static readonly VectorRow[] Rows =
    [
        new(typeof(ShuffleBytesMmx), Pshufb) { Only = Forms.Mmx },
        new(typeof(ShuffleBytes),    Pshufb, Vpshufb) { IsMixing = true },
        new(typeof(ShuffleDoublewords), Pshufd,  Vpshufd)  { IsMixing = true },
        new(typeof(ShuffleLowWords),    Pshuflw, Vpshuflw, Pshufw) { IsMixing = true },
        new(typeof(ShuffleHighWords),   Pshufhw, Vpshufhw) { IsMixing = true },
        new(typeof(ShuffleTwoDoublewords), Shufps, Vshufps) { IsMixing = true },
        new(typeof(ShuffleTwoQuadwords),   Shufpd, Vshufpd) { IsMixing = true },
        new(typeof(ShuffleDoublewords), Vpermilps) { Only = Forms.Immediate, IsMixing = true },
        new(typeof(PermuteQuadwords),   Vpermilpd) { Only = Forms.Immediate, IsMixing = true },
        new(typeof(PermuteDoublewordsBy), Vpermilps) { IsMixing = true },
        new(typeof(PermuteQuadwordsBy),   Vpermilpd) { IsMixing = true },
        new(typeof(UnpackHighMmx<byte>),   Punpckhbw) { Only = Forms.Mmx },
        new(typeof(UnpackHighMmx<ushort>), Punpckhwd) { Only = Forms.Mmx },
        new(typeof(UnpackHighMmx<uint>),   Punpckhdq) { Only = Forms.Mmx },
        new(typeof(UnpackLow<byte>),   Punpcklbw,  Vpunpcklbw) { Element = 1, IsMixing = true },
        new(typeof(UnpackLow<ushort>), Punpcklwd,  Vpunpcklwd) { Element = 2, IsMixing = true },
        new(typeof(UnpackLow<uint>),   Punpckldq,  Vpunpckldq,  Unpcklps, Vunpcklps) { Element = 4, IsMixing = true },
        new(typeof(UnpackLow<ulong>),  Punpcklqdq, Vpunpcklqdq, Unpcklpd, Vunpcklpd) { Element = 8, IsMixing = true },
        new(typeof(UnpackHigh<byte>),   Punpckhbw,  Vpunpckhbw) { Element = 1, IsMixing = true },
        new(typeof(UnpackHigh<ushort>), Punpckhwd,  Vpunpckhwd) { Element = 2, IsMixing = true },
        new(typeof(UnpackHigh<uint>),   Punpckhdq,  Vpunpckhdq,  Unpckhps, Vunpckhps) { Element = 4, IsMixing = true },
        new(typeof(UnpackHigh<ulong>),  Punpckhqdq, Vpunpckhqdq, Unpckhpd, Vunpckhpd) { Element = 8, IsMixing = true },
        new(typeof(JoinedMmx<PackSignedWords>),       Packsswb) { Only = Forms.Mmx },
        new(typeof(JoinedMmx<PackUnsignedWords>),     Packuswb) { Only = Forms.Mmx },
        new(typeof(JoinedMmx<PackSignedDoublewords>), Packssdw) { Only = Forms.Mmx },
        new(typeof(PackSignedWords),         Packsswb, Vpacksswb) { Element = 1, IsMixing = true },
        new(typeof(PackUnsignedWords),       Packuswb, Vpackuswb) { Element = 1, IsMixing = true },
        new(typeof(PackSignedDoublewords),   Packssdw, Vpackssdw) { Element = 2, IsMixing = true },
        new(typeof(PackUnsignedDoublewords), Packusdw, Vpackusdw) { Element = 2, IsMixing = true },
        new(typeof(BlendDoublewords), Blendps, Vblendps, Vpblendd),
        new(typeof(BlendQuadwords),   Blendpd, Vblendpd),
        new(typeof(BlendWords),       Pblendw, Vpblendw),
        new(typeof(BlendBySign<sbyte>), Pblendvb, Vpblendvb),
        new(typeof(BlendBySign<int>),   Blendvps, Vblendvps),
        new(typeof(BlendBySign<long>),  Blendvpd, Vblendvpd),
    ];
}
