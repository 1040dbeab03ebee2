using Iced.Intel;
using Seamsim.Isa.Engine.Interpreter.Simd;
using Seamsim.Isa.Semantics.Simd;
using static Iced.Intel.Mnemonic;
using static Seamsim.Isa.Semantics.Simd.StringCompare;

namespace Seamsim.Isa.Decode.Simd;

/// <summary>State, string comparison, and memory element by element. SDM vol. 2.</summary>
internal static class SpecialRows
{
    public static readonly VectorRow[] Rows =
    [
        new(null, Mnemonic.Emms)           { Special = VectorState.Emms },
        new(null, Mnemonic.Vzeroupper)     { Special = VectorState.Vzeroupper },
        new(null, Mnemonic.Vzeroall)       { Special = VectorState.Vzeroall },
        new(null, Ldmxcsr, Vldmxcsr)       { Special = VectorState.Ldmxcsr },
        new(null, Stmxcsr, Vstmxcsr)       { Special = VectorState.Stmxcsr },
        new(null, Maskmovq, Maskmovdqu, Vmaskmovdqu) { Special = MaskedMemory.MaskMove },
        new(null, Vmaskmovps, Vmaskmovpd, Vpmaskmovd, Vpmaskmovq) { Special = MaskedMemory.ConditionalMove },
        new(null, Vgatherdps, Vgatherdpd, Vgatherqps, Vgatherqpd, Vpgatherdd, Vpgatherdq, Vpgatherqd, Vpgatherqq)
            { Special = MaskedMemory.GatherMasked, Only = Forms.Masked },
        new(null, Vgatherdps, Vgatherdpd, Vgatherqps, Vgatherqpd, Vpgatherdd, Vpgatherdq, Vpgatherqd, Vpgatherqq)
            { Special = MaskedMemory.Gather },
        new(null, Vscatterdps, Vscatterdpd, Vscatterqps, Vscatterqpd, Vpscatterdd, Vpscatterdq, Vpscatterqd, Vpscatterqq)
            { Special = MaskedMemory.Scatter },
        new(typeof(ToIndex<Implicit>),   Pcmpistri, Vpcmpistri)     { HasNoResult = true, Alignment = Alignment.Never },
        new(typeof(ToIndex<Explicit>),   Pcmpestri, Vpcmpestri)     { HasNoResult = true, Alignment = Alignment.Never },
        new(typeof(ToIndex<Explicit64>), Pcmpestri64, Vpcmpestri64) { HasNoResult = true, Alignment = Alignment.Never },
        new(typeof(ToMask<Implicit, KeepUpper>),    Pcmpistrm)    { HasNoResult = true, Alignment = Alignment.Never },
        new(typeof(ToMask<Explicit, KeepUpper>),    Pcmpestrm)    { HasNoResult = true, Alignment = Alignment.Never },
        new(typeof(ToMask<Explicit64, KeepUpper>),  Pcmpestrm64)  { HasNoResult = true, Alignment = Alignment.Never },
        new(typeof(ToMask<Implicit, ClearUpper>),   Vpcmpistrm)   { HasNoResult = true, Alignment = Alignment.Never },
        new(typeof(ToMask<Explicit, ClearUpper>),   Vpcmpestrm)   { HasNoResult = true, Alignment = Alignment.Never },
        new(typeof(ToMask<Explicit64, ClearUpper>), Vpcmpestrm64) { HasNoResult = true, Alignment = Alignment.Never },
    ];
}
