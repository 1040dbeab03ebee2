using Seamsim.Isa.Semantics.Simd;
using static Iced.Intel.Mnemonic;

namespace Seamsim.Isa.Decode.Simd;

/// <summary>AES-NI and VAES, PCLMULQDQ, SHA, GFNI. SDM vol. 2.</summary>
internal static class CryptographyRows
{
    public static readonly VectorRow[] Rows =
    [
        new(typeof(AesEncrypt),     Aesenc,     Vaesenc),
        new(typeof(AesEncryptLast), Aesenclast, Vaesenclast),
        new(typeof(AesDecrypt),     Aesdec,     Vaesdec),
        new(typeof(AesDecryptLast), Aesdeclast, Vaesdeclast),
        new(typeof(AesInverseMix),  Aesimc,     Vaesimc),
        new(typeof(AesKeyAssist),   Aeskeygenassist, Vaeskeygenassist),
        new(typeof(CarrylessMultiply), Pclmulqdq, Vpclmulqdq),
        new(typeof(Sha1Rounds),   Sha1rnds4),
        new(typeof(Sha1NextE),    Sha1nexte),
        new(typeof(Sha1Message1), Sha1msg1),
        new(typeof(Sha1Message2), Sha1msg2),
        new(typeof(Sha256Rounds),   Sha256rnds2),
        new(typeof(Sha256Message1), Sha256msg1),
        new(typeof(Sha256Message2), Sha256msg2),
        new(typeof(FieldMultiply),      Gf2p8mulb,        Vgf2p8mulb)        { Element = 1 },
        new(typeof(FieldAffine),        Gf2p8affineqb,    Vgf2p8affineqb)    { Element = 1, IsMixing = true },
        new(typeof(FieldAffineInverse), Gf2p8affineinvqb, Vgf2p8affineinvqb) { Element = 1, IsMixing = true },
    ];
}
