using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Tests.Isa.Engine;
using static Iced.Intel.Code;

namespace Seamsim.Tests.Isa.Semantics;

/// <summary>The simulated instructions against the same instructions on the processor the tests run on.</summary>
public sealed unsafe class RealProcessorTests
{
    private const ulong Arithmetic = 0x8D5;

    private static readonly ulong[] Corners =
    [
        0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF,
        0x8000000000000000, ulong.MaxValue, 0x0123456789ABCDEF,
    ];

    // register, register
    private static readonly Code[] Pairs =
    [
        Add_rm8_r8, Add_rm16_r16, Add_rm32_r32, Add_rm64_r64, Adc_rm8_r8, Adc_rm16_r16, Adc_rm32_r32, Adc_rm64_r64,
        Sub_rm8_r8, Sub_rm16_r16, Sub_rm32_r32, Sub_rm64_r64, Sbb_rm8_r8, Sbb_rm16_r16, Sbb_rm32_r32, Sbb_rm64_r64,
        And_rm8_r8, And_rm16_r16, And_rm32_r32, And_rm64_r64, Or_rm8_r8, Or_rm16_r16, Or_rm32_r32, Or_rm64_r64,
        Xor_rm8_r8, Xor_rm16_r16, Xor_rm32_r32, Xor_rm64_r64, Cmp_rm8_r8, Cmp_rm16_r16, Cmp_rm32_r32, Cmp_rm64_r64,
        Test_rm8_r8, Test_rm16_r16, Test_rm32_r32, Test_rm64_r64, Mov_rm8_r8, Mov_rm16_r16, Mov_rm32_r32, Mov_rm64_r64,
        Xchg_rm8_r8, Xchg_rm16_r16, Xchg_rm32_r32, Xchg_rm64_r64, Xadd_rm8_r8, Xadd_rm16_r16, Xadd_rm32_r32,
        Xadd_rm64_r64, Cmpxchg_rm8_r8, Cmpxchg_rm16_r16, Cmpxchg_rm32_r32, Cmpxchg_rm64_r64, Imul_r16_rm16,
        Imul_r32_rm32, Imul_r64_rm64, Bt_rm16_r16, Bt_rm32_r32, Bt_rm64_r64, Bts_rm16_r16, Bts_rm32_r32, Bts_rm64_r64,
        Btr_rm16_r16, Btr_rm32_r32, Btr_rm64_r64, Btc_rm16_r16, Btc_rm32_r32, Btc_rm64_r64, Bsf_r32_rm32, Bsf_r64_rm64,
        Bsr_r32_rm32, Bsr_r64_rm64, Popcnt_r16_rm16, Popcnt_r32_rm32, Popcnt_r64_rm64, Movzx_r16_rm8, Movzx_r32_rm8,
        Movzx_r64_rm8, Movzx_r32_rm16, Movzx_r64_rm16, Movsx_r16_rm8, Movsx_r32_rm8, Movsx_r64_rm8, Movsx_r32_rm16,
        Movsx_r64_rm16, Movsxd_r64_rm32, Cmova_r32_rm32, Cmovae_r64_rm64, Cmovb_r16_rm16, Cmovbe_r32_rm32,
        Cmove_r64_rm64, Cmovg_r32_rm32, Cmovge_r64_rm64, Cmovl_r32_rm32, Cmovle_r64_rm64, Cmovne_r32_rm32,
        Cmovno_r32_rm32, Cmovnp_r32_rm32, Cmovns_r64_rm64, Cmovo_r32_rm32, Cmovp_r64_rm64, Cmovs_r32_rm32,
        VEX_Blsi_r32_rm32, VEX_Blsi_r64_rm64, VEX_Blsmsk_r32_rm32, VEX_Blsmsk_r64_rm64, VEX_Blsr_r32_rm32,
        VEX_Blsr_r64_rm64, Adcx_r32_rm32, Adcx_r64_rm64, Adox_r32_rm32, Adox_r64_rm64, Tzcnt_r16_rm16, Tzcnt_r32_rm32,
        Tzcnt_r64_rm64, Lzcnt_r16_rm16, Lzcnt_r32_rm32, Lzcnt_r64_rm64,
    ];

    // register, imm8
    private static readonly Code[] Immediates =
    [
        Add_rm8_imm8, Add_rm16_imm8, Add_rm32_imm8, Add_rm64_imm8, Adc_rm64_imm8, Sbb_rm32_imm8, Sub_rm16_imm8,
        Cmp_rm8_imm8, Cmp_rm64_imm8, And_rm64_imm8, Shl_rm8_imm8, Shl_rm16_imm8, Shl_rm32_imm8, Shl_rm64_imm8,
        Shr_rm8_imm8, Shr_rm16_imm8, Shr_rm32_imm8, Shr_rm64_imm8, Sar_rm8_imm8, Sar_rm16_imm8, Sar_rm32_imm8,
        Sar_rm64_imm8, Rol_rm8_imm8, Rol_rm16_imm8, Rol_rm32_imm8, Rol_rm64_imm8, Ror_rm8_imm8, Ror_rm16_imm8,
        Ror_rm32_imm8, Ror_rm64_imm8, Rcl_rm8_imm8, Rcl_rm16_imm8, Rcl_rm32_imm8, Rcl_rm64_imm8, Rcr_rm8_imm8,
        Rcr_rm16_imm8, Rcr_rm32_imm8, Rcr_rm64_imm8, Bt_rm32_imm8, Bts_rm64_imm8, Btr_rm16_imm8, Btc_rm32_imm8,
    ];

