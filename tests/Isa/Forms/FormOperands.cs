using Iced.Intel;
using static Iced.Intel.OpCodeOperandKind;

namespace Seamsim.Tests.Isa.Forms;

/// <summary>Makes an instruction of a form with random operands, masks, rounding and prefixes.</summary>
internal sealed class FormOperands(OperandRandom random, IMemoryPlacer memory)
{
    private const int Legacy = 8, Vex = 16, Evex = 32;
    private int registers, vectors;

    /// <summary>
    /// False for an operand nothing here knows. The choices need not be encodable together (AH beside R8, RSP as an
    /// index): the encoder says so, and another try makes others.
    /// </summary>
    /// <param name="form">The form.</param>
    /// <param name="bits">16, 32 or 64.</param>
    /// <param name="avx512">Registers 16 to 31 may be used.</param>
    /// <param name="instruction">The instruction.</param>
    public bool TryCreate(OpCodeInfo form, int bits, bool avx512, out Instruction instruction)
    {
        instruction = default;
        instruction.Code = form.Code;
        instruction.CodeSize = bits switch { 64 => CodeSize.Code64, 32 => CodeSize.Code32, _ => CodeSize.Code16 };
        registers = bits == 64 ? Vex : Legacy;
        vectors = bits != 64 ? Legacy : form.Encoding == EncodingKind.EVEX && avx512 ? Evex : Vex;
        int inMemory = -1;
        for (int n = 0; n < form.OpCount; n++)
        {
            OpCodeOperandKind kind = form.GetOpKind(n);
            if (IsMemory(kind) || IsEither(kind) && random.Next(2) == 0)
                inMemory = n;
            else if (!TrySetOperand(ref instruction, n, kind))
                return false;
        }
        if (inMemory >= 0)
            SetMemory(ref instruction, inMemory, form);
        Decorate(ref instruction, form, inMemory >= 0);
        return true;
    }

    /// <summary>A memory operand whose index is a vector register.</summary>
    public static bool IsVectorIndexed(OpCodeOperandKind kind) =>
        kind is mem_vsib32x or mem_vsib64x or mem_vsib32y or mem_vsib64y or mem_vsib32z or mem_vsib64z;

    private static bool IsMemory(OpCodeOperandKind kind) =>
        kind is mem or mem_offs or mem_mib or mem_mpx or sibmem || IsVectorIndexed(kind);

    private static bool IsEither(OpCodeOperandKind kind) =>
        kind is r8_or_mem or r16_or_mem or r32_or_mem or r32_or_mem_mpx or r64_or_mem or r64_or_mem_mpx or mm_or_mem
            or xmm_or_mem or ymm_or_mem or zmm_or_mem or bnd_or_mem_mpx or k_or_mem;

    private bool TrySetOperand(ref Instruction i, int n, OpCodeOperandKind kind)
    {
        if (RegisterOf(kind) is not { } register)
            return TrySetImmediate(ref i, n, kind) || TrySetFar(ref i, n, kind) || TrySetImplicitMemory(ref i, n, kind);
        i.SetOpKind(n, OpKind.Register);
        i.SetOpRegister(n, register);
        if (kind is r16_reg_mem or r32_reg_mem or r64_reg_mem)
            memory.PlaceRegister(register);
        return true;
    }

    private Register? RegisterOf(OpCodeOperandKind kind) => kind switch
    {
        r8_or_mem or r8_reg or r8_opcode => Register.AL + random.Next(registers == Legacy ? Legacy : 20),
        r16_or_mem or r16_reg or r16_reg_mem or r16_rm or r16_opcode => Register.AX + random.Next(registers),
        r32_or_mem or r32_or_mem_mpx or r32_reg or r32_reg_mem or r32_rm or r32_opcode or r32_vvvv =>
            Register.EAX + random.Next(registers),
        r64_or_mem or r64_or_mem_mpx or r64_reg or r64_reg_mem or r64_rm or r64_opcode or r64_vvvv =>
            Register.RAX + random.Next(registers),
        mm_or_mem or mm_reg or mm_rm => Register.MM0 + random.Next(8),
        xmm_or_mem or xmm_reg or xmm_rm or xmm_vvvv or xmm_is4 or xmm_is5 => Register.XMM0 + random.Next(vectors),
        ymm_or_mem or ymm_reg or ymm_rm or ymm_vvvv or ymm_is4 or ymm_is5 => Register.YMM0 + random.Next(vectors),
        zmm_or_mem or zmm_reg or zmm_rm or zmm_vvvv => Register.ZMM0 + random.Next(vectors),
        xmmp3_vvvv => Register.XMM0 + (random.Next(vectors / 4) * 4),
        zmmp3_vvvv => Register.ZMM0 + (random.Next(vectors / 4) * 4),
        k_or_mem or k_reg or k_rm or k_vvvv => Register.K0 + random.Next(8),
        kp1_reg => Register.K0 + (random.Next(4) * 2),
        seg_reg => Register.ES + random.Next(6),
        cr_reg => Register.CR0 + random.Next(9),
        dr_reg => Register.DR0 + random.Next(8),
        tr_reg => Register.TR0 + random.Next(8),
        bnd_or_mem_mpx or bnd_reg => Register.BND0 + random.Next(4),
        tmm_reg or tmm_rm or tmm_vvvv => Register.TMM0 + random.Next(8),
        es => Register.ES, cs => Register.CS, ss => Register.SS, ds => Register.DS, fs => Register.FS, gs => Register.GS,
        al => Register.AL, cl => Register.CL, ax => Register.AX, dx => Register.DX,
        eax => Register.EAX, rax => Register.RAX,
        st0 => Register.ST0, sti_opcode => Register.ST0 + random.Next(8),
        _ => null,
    };

