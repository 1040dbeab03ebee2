using Iced.Intel;

namespace Seamsim.Tests.Isa.Native;

/// <summary>Whether everything an instruction reads and writes lies in the memory window.</summary>
internal sealed unsafe class AddressRule
{
    private const int Unsized = 0xC00; // images of the state

    private readonly InstructionInfoFactory factory = new();

    public bool IsInside(in Instruction instruction, in ProcessorState state)
    {
        fixed (ProcessorState* registers = &state)
        {
            ProcessorState* values = registers;
            foreach (UsedMemory memory in factory.GetInfo(instruction).GetUsedMemory())
                if (!IsInside(instruction, memory, values))
                    return false;
        }
        return XsaveArrangement.IsMaskFree(instruction) && (!IsBitString(instruction) || IsBitInside(instruction, state));
    }

    private static bool IsInside(in Instruction instruction, in UsedMemory memory, ProcessorState* state)
    {
        if (memory.Access is OpAccess.None or OpAccess.NoMemAccess)
            return true;
        int size = memory.MemorySize.GetSize();
        ulong bytes = (ulong)(size == 0 ? Unsized : size);
        bool vector = memory.Index.IsVectorRegister();
        int elements = vector ? Elements(instruction) : 1;
        for (int element = 0; element < elements; element++)
        {
            ulong at = memory.GetVirtualAddress(element, (register, index, width) => Read(state, register, index, width));
            if (memory.AddressSize == CodeSize.Code32)
                at = (uint)at;
            ulong reach = bytes;
            if (instruction.IsStringInstruction && (instruction.HasRepPrefix || instruction.HasRepnePrefix))
            {
                reach = bytes * (Math.Min(state->Gpr[1], 0x1000) + 1);
                at -= reach; // it may count down
                reach *= 2;
            }
            if (at < HostArena.Window || at > HostArena.WindowEnd || at + reach > HostArena.WindowEnd)
                return false;
        }
        return true;
    }

    private static int Elements(in Instruction instruction)
    {
        bool wideIndex = instruction.Code.ToOpCode() is { } form && Enumerable.Range(0, form.OpCount).Any(n =>
            form.GetOpKind(n) is OpCodeOperandKind.mem_vsib64x or OpCodeOperandKind.mem_vsib64y or OpCodeOperandKind.mem_vsib64z);
        return instruction.MemoryIndex.GetSize() / (wideIndex ? 8 : 4);
    }

    /// <summary>A register, or an element of it, as an address needs it; segments have no base.</summary>
    public static ulong Read(ProcessorState* state, Register register, int element, int elementBytes)
    {
        if (register.IsSegmentRegister())
            return 0;
        if (register.IsVectorRegister())
        {
            ulong* at = state->Zmm + (register.GetNumber() * 8);
            return elementBytes == 8 ? at[element] : ((uint*)at)[element];
        }
        ulong value = state->Gpr[register.GetFullRegister() - Register.RAX];
        return register.GetSize() switch { 8 => value, 4 => (uint)value, 2 => (ushort)value, _ => (byte)value };
    }

    /// <summary>Address of the first element of the memory operand.</summary>
    public static ulong Of(in Instruction i, in ProcessorState state)
    {
        fixed (ProcessorState* registers = &state)
        {
            ProcessorState* from = registers;
            int operand = 0;
            while (operand < i.OpCount - 1 && i.GetOpKind(operand) != OpKind.Memory)
                operand++;
            return i.GetVirtualAddress(operand, 0, (register, index, width) => Read(from, register, index, width));
        }
    }

    private static bool IsBitString(in Instruction i) =>
        i.Mnemonic is Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc
        && i.Op0Kind == OpKind.Memory && i.Op1Kind == OpKind.Register;

    /// <summary>The bit offset is signed and as wide as the operand.</summary>
    private static bool IsBitInside(in Instruction i, in ProcessorState state)
    {
        ulong offset = state.Gpr[i.Op1Register.GetFullRegister() - Register.RAX];
        long bits = i.Op1Register.GetSize() switch { 8 => (long)offset, 4 => (int)offset, _ => (short)offset };
        fixed (ProcessorState* registers = &state)
        {
            ProcessorState* values = registers;
            ulong at = i.GetVirtualAddress(0, 0, (register, index, width) => Read(values, register, index, width));
            at += (ulong)(bits >> 3 & ~7L);
            return at >= HostArena.Window && at + 16 <= HostArena.WindowEnd;
        }
    }
}