    // one register
    private static readonly Code[] Singles =
    [
        Inc_rm8, Inc_rm16, Inc_rm32, Inc_rm64, Dec_rm8, Dec_rm16, Dec_rm32, Dec_rm64, Neg_rm8, Neg_rm16, Neg_rm32,
        Neg_rm64, Not_rm8, Not_rm16, Not_rm32, Not_rm64, Mul_rm8, Mul_rm16, Mul_rm32, Mul_rm64, Imul_rm8, Imul_rm16,
        Imul_rm32, Imul_rm64, Div_rm8, Div_rm16, Div_rm32, Div_rm64, Idiv_rm8, Idiv_rm16, Idiv_rm32, Idiv_rm64,
        Bswap_r32, Bswap_r64, Seta_rm8, Setb_rm8, Setle_rm8, Setp_rm8, Sets_rm8, Setno_rm8,
    ];

    private static readonly Code[] Shifts =
    [
        Shl_rm8_CL, Shl_rm16_CL, Shl_rm32_CL, Shl_rm64_CL, Shr_rm8_CL, Shr_rm32_CL, Shr_rm64_CL, Sar_rm8_CL, Sar_rm16_CL,
        Sar_rm64_CL, Rol_rm32_CL, Ror_rm16_CL, Rcl_rm64_CL, Rcr_rm32_CL,
    ];

    private static readonly Code[] Implicits =
        [Cbw, Cwde, Cdqe, Cwd, Cdq, Cqo, Clc, Stc, Cmc, Lahf, Sahf];

    private static readonly Code[] DoubleShifts =
        [Shld_rm16_r16_imm8, Shld_rm32_r32_imm8, Shld_rm64_r64_imm8, Shrd_rm16_r16_imm8, Shrd_rm32_r32_imm8, Shrd_rm64_r64_imm8];

    private static readonly Code[] Vex =
    [
        VEX_Andn_r32_r32_rm32, VEX_Andn_r64_r64_rm64, VEX_Bextr_r32_rm32_r32, VEX_Bextr_r64_rm64_r64,
        VEX_Bzhi_r32_rm32_r32, VEX_Bzhi_r64_rm64_r64, VEX_Pdep_r32_r32_rm32, VEX_Pdep_r64_r64_rm64,
        VEX_Pext_r32_r32_rm32, VEX_Pext_r64_r64_rm64, VEX_Sarx_r32_rm32_r32, VEX_Sarx_r64_rm64_r64,
        VEX_Shlx_r32_rm32_r32, VEX_Shlx_r64_rm64_r64, VEX_Shrx_r32_rm32_r32, VEX_Shrx_r64_rm64_r64,
        VEX_Mulx_r32_r32_rm32, VEX_Mulx_r64_r64_rm64,
    ];

    private static readonly Code[] Triples = [Imul_r16_rm16_imm8, Imul_r32_rm32_imm8, Imul_r64_rm64_imm8, VEX_Rorx_r32_rm32_imm8, VEX_Rorx_r64_rm64_imm8];

    [Test]
    public void Registers_and_defined_flags_agree_for_every_form()
    {
        if (!NativeCode.IsAvailable)
            Assert.Ignore("needs Linux on x86-64");
        using NativeCode native = new();
        if (!native.IsMapped)
            Assert.Ignore("this system does not allow writable code");
        Random random = new(20260101);
        using EngineRig rig = new();
        ulong* real = stackalloc ulong[17];
        ulong* initial = stackalloc ulong[17];
        int compared = 0;
        for (int round = 0; round < 12; round++)
        {
            foreach (Instruction instruction in Forms(random))
            {
                for (int i = 0; i < 16; i++)
                    initial[i] = random.Next(3) == 0 ? (ulong)random.NextInt64() * 3 : Corners[random.Next(Corners.Length)];
                initial[16] = 0x202 | ((ulong)random.Next() & Arithmetic);
                if (!TrySimulate(rig, instruction, initial))
                    continue; // #DE: it cannot be tried on the real processor
                new ReadOnlySpan<ulong>(initial, 17).CopyTo(new Span<ulong>(real, 17));
                native.Run(instruction, real);
                if (instruction.Mnemonic is Mnemonic.Bsf or Mnemonic.Bsr && (real[16] & 0x40) != 0)
                    continue; // a zero source leaves the destination undefined
                Compare(rig, instruction, initial, real);
                compared++;
            }
        }
        Assert.That(compared, Is.GreaterThan(2000));
    }

