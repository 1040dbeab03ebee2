using Seamsim.Isa.Semantics.Simd;
using static Iced.Intel.Mnemonic;

namespace Seamsim.Isa.Decode.Simd;

/// <summary>Shifts and rotations. SDM vol. 2.</summary>
internal static class ShiftRows
{
    public static readonly VectorRow[] Rows =
    [
        new(typeof(ByImmediate<ShiftLeft<ushort>>),         Psllw, Vpsllw) { Only = Forms.Immediate },
        new(typeof(ByImmediate<ShiftLeft<uint>>),           Pslld, Vpslld) { Only = Forms.Immediate },
        new(typeof(ByImmediate<ShiftLeft<ulong>>),          Psllq, Vpsllq) { Only = Forms.Immediate },
        new(typeof(ByImmediate<ShiftRight<ushort>>),        Psrlw, Vpsrlw) { Only = Forms.Immediate },
        new(typeof(ByImmediate<ShiftRight<uint>>),          Psrld, Vpsrld) { Only = Forms.Immediate },
        new(typeof(ByImmediate<ShiftRight<ulong>>),         Psrlq, Vpsrlq) { Only = Forms.Immediate },
        new(typeof(ByImmediate<ShiftRightArithmetic<short>>), Psraw, Vpsraw) { Only = Forms.Immediate },
        new(typeof(ByImmediate<ShiftRightArithmetic<int>>),   Psrad, Vpsrad) { Only = Forms.Immediate },
        new(typeof(ByImmediate<ShiftRightArithmetic<long>>),  Vpsraq)        { Only = Forms.Immediate },
        new(typeof(ByCount<ShiftLeft<ushort>>),           Psllw, Vpsllw) { Element = 2, IsMixing = true },
        new(typeof(ByCount<ShiftLeft<uint>>),             Pslld, Vpslld) { Element = 4, IsMixing = true },
        new(typeof(ByCount<ShiftLeft<ulong>>),            Psllq, Vpsllq) { Element = 8, IsMixing = true },
        new(typeof(ByCount<ShiftRight<ushort>>),          Psrlw, Vpsrlw) { Element = 2, IsMixing = true },
        new(typeof(ByCount<ShiftRight<uint>>),            Psrld, Vpsrld) { Element = 4, IsMixing = true },
        new(typeof(ByCount<ShiftRight<ulong>>),           Psrlq, Vpsrlq) { Element = 8, IsMixing = true },
        new(typeof(ByCount<ShiftRightArithmetic<short>>), Psraw, Vpsraw) { Element = 2, IsMixing = true },
        new(typeof(ByCount<ShiftRightArithmetic<int>>),   Psrad, Vpsrad) { Element = 4, IsMixing = true },
        new(typeof(ByCount<ShiftRightArithmetic<long>>),  Vpsraq)        { Element = 8, IsMixing = true },
        new(typeof(ByImmediate<RotateLeft<uint>>),   Vprold),
        new(typeof(ByImmediate<RotateLeft<ulong>>),  Vprolq),
        new(typeof(ByImmediate<RotateRight<uint>>),  Vprord),
        new(typeof(ByImmediate<RotateRight<ulong>>), Vprorq),
        new(typeof(ByElement<EachLeft, ushort>), Vpsllvw),
        new(typeof(ByElement<EachLeft, uint>),   Vpsllvd),
        new(typeof(ByElement<EachLeft, ulong>),  Vpsllvq),
        new(typeof(ByElement<EachRight, ushort>), Vpsrlvw),
        new(typeof(ByElement<EachRight, uint>),   Vpsrlvd),
        new(typeof(ByElement<EachRight, ulong>),  Vpsrlvq),
        new(typeof(ByElement<EachRightArithmetic, short>), Vpsravw),
        new(typeof(ByElement<EachRightArithmetic, int>),   Vpsravd),
        new(typeof(ByElement<EachRightArithmetic, long>),  Vpsravq),
        new(typeof(ByElement<EachRotateLeft, uint>),   Vprolvd),
        new(typeof(ByElement<EachRotateLeft, ulong>),  Vprolvq),
        new(typeof(ByElement<EachRotateRight, uint>),  Vprorvd),
        new(typeof(ByElement<EachRotateRight, ulong>), Vprorvq),
        new(typeof(ShiftBytesLeft),  Pslldq, Vpslldq),
        new(typeof(ShiftBytesRight), Psrldq, Vpsrldq),
        new(typeof(AlignRightMmx), Palignr) { Only = Forms.Mmx },
        new(typeof(AlignRight),    Palignr, Vpalignr) { Element = 1, IsMixing = true },
    ];
}
