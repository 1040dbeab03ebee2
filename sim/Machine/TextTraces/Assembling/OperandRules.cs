using Iced.Intel;
using Kind = Iced.Intel.OpCodeOperandKind;

namespace Seamsim.TextTraces.Assembling;

/// <summary>Which registers an operand of a form can be, and whether it can be memory.</summary>
internal static class OperandRules
{
    /// <summary>Whether memory can stand there.</summary>
    public static bool TakesMemory(Kind kind) =>
        kind is >= Kind.mem_offs and <= Kind.k_or_mem or Kind.sibmem || IsImpliedMemory(kind);

    /// <summary>Memory that RSI, RDI or RBX addresses.</summary>
    public static bool IsImpliedMemory(Kind kind) => kind is Kind.seg_rSI or Kind.es_rDI or Kind.seg_rDI
        or Kind.seg_rBX_al;

    /// <summary>Whether a form is a string instruction or its like.</summary>
    public static bool HasImpliedMemory(OpCodeInfo info)
    {
        for (int i = 0; i < info.OpCount; i++)
            if (IsImpliedMemory(info.GetOpKind(i)))
                return true;
        return false;
    }

    /// <summary>The index registers that vector-indexed memory takes: None for any other memory.</summary>
    public static Register VectorIndex(Kind kind) => kind switch
    {
        Kind.mem_vsib32x or Kind.mem_vsib64x => Register.XMM0,
        Kind.mem_vsib32y or Kind.mem_vsib64y => Register.YMM0,
        Kind.mem_vsib32z or Kind.mem_vsib64z => Register.ZMM0,
        _ => Register.None,
    };

    /// <summary>Whether a register can stand there.</summary>
    public static bool Takes(Kind kind, Register register) => kind switch
    {
        Kind.r8_or_mem or Kind.r8_reg or Kind.r8_opcode => register.IsGPR8(),
        Kind.r16_or_mem or Kind.r16_reg or Kind.r16_reg_mem or Kind.r16_rm or Kind.r16_opcode => register.IsGPR16(),
        Kind.r32_or_mem or Kind.r32_or_mem_mpx or Kind.r32_reg or Kind.r32_reg_mem or Kind.r32_rm or Kind.r32_opcode
            or Kind.r32_vvvv => register.IsGPR32(),
        Kind.r64_or_mem or Kind.r64_or_mem_mpx or Kind.r64_reg or Kind.r64_reg_mem or Kind.r64_rm or Kind.r64_opcode
            or Kind.r64_vvvv => register.IsGPR64(),
        Kind.mm_or_mem or Kind.mm_reg or Kind.mm_rm => register.IsMM(),
        Kind.xmm_or_mem or Kind.xmm_reg or Kind.xmm_rm or Kind.xmm_vvvv or Kind.xmmp3_vvvv or Kind.xmm_is4
            or Kind.xmm_is5 => register.IsXMM(),
        Kind.ymm_or_mem or Kind.ymm_reg or Kind.ymm_rm or Kind.ymm_vvvv or Kind.ymm_is4 or Kind.ymm_is5 =>
            register.IsYMM(),
        Kind.zmm_or_mem or Kind.zmm_reg or Kind.zmm_rm or Kind.zmm_vvvv or Kind.zmmp3_vvvv => register.IsZMM(),
        Kind.tmm_reg or Kind.tmm_rm or Kind.tmm_vvvv => register.IsTMM(),
        Kind.k_or_mem or Kind.k_reg or Kind.kp1_reg or Kind.k_rm or Kind.k_vvvv => register.IsK(),
        Kind.bnd_or_mem_mpx or Kind.bnd_reg => register.IsBND(),
        Kind.seg_reg => register.IsSegmentRegister(),
        Kind.cr_reg => register.IsCR(),
        Kind.dr_reg => register.IsDR(),
        Kind.tr_reg => register.IsTR(),
        Kind.sti_opcode => register.IsST(),
        _ => Fixed(kind) is not Register.None and var one && register == one,
    };

    /// <summary>The one register that stands there, or None.</summary>
    public static Register Fixed(Kind kind) => kind switch
    {
        Kind.es => Register.ES, Kind.cs => Register.CS, Kind.ss => Register.SS,
        Kind.ds => Register.DS, Kind.fs => Register.FS, Kind.gs => Register.GS,
        Kind.al => Register.AL, Kind.cl => Register.CL, Kind.ax => Register.AX, Kind.dx => Register.DX,
        Kind.eax => Register.EAX, Kind.rax => Register.RAX, Kind.st0 => Register.ST0,
        _ => Register.None,
    };
}
