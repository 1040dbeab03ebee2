using System.Globalization;
using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>
/// What of a decoded instruction decides its row: its name, the types of its operands, and its prefixes.
/// </summary>
internal readonly struct InstructionShape
{
    private InstructionShape(string name, string[] operands, string[] marks, int opcode)
    {
        Name = name;
        Operands = operands;
        Marks = marks;
        Opcode = opcode;
    }

    /// <summary>The name the tables use, without suffix.</summary>
    public string Name { get; }

    /// <summary>Types of the explicit operands.</summary>
    public string[] Operands { get; }

    /// <summary>
    /// LOCK, REPE, REPNE, EVEX, Z for a zeroing mask, ER for embedded rounding, SAE, XMM, and the shape of the address
    /// of LEA.
    /// </summary>
    public string[] Marks { get; }

    /// <summary>The last opcode byte.</summary>
    public int Opcode { get; }

    /// <summary>Describes an instruction.</summary>
    public static InstructionShape Of(in Instruction instruction, InstructionNames names)
    {
        OpCodeInfo opcode = instruction.OpCode;
        List<string> marks = [];
        if (instruction.HasLockPrefix)
            marks.Add("LOCK");
        if (instruction.IsStringInstruction && instruction.HasRepPrefix)
            marks.Add("REPE");
        else if (instruction.IsStringInstruction && instruction.HasRepnePrefix)
            marks.Add("REPNE");
        if (opcode.Encoding == EncodingKind.EVEX)
            marks.Add("EVEX");
        if (instruction.ZeroingMasking)
            marks.Add("Z");
        if (instruction.RoundingControl != RoundingControl.None)
            marks.Add("ER");
        else if (instruction.SuppressAllExceptions)
            marks.Add("SAE");
        if (instruction.Mnemonic is Mnemonic.Movsd or Mnemonic.Cmpsd && !instruction.IsStringInstruction)
            marks.Add("XMM");
        if (instruction.Mnemonic == Mnemonic.Lea)
            marks.AddRange(Address(instruction));
        return new(names.Of(instruction.Mnemonic), Types(instruction, opcode), [.. marks], (int)(opcode.OpCode & 0xFF));
    }

    /// <summary>A number that is equal only for instructions of one shape.</summary>
    public static ulong Key(in Instruction instruction)
    {
        ulong key = (ulong)instruction.Code << 24;
        for (int i = 0; i < instruction.OpCount && i < 4; i++)
            key |= OperandBits(instruction, i) << i * 3;
        if (instruction.HasLockPrefix)
            key |= 1UL << 12;
        if (instruction.HasRepPrefix)
            key |= 1UL << 13;
        if (instruction.HasRepnePrefix)
            key |= 1UL << 14;
        if (instruction.HasOpMask)
            key |= 1UL << 21;
        if (instruction.ZeroingMasking)
            key |= 1UL << 22;
        if (instruction.RoundingControl != RoundingControl.None || instruction.SuppressAllExceptions)
            key |= 1UL << 23;
        if (instruction.IsBroadcast)
            key |= 1UL << 15;
        if (instruction.Mnemonic != Mnemonic.Lea)
            return key;
        key |= (ulong)(instruction.MemoryDisplSize & 3) << 15;
        if (instruction.MemoryBase != Register.None)
            key |= 1UL << 17;
        if (instruction.IsIPRelativeMemoryOperand)
            key |= 1UL << 18;
        if (instruction.MemoryIndex != Register.None)
            key |= (instruction.MemoryIndexScale > 1 ? 2UL : 1UL) << 19;
        return key;
    }

    private static ulong OperandBits(in Instruction instruction, int operand) => instruction.GetOpKind(operand) switch
    {
        OpKind.Register => IsHighByte(instruction.GetOpRegister(operand)) ? 2UL : 1UL,
        OpKind.Memory => 3,
        _ when IsImmediate(instruction.GetOpKind(operand)) => instruction.GetImmediate(operand) == 0 ? 4UL : 5UL,
        _ => 0,
    };

    /// <summary>Whether a register is AH, CH, DH or BH.</summary>
    public static bool IsHighByte(Register register) =>
        register is Register.AH or Register.CH or Register.DH or Register.BH;

    private static bool IsImmediate(OpKind kind) => kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64;

    private static IEnumerable<string> Address(in Instruction instruction)
    {
        List<string> parts = [];
        if (instruction.IsIPRelativeMemoryOperand)
            parts.Add("R");
        else if (instruction.MemoryBase != Register.None)
            parts.Add("B");
        if (instruction.MemoryIndex != Register.None)
            parts.Add(instruction.MemoryIndexScale > 1 ? "IS" : "I");
        if (instruction.MemoryDisplSize == 1)
            parts.Add("D8");
        else if (instruction.MemoryDisplSize > 1)
            parts.Add("D32");
        return parts;
    }

    private static string[] Types(in Instruction instruction, OpCodeInfo opcode)
    {
        if (instruction.IsStringInstruction || instruction.Mnemonic == Mnemonic.Xlatb)
            return [];
        List<string> types = [];
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (IsInTables(instruction, instruction.GetOpKind(i)))
                types.Add(Type(instruction, opcode, i));
            if (i == 0 && instruction.HasOpMask)
                types.Add("K");
        }
        return [.. types];
    }

    /// <summary>All operands but the address of LEA and what MASKMOVQ and MASKMOVDQU find through RDI.</summary>
    private static bool IsInTables(in Instruction instruction, OpKind kind) =>
        kind is not (OpKind.MemorySegDI or OpKind.MemorySegEDI or OpKind.MemorySegRDI)
        && (instruction.Mnemonic != Mnemonic.Lea || kind != OpKind.Memory);

    private static string Type(in Instruction instruction, OpCodeInfo opcode, int operand)
    {
        OpCodeOperandKind fixedAs = opcode.GetOpKind(operand);
        return instruction.GetOpKind(operand) switch
        {
            OpKind.Register => RegisterType(instruction.GetOpRegister(operand), fixedAs),
            OpKind.Memory => MemoryType(instruction, fixedAs),
            OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64 =>
                fixedAs is OpCodeOperandKind.br64_1 or OpCodeOperandKind.br32_1 ? "Rel8" : "Rel32",
            _ when fixedAs == OpCodeOperandKind.imm8_const_1 => "1",
            _ when IsImmediate(instruction.GetOpKind(operand)) && instruction.GetImmediate(operand) == 0 => "0",
            OpKind.Immediate8 or OpKind.Immediate8_2nd or OpKind.Immediate8to16 or OpKind.Immediate8to32
                or OpKind.Immediate8to64 => "I8",
            OpKind.Immediate16 => "I16",
            OpKind.Immediate32 or OpKind.Immediate32to64 => "I32",
            OpKind.Immediate64 => "I64",
            _ => "",
        };
    }

    private static string RegisterType(Register register, OpCodeOperandKind fixedAs)
    {
        if (fixedAs is OpCodeOperandKind.al or OpCodeOperandKind.cl or OpCodeOperandKind.ax or OpCodeOperandKind.eax
            or OpCodeOperandKind.rax or OpCodeOperandKind.dx or OpCodeOperandKind.fs or OpCodeOperandKind.gs)
            return register.ToString();
        if (IsHighByte(register))
            return "R8h";
        if (register.IsGPR8())
            return "R8l";
        if (register.IsGPR16())
            return "R16";
        if (register.IsGPR32())
            return "R32";
        if (register.IsGPR64())
            return "R64";
        if (register.IsXMM())
            return "XMM";
        if (register.IsYMM())
            return "YMM";
        if (register.IsZMM())
            return "ZMM";
        if (register.IsMM())
            return "MM";
        if (register.IsSegmentRegister())
            return "SEG";
        return register.IsK() ? "K" : register.IsBND() ? "BND" : register.IsCR() ? "CR" : register.IsDR() ? "DR" : "ST";
    }

    private static string MemoryType(in Instruction instruction, OpCodeOperandKind fixedAs)
    {
        if (instruction.MemoryIndex.IsXMM())
            return "VSIB_XMM";
        if (instruction.MemoryIndex.IsYMM())
            return "VSIB_YMM";
        if (instruction.MemoryIndex.IsZMM())
            return "VSIB_ZMM";
        int bits = instruction.MemorySize.GetSize() * 8;
        return (fixedAs == OpCodeOperandKind.mem_offs ? "Moffs" : "M")
            + bits.ToString(CultureInfo.InvariantCulture)
            + (instruction.IsBroadcast ? $"_1to{BroadcastBits(instruction.MemorySize) / bits}" : "");
    }

    /// <summary>Bits of the vector that an element is repeated in: 512 of <c>Broadcast512_Float32</c>.</summary>
    private static int BroadcastBits(MemorySize size)
    {
        string name = size.ToString();
        return int.Parse(name["Broadcast".Length..name.IndexOf('_', StringComparison.Ordinal)], CultureInfo.InvariantCulture);
    }
}