    private static bool TrySimulate(EngineRig rig, in Instruction instruction, ulong* initial)
    {
        Iced.Intel.Encoder encoder = Iced.Intel.Encoder.Create(64, new Bytes(out List<byte> code));
        encoder.Encode(instruction, EngineRig.Code);
        rig.LoadAt(EngineRig.Code, [.. code, 0xF4]);
        for (int i = 0; i < 16; i++)
            if (i != 4)
                rig.Lp->Gpr[i] = initial[i];
        rig.Lp->Gpr[4] = EngineRig.Stack;
        rig.Core.Rflags = initial[16];
        rig.Lp->Rip = EngineRig.Code;
        rig.Lp->Activity = Seamsim.Isa.State.ActivityState.Active;
        rig.Run(1);
        return rig.Lp->Rip == EngineRig.Code + (ulong)code.Count;
    }

    private static void Compare(EngineRig rig, in Instruction instruction, ulong* initial, ulong* real)
    {
        string form = $"{instruction.Code} {instruction} rax={initial[0]:x} rcx={initial[1]:x} rdx={initial[2]:x} flags={initial[16]:x}";
        for (int i = 0; i < 15; i++)
            if (i != 4)
                Assert.That(rig.Lp->Gpr[i], Is.EqualTo(real[i]), $"register {i}: {form}");
        ulong undefined = Undefined(instruction);
        Assert.That(rig.Core.Rflags & Arithmetic & ~undefined, Is.EqualTo(real[16] & Arithmetic & ~undefined), form);
    }

    private static ulong Undefined(in Instruction instruction)
    {
        ulong mask = 0;
        RflagsBits bits = instruction.RflagsUndefined;
        mask |= (bits & RflagsBits.OF) != 0 ? 0x800UL : 0;
        mask |= (bits & RflagsBits.SF) != 0 ? 0x80UL : 0;
        mask |= (bits & RflagsBits.ZF) != 0 ? 0x40UL : 0;
        mask |= (bits & RflagsBits.AF) != 0 ? 0x10UL : 0;
        mask |= (bits & RflagsBits.CF) != 0 ? 1UL : 0;
        mask |= (bits & RflagsBits.PF) != 0 ? 4UL : 0;
        bool counted = instruction.Mnemonic is Mnemonic.Shl or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Rol or Mnemonic.Ror
            or Mnemonic.Rcl or Mnemonic.Rcr or Mnemonic.Shld or Mnemonic.Shrd;
        // OF is defined for a count of 1 only, AF of shifts never, CF not for counts beyond the operand
        return counted ? mask | 0x810 | (instruction.Op0Register.GetSize() < 4 ? 1UL : 0) : mask;
    }

    private static IEnumerable<Instruction> Forms(Random random)
    {
        foreach (Code code in Pairs)
            yield return Instruction.Create(code, Register(random, code.ToOpCode().Op0Kind), Register(random, code.ToOpCode().Op1Kind));
        foreach (Code code in Immediates)
            yield return Instruction.Create(code, Register(random, code.ToOpCode().Op0Kind), (sbyte)random.Next(-128, 128));
        foreach (Code code in Singles)
            yield return Instruction.Create(code, Register(random, code.ToOpCode().Op0Kind));
        foreach (Code code in Shifts)
            yield return Instruction.Create(code, Register(random, code.ToOpCode().Op0Kind), Iced.Intel.Register.CL);
        foreach (Code code in Implicits)
            yield return Instruction.Create(code);
        foreach (Code code in DoubleShifts)
            yield return Instruction.Create(
                code, Register(random, code.ToOpCode().Op0Kind), Register(random, code.ToOpCode().Op1Kind), random.Next(16));
        foreach (Code code in Vex)
            yield return Instruction.Create(code, Register(random, code.ToOpCode().Op0Kind),
                Register(random, code.ToOpCode().Op1Kind), Register(random, code.ToOpCode().Op2Kind));
        foreach (Code code in Triples)
            yield return Instruction.Create(
                code, Register(random, code.ToOpCode().Op0Kind), Register(random, code.ToOpCode().Op1Kind), (sbyte)random.Next(-128, 128));
    }

    /// <summary>Any register but RSP and R15 (the frame).</summary>
    private static Register Register(Random random, OpCodeOperandKind kind)
    {
        int[] numbers = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];
        int number = numbers[random.Next(numbers.Length)];
        Register first = kind.ToString() switch
        {
            string k when k.StartsWith("r8", StringComparison.Ordinal) => Iced.Intel.Register.AL,
            string k when k.StartsWith("r16", StringComparison.Ordinal) => Iced.Intel.Register.AX,
            string k when k.StartsWith("r32", StringComparison.Ordinal) => Iced.Intel.Register.EAX,
            _ => Iced.Intel.Register.RAX,
        };
        // byte registers: SPL..DIL come after AH..BH in Iced's order
        return first == Iced.Intel.Register.AL && number >= 4 ? first + number + 4 : first + number;
    }

    private sealed class Bytes : CodeWriter
    {
        private readonly List<byte> bytes = [];

        public Bytes(out List<byte> list) => list = bytes;

        public override void WriteByte(byte value) => bytes.Add(value);
    }
}
