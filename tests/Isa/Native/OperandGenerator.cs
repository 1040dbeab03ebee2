using Iced.Intel;
using static Iced.Intel.OpCodeOperandKind;

namespace Seamsim.Tests.Isa.Native;

/// <summary>
/// Makes an instruction of a <see cref="Code"/> with random operands, and puts into the registers what makes its memory
/// operands lie in the data window.
/// </summary>
internal sealed unsafe class OperandGenerator(OperandValues values)
{
    private const int VectorRegisters = 16, AllVectorRegisters = 32;
    private readonly OperandRandom random = values.Random;
    private int lastVector;

    /// <summary>False when the choices cannot be encoded together (AH beside R8): try again.</summary>
    public bool TryCreate(OpCodeInfo form, bool avx512, ref ProcessorState state, out Instruction instruction)
    {
        instruction = default;
        instruction.Code = form.Code;
        lastVector = form.Encoding == EncodingKind.EVEX && avx512 ? AllVectorRegisters : VectorRegisters;
        int memory = -1;
        for (int n = 0; n < form.OpCount; n++)
        {
            OpCodeOperandKind kind = form.GetOpKind(n);
            if (IsMemory(kind) || IsEither(kind) && values.Chance(50))
                memory = n;
            else if (!TrySetOperand(ref instruction, n, kind, ref state))
                return false;
        }
        if (memory >= 0)
            SetMemory(ref instruction, memory, form, ref state);
        Decorate(ref instruction, form, memory >= 0);
        return true;
    }

    private static bool IsMemory(OpCodeOperandKind kind) =>
        kind is mem or mem_offs or mem_mib or mem_mpx or sibmem || IsVectorIndexed(kind);

    private static bool IsVectorIndexed(OpCodeOperandKind kind) =>
        kind is mem_vsib32x or mem_vsib64x or mem_vsib32y or mem_vsib64y or mem_vsib32z or mem_vsib64z;

    private static bool IsEither(OpCodeOperandKind kind) =>
        kind is r8_or_mem or r16_or_mem or r32_or_mem or r32_or_mem_mpx or r64_or_mem or r64_or_mem_mpx or mm_or_mem
            or xmm_or_mem or ymm_or_mem or zmm_or_mem or bnd_or_mem_mpx or k_or_mem;

    private bool TrySetOperand(ref Instruction i, int n, OpCodeOperandKind kind, ref ProcessorState state)
    {
        if (RegisterOf(kind) is { } register)
        {
            i.SetOpKind(n, OpKind.Register);
            i.SetOpRegister(n, register);
            if (kind is r32_reg_mem or r64_reg_mem)
                state.Gpr[register.GetFullRegister() - Register.RAX] = Widen(Target(64), kind == r32_reg_mem);
            return true;
        }
        return TrySetImmediate(ref i, n, kind) || TrySetImplicitMemory(ref i, n, kind, ref state);
    }

    private Register? RegisterOf(OpCodeOperandKind kind) => kind switch
    {
        r8_or_mem or r8_reg or r8_opcode => Register.AL + random.Next(20),
        r16_or_mem or r16_reg or r16_reg_mem or r16_rm or r16_opcode => Register.AX + random.Next(16),
        r32_or_mem or r32_or_mem_mpx or r32_reg or r32_reg_mem or r32_rm or r32_opcode or r32_vvvv =>
            Register.EAX + random.Next(16),
        r64_or_mem or r64_or_mem_mpx or r64_reg or r64_reg_mem or r64_rm or r64_opcode or r64_vvvv =>
            Register.RAX + random.Next(16),
        mm_or_mem or mm_reg or mm_rm => Register.MM0 + random.Next(8),
        xmm_or_mem or xmm_reg or xmm_rm or xmm_vvvv or xmm_is4 or xmm_is5 => Register.XMM0 + random.Next(lastVector),
        ymm_or_mem or ymm_reg or ymm_rm or ymm_vvvv or ymm_is4 or ymm_is5 => Register.YMM0 + random.Next(lastVector),
        zmm_or_mem or zmm_reg or zmm_rm or zmm_vvvv => Register.ZMM0 + random.Next(lastVector),
        xmmp3_vvvv => Register.XMM0 + random.Next(lastVector / 4) * 4,
        zmmp3_vvvv => Register.ZMM0 + random.Next(lastVector / 4) * 4,
        k_or_mem or k_reg or k_rm or k_vvvv => Register.K0 + random.Next(8),
        kp1_reg => Register.K0 + random.Next(4) * 2,
        seg_reg => Register.ES + random.Next(6),
        cr_reg => Register.CR0,
        dr_reg => Register.DR0,
        tr_reg => Register.TR0,
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
        ulong value = values.Integer();
        OpKind? set = kind switch
        {
            imm4_m2z or imm8 or imm8_const_1 => n > 0 && i.GetOpKind(n - 1) is OpKind.Immediate16 or OpKind.Immediate8
                ? OpKind.Immediate8_2nd : OpKind.Immediate8,
            imm8sex16 => OpKind.Immediate8to16,
            imm8sex32 => OpKind.Immediate8to32,
            imm8sex64 => OpKind.Immediate8to64,
            imm16 => OpKind.Immediate16,
            imm32 => OpKind.Immediate32,
            imm32sex64 => OpKind.Immediate32to64,
            imm64 => OpKind.Immediate64,
            br64_1 or br64_4 or xbegin_4 => OpKind.NearBranch64,
            _ => null,
        };
        if (set is not { } operand)
            return false;
        i.SetOpKind(n, operand);
        switch (operand)
        {
            case OpKind.Immediate8: i.Immediate8 = kind == imm8_const_1 ? (byte)1 : (byte)(kind == imm4_m2z ? value & 15 : value); break;
            case OpKind.Immediate8_2nd: i.Immediate8_2nd = (byte)value; break;
            case OpKind.Immediate8to16: i.Immediate8to16 = (sbyte)value; break;
            case OpKind.Immediate8to32: i.Immediate8to32 = (sbyte)value; break;
            case OpKind.Immediate8to64: i.Immediate8to64 = (sbyte)value; break;
            case OpKind.Immediate16: i.Immediate16 = (ushort)value; break;
            case OpKind.Immediate32: i.Immediate32 = (uint)value; break;
            case OpKind.Immediate32to64: i.Immediate32to64 = (int)value; break;
            case OpKind.Immediate64: i.Immediate64 = value; break;
            default: i.NearBranch64 = BranchTarget(); break;
        }
        return true;
    }

