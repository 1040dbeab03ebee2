using Seamsim.Isa.Semantics.Simd;
using static Iced.Intel.Mnemonic;

namespace Seamsim.Isa.Decode.Simd;

/// <summary>Moves. SDM vol. 2.</summary>
internal static class MoveRows
{
    public static readonly VectorRow[] Rows =
    [
        new(typeof(Move), Movaps, Movapd, Movdqa, Movntps, Movntpd, Movntdq, Movntdqa, Vmovaps, Vmovapd, Vmovdqa,
            Vmovdqa32, Vmovdqa64, Vmovntps, Vmovntpd, Vmovntdq, Vmovntdqa) { Alignment = Alignment.Always },
        new(typeof(Move), Movups, Movupd, Movdqu, Lddqu, Vmovups, Vmovupd, Vmovdqu, Vmovdqu8, Vmovdqu16, Vmovdqu32,
            Vmovdqu64, Vlddqu) { Alignment = Alignment.Never },
        new(typeof(Move), Movd, Vmovd, Movntq),
        new(typeof(MoveQuadword), Movq, Vmovq, Movdq2q, Movq2dq),
        new(typeof(MoveScalar<float>), Movss, Vmovss) { IsScalar = true, Element = 4, Only = Forms.Registers },
        new(typeof(MoveScalar<double>), Movsd, Vmovsd) { IsScalar = true, Only = Forms.Registers },
        new(typeof(MoveScalar<ushort>), Vmovsh) { IsScalar = true, Element = 2, Only = Forms.Registers },
        new(typeof(Move), Movss, Vmovss, Movsd, Vmovsd, Vmovsh) { IsScalar = true },
        new(typeof(MoveWord), Vmovw),
        new(typeof(MoveLow), Movlps, Movlpd, Vmovlps, Vmovlpd),
        new(typeof(MoveHigh), Movhps, Movhpd, Vmovhps, Vmovhpd, Movlhps, Vmovlhps),
        new(typeof(MoveHighToLow), Movhlps, Vmovhlps),
        new(typeof(DuplicateLow), Movddup, Vmovddup) { IsMixing = true },
        new(typeof(DuplicateEven), Movsldup, Vmovsldup) { IsMixing = true },
        new(typeof(DuplicateOdd), Movshdup, Vmovshdup) { IsMixing = true },
    ];
}
