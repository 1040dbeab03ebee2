using Iced.Intel;

namespace Seamsim.Isa.Vmx;

/// <summary>The VM-exit instruction-information field. SDM vol. 3C, tables 28-8 to 28-15.</summary>
internal static class InstructionInformation
{
    /// <summary>
    /// The field for an instruction that exits with <paramref name="reason"/>; 0 where it is undefined.
    /// </summary>
    public static uint Of(ExitReason reason, in Instruction instruction) => reason switch
    {
        ExitReason.Invept or ExitReason.Invvpid or ExitReason.Invpcid => Memory(instruction) | Reg2(instruction, 28),
        ExitReason.Vmclear or ExitReason.Vmptrld or ExitReason.Vmptrst or ExitReason.Vmxon or ExitReason.Xsaves
            or ExitReason.Xrstors => Memory(instruction),
        ExitReason.Vmread or ExitReason.Vmwrite => MemoryOrRegister(reason, instruction),
        ExitReason.Rdrand or ExitReason.Rdseed => RandomDestination(instruction),
        ExitReason.Tpause or ExitReason.Umwait => (uint)(instruction.Op0Register.GetNumber() << 3),
        ExitReason.GdtrOrIdtrAccess => Memory(instruction) | (DescriptorTable(instruction) << 28),
        ExitReason.LdtrOrTrAccess => SystemSegment(instruction),
        _ => 0,
    };

    /// <summary>INS and OUTS: address size and segment.</summary>
    public static uint OfString(in Instruction instruction) =>
        AddressSize(instruction) | (Segment(instruction.MemorySegment) << 15);

    private static uint Memory(in Instruction i)
    {
        uint scale = (uint)System.Numerics.BitOperations.Log2((uint)i.MemoryIndexScale);
        uint info = scale | AddressSize(i) | (Segment(i.MemorySegment) << 15);
        info |= i.MemoryIndex == Register.None ? 1u << 22 : (uint)i.MemoryIndex.GetNumber() << 18;
        bool noBase = i.MemoryBase is Register.None or Register.RIP or Register.EIP;
        return info | (noBase ? 1u << 27 : (uint)i.MemoryBase.GetNumber() << 23);
    }

    private static uint MemoryOrRegister(ExitReason reason, in Instruction i)
    {
        // VMREAD r/m, r: Reg2 (the encoding) is operand 1; VMWRITE r, r/m: operand 0.
        int encodingOperand = reason == ExitReason.Vmread ? 1 : 0;
        uint info = (uint)i.GetOpRegister(encodingOperand).GetNumber() << 28;
        int other = 1 - encodingOperand;
        return i.GetOpKind(other) == OpKind.Register
            ? info | (1u << 10) | ((uint)i.GetOpRegister(other).GetNumber() << 3)
            : info | Memory(i);
    }

    private static uint RandomDestination(in Instruction i) =>
        ((uint)i.Op0Register.GetNumber() << 3) | (i.Op0Register.GetSize() switch { 2 => 0u, 4 => 1u, _ => 2u } << 11);

    private static uint SystemSegment(in Instruction i)
    {
        uint kind = i.Mnemonic switch { Mnemonic.Sldt => 0u, Mnemonic.Str => 1u, Mnemonic.Lldt => 2u, _ => 3u };
        uint operand = i.Op0Kind == OpKind.Register
            ? (1u << 10) | ((uint)i.Op0Register.GetNumber() << 3)
            : Memory(i);
        return operand | (kind << 28);
    }

    private static uint DescriptorTable(in Instruction i) =>
        i.Mnemonic switch { Mnemonic.Sgdt => 0u, Mnemonic.Sidt => 1u, Mnemonic.Lgdt => 2u, _ => 3u };

    private static uint Reg2(in Instruction i, int shift) =>
        i.Op0Kind == OpKind.Register ? (uint)i.Op0Register.GetNumber() << shift : 0;

    private static uint AddressSize(in Instruction i)
    {
        int bytes = i.MemoryBase != Register.None ? i.MemoryBase.GetSize() : i.CodeSize == CodeSize.Code64 ? 8 : 4;
        return bytes switch { 2 => 0u, 4 => 1u, _ => 2u } << 7;
    }

    private static uint Segment(Register segment) => segment switch
    {
        Register.ES => 0, Register.CS => 1, Register.SS => 2, Register.FS => 4, Register.GS => 5, _ => 3,
    };
}