    /// <summary>Within reach of a short branch, and clear of the instruction.</summary>
    private ulong BranchTarget() =>
        HostProcessor.InstructionAt + (ulong)(values.Chance(50) ? random.Next(0x20, 0x70) : random.Next(-0x70, -0x10));

    private bool TrySetImplicitMemory(ref Instruction i, int n, OpCodeOperandKind kind, ref ProcessorState state)
    {
        bool wide = n > 0 && i.GetOpKind(n - 1) is OpKind.MemorySegRSI or OpKind.MemoryESRDI
            || !(n > 0 && i.GetOpKind(n - 1) is OpKind.MemorySegESI or OpKind.MemoryESEDI) && values.Chance(80);
        OpKind? set = kind switch
        {
            seg_rSI => wide ? OpKind.MemorySegRSI : OpKind.MemorySegESI,
            es_rDI => wide ? OpKind.MemoryESRDI : OpKind.MemoryESEDI,
            seg_rDI => wide ? OpKind.MemorySegRDI : OpKind.MemorySegEDI,
            seg_rBX_al => OpKind.Memory,
            _ => null,
        };
        if (set is not { } operand)
            return false;
        i.SetOpKind(n, operand);
        ulong upper = wide ? 0 : values.Random64() << 32;
        switch (kind)
        {
            case seg_rSI:
                state.Gpr[6] = upper | Middle();
                break;
            case es_rDI or seg_rDI:
                state.Gpr[7] = upper | Middle();
                break;
            default:
                i.MemoryBase = wide ? Register.RBX : Register.EBX;
                i.MemoryIndex = Register.AL;
                state.Gpr[3] = upper | (uint)(Middle() - (byte)state.Gpr[0]);
                break;
        }
        return true;
    }

    private ulong Middle() => HostArena.Data + 0x1000 + (ulong)random.Next(-0x400, 0x400);

    private void SetMemory(ref Instruction i, int n, OpCodeInfo form, ref ProcessorState state)
    {
        OpCodeOperandKind kind = form.GetOpKind(n);
        i.SetOpKind(n, OpKind.Memory);
        i.MemoryIndexScale = 1;
        if (form.CanBroadcast && values.Chance(40))
            i.IsBroadcast = true;
        int bytes = Math.Max(1, i.MemorySize.GetSize());
        ulong target = Target(bytes);
        if (kind == mem_offs)
            SetDisplacement(ref i, (long)target, 8);
        else if (IsVectorIndexed(kind))
            SetVectorIndexed(ref i, kind, ref state);
        else
            SetPlain(ref i, target, ref state);
    }

    private ulong Target(int bytes)
    {
        const ulong pageCross = HostArena.Data + 0x1000;
        ulong span = HostArena.WindowEnd - HostArena.Data - 0x200 - (ulong)bytes;
        ulong at = HostArena.Data + 0x100 + ((ulong)random.Next() % span);
        int choice = random.Next(100);
        if (choice < 10 && bytes > 1)
            return pageCross - (ulong)random.Next(1, bytes);
        ulong alignment = bytes > 64 ? 64 : System.Numerics.BitOperations.RoundUpToPowerOf2((uint)bytes);
        return choice < 75 ? (at + alignment - 1) & ~(alignment - 1) : at;
    }