    private bool TrySetImmediate(ref Instruction i, int n, OpCodeOperandKind kind)
    {
        bool second = n > 0 && i.GetOpKind(n - 1) is OpKind.Immediate16 or OpKind.Immediate8;
        OpKind? set = kind switch
        {
            imm4_m2z or imm8 or imm8_const_1 => second ? OpKind.Immediate8_2nd : OpKind.Immediate8,
            imm8sex16 => OpKind.Immediate8to16,
            imm8sex32 => OpKind.Immediate8to32,
            imm8sex64 => OpKind.Immediate8to64,
            imm16 => OpKind.Immediate16,
            imm32 => OpKind.Immediate32,
            imm32sex64 => OpKind.Immediate32to64,
            imm64 => OpKind.Immediate64,
            br16_1 or br16_2 => OpKind.NearBranch16,
            br32_1 or br32_4 => OpKind.NearBranch32,
            br64_1 or br64_4 => OpKind.NearBranch64,
            xbegin_2 or xbegin_4 =>
                i.CodeSize == CodeSize.Code64 ? OpKind.NearBranch64 : OpKind.NearBranch32,
            _ => null,
        };
        if (set is not { } operand)
            return false;
        i.SetOpKind(n, operand);
        ulong value = memory.Immediate();
        switch (operand)
        {
            case OpKind.Immediate8:
                i.Immediate8 = kind switch { imm8_const_1 => 1, imm4_m2z => (byte)(value & 15), _ => (byte)value };
                break;
            case OpKind.Immediate8_2nd: i.Immediate8_2nd = (byte)value; break;
            case OpKind.Immediate8to16: i.Immediate8to16 = (sbyte)value; break;
            case OpKind.Immediate8to32: i.Immediate8to32 = (sbyte)value; break;
            case OpKind.Immediate8to64: i.Immediate8to64 = (sbyte)value; break;
            case OpKind.Immediate16: i.Immediate16 = (ushort)value; break;
            case OpKind.Immediate32: i.Immediate32 = (uint)value; break;
            case OpKind.Immediate32to64: i.Immediate32to64 = (int)value; break;
            case OpKind.Immediate64: i.Immediate64 = value; break;
            case OpKind.NearBranch16: i.NearBranch16 = (ushort)memory.BranchTarget(); break;
            case OpKind.NearBranch32: i.NearBranch32 = (uint)memory.BranchTarget(); break;
            default: i.NearBranch64 = memory.BranchTarget(); break;
        }
        return true;
    }

    private bool TrySetFar(ref Instruction i, int n, OpCodeOperandKind kind)
    {
        if (kind is not (farbr2_2 or farbr4_2))
            return false;
        i.SetOpKind(n, kind == farbr2_2 ? OpKind.FarBranch16 : OpKind.FarBranch32);
        i.FarBranchSelector = (ushort)(random.Next(16) * 8 + random.Next(4));
        if (kind == farbr2_2)
            i.FarBranch16 = (ushort)memory.BranchTarget();
        else
            i.FarBranch32 = (uint)memory.BranchTarget();
        return true;
    }

    private bool TrySetImplicitMemory(ref Instruction i, int n, OpCodeOperandKind kind)
    {
        if (kind is not (seg_rSI or es_rDI or seg_rDI or seg_rBX_al))
            return false;
        memory.PlaceImplicit(ref i, n, kind);
        return true;
    }

    private void SetMemory(ref Instruction i, int n, OpCodeInfo form)
    {
        i.SetOpKind(n, OpKind.Memory);
        i.MemoryIndexScale = 1;
        if (form.CanBroadcast && random.Next(100) < 40)
            i.IsBroadcast = true;
        memory.Place(ref i, n, form.GetOpKind(n));
    }

    private void Decorate(ref Instruction i, OpCodeInfo form, bool inMemory)
    {
        if (form.RequireOpMaskRegister || form.CanUseOpMaskRegister && random.Next(100) < 60)
            i.OpMask = Register.K1 + random.Next(7);
        bool masked = i.OpMask != Register.None && i.GetOpKind(0) != OpKind.Memory;
        if (form.CanUseZeroingMasking && masked && random.Next(100) < 40)
            i.ZeroingMasking = true;
        if (!inMemory && form.CanUseRoundingControl && random.Next(2) == 0)
            i.RoundingControl = RoundingControl.RoundToNearest + random.Next(4);
        else if (!inMemory && form.CanSuppressAllExceptions && random.Next(100) < 40)
            i.SuppressAllExceptions = true;
        if (form.CanUseLockPrefix && i.GetOpKind(0) == OpKind.Memory && random.Next(100) < 30)
            i.HasLockPrefix = true;
        if (!i.IsStringInstruction)
            return;
        if (form.CanUseRepPrefix && random.Next(2) == 0)
            i.HasRepPrefix = true;
        else if (form.CanUseRepnePrefix && random.Next(2) == 0)
            i.HasRepnePrefix = true;
    }
}