    private void SetPlain(ref Instruction i, ulong target, ref ProcessorState state)
    {
        int choice = random.Next(100);
        if (choice < 12)
        {
            i.MemoryBase = Register.RIP;
            SetDisplacement(ref i, (long)target, 8);
            return;
        }
        if (choice < 18)
        {
            SetDisplacement(ref i, (long)target, 8);
            return;
        }
        bool narrow = choice > 90; // an address-size prefix
        bool withBase = values.Chance(85), withIndex = !withBase || values.Chance(50);
        Register first = narrow ? Register.EAX : Register.RAX;
        int baseNumber = random.Next(16), indexNumber = random.Next(15);
        if (indexNumber >= 4)
            indexNumber++; // RSP is no index
        int scale = withIndex ? 1 << random.Next(4) : 1;
        long displacement = random.Next(3) switch { 0 => 0, 1 => random.Next(-128, 128), _ => random.Next(-0x200000, 0x200000) };
        ulong index = withIndex ? IndexValue(withBase, baseNumber, indexNumber, state) : 0;
        ulong rest = target - (index * (ulong)scale);
        if (withBase && withIndex && baseNumber == indexNumber)
            displacement = (long)(rest - index);
        else if (!withBase)
            displacement = (long)rest;
        if (withIndex)
            state.Gpr[indexNumber] = Widen(index, narrow);
        if (withBase && !(withIndex && baseNumber == indexNumber))
            state.Gpr[baseNumber] = Widen(rest - (ulong)displacement, narrow);
        i.MemoryBase = withBase ? first + baseNumber : Register.None;
        i.MemoryIndex = withIndex ? first + indexNumber : Register.None;
        i.MemoryIndexScale = scale;
        SetDisplacement(ref i, displacement, !withBase ? narrow ? 4 : 8 : displacement is >= -128 and <= 127 ? displacement == 0 ? 0 : 1 : narrow ? 4 : 8);
    }

    /// <summary>Small where a displacement has to make up for it.</summary>
    private ulong IndexValue(bool withBase, int baseNumber, int indexNumber, in ProcessorState state) =>
        !withBase || baseNumber == indexNumber ? (ulong)random.Next(0x10000)
            : values.Chance(50) ? (ulong)random.Next(-0x100, 0x100) : values.Integer();

    private ulong Widen(ulong value, bool narrow) => narrow ? (values.Random64() << 32) | (uint)value : value;

    private static void SetDisplacement(ref Instruction i, long displacement, int size)
    {
        i.MemoryDisplSize = size;
        i.MemoryDisplacement64 = size == 4 ? (uint)displacement : (ulong)displacement;
    }

    private void SetVectorIndexed(ref Instruction i, OpCodeOperandKind kind, ref ProcessorState state)
    {
        Register first = kind switch
        {
            mem_vsib32x or mem_vsib64x => Register.XMM0, mem_vsib32y or mem_vsib64y => Register.YMM0, _ => Register.ZMM0,
        };
        bool wide = kind is mem_vsib64x or mem_vsib64y or mem_vsib64z;
        int index = random.Next(lastVector);
        for (int tries = 0; tries < 64 && IsUsed(i, index); tries++)
            index = random.Next(lastVector);
        int baseNumber = random.Next(16), scale = 1 << random.Next(4);
        int displacement = random.Next(-0x1000, 0x1000);
        i.MemoryBase = Register.RAX + baseNumber;
        i.MemoryIndex = first + index;
        i.MemoryIndexScale = scale;
        SetDisplacement(ref i, displacement, 8);
        state.Gpr[baseNumber] = HostArena.Data + 0x1000 - (ulong)displacement;
        int reach = 0xE00 / scale;
        for (int element = 0; element < (wide ? 8 : 16); element++)
        {
            long value = random.Next(-reach, reach);
            if (wide)
                state.Zmm[(index * 8) + element] = (ulong)value;
            else
                fixed (ulong* registers = state.Zmm)
                    ((int*)(registers + (index * 8)))[element] = (int)value;
        }
    }

    private static bool IsUsed(in Instruction i, int vector)
    {
        for (int n = 0; n < i.OpCount; n++)
            if (i.GetOpKind(n) == OpKind.Register && i.GetOpRegister(n).IsVectorRegister()
                && i.GetOpRegister(n).GetNumber() == vector)
                return true;
        return false;
    }

    private void Decorate(ref Instruction i, OpCodeInfo form, bool memory)
    {
        if (form.RequireOpMaskRegister || form.CanUseOpMaskRegister && values.Chance(60))
            i.OpMask = Register.K1 + random.Next(7);
        if (form.CanUseZeroingMasking && i.OpMask != Register.None && i.GetOpKind(0) != OpKind.Memory && values.Chance(40))
            i.ZeroingMasking = true;
        if (!memory && form.CanUseRoundingControl && values.Chance(50))
            i.RoundingControl = RoundingControl.RoundToNearest + random.Next(4);
        else if (!memory && form.CanSuppressAllExceptions && values.Chance(40))
            i.SuppressAllExceptions = true;
        if (form.CanUseLockPrefix && i.GetOpKind(0) == OpKind.Memory && values.Chance(30))
            i.HasLockPrefix = true;
        if (!i.IsStringInstruction)
            return;
        if (form.CanUseRepPrefix && values.Chance(50))
            i.HasRepPrefix = true;
        else if (form.CanUseRepnePrefix && values.Chance(50))
            i.HasRepnePrefix = true;
    }
}
