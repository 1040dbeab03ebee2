using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>
/// Which memory operands of a block are the same: an address is two values and a displacement, and a value is what a
/// register held at the start of an iteration, plus a constant, or something unknown.
/// </summary>
internal sealed class SymbolicAddresses
{
    private const int Absolute = 90, FirstUnknown = 100;
    private readonly (int Symbol, long Offset)[] values = new (int, long)[16];
    private readonly Dictionary<Address, int> numbers = [];
    private int unknown = FirstUnknown;

    private SymbolicAddresses(IReadOnlyList<BlockInstruction> instructions)
    {
        Operands = new int[instructions.Count];
        for (int i = 0; i < 16; i++)
            values[i] = (i, 0);
        for (int i = 0; i < instructions.Count; i++)
            Step(instructions[i], i);
        CarryOver();
    }

    /// <summary>The memory resource of each instruction; <see cref="Resource.None"/> for those without.</summary>
    public int[] Operands { get; }

    /// <summary>How many memory resources there are.</summary>
    public int Count => numbers.Count;

    /// <summary>What a memory resource at the end of an iteration is called in the next; itself where unknown.</summary>
    public Dictionary<int, int> Next { get; } = [];

    /// <summary>Follows the registers of a block through one iteration.</summary>
    public static SymbolicAddresses Of(IReadOnlyList<BlockInstruction> instructions) => new(instructions);

    private void Step(BlockInstruction one, int index)
    {
        Instruction instruction = one.Instruction;
        Operands[index] = Resource.None;
        if (instruction.IsStackInstruction)
            Stack(instruction, index);
        else
        {
            if (HasMemory(instruction))
                Operands[index] = Number(AddressOf(instruction));
            Assign(one);
        }
    }

    private void Stack(in Instruction instruction, int index)
    {
        int moved = instruction.StackPointerIncrement;
        (int symbol, long offset) = values[4];
        bool pushes = moved < 0;
        if (instruction.Mnemonic is Mnemonic.Push or Mnemonic.Pop or Mnemonic.Call or Mnemonic.Ret)
            Operands[index] = Number(new(symbol, -1, 0, pushes ? offset + moved : offset));
        if (instruction.Mnemonic == Mnemonic.Pop && instruction.Op0Kind == OpKind.Register)
            values[instruction.Op0Register.GetFullRegister().GetNumber()] = (unknown++, 0);
        values[4] = instruction.Mnemonic is Mnemonic.Leave or Mnemonic.Enter ? (unknown++, 0) : (symbol, offset + moved);
    }

    private void Assign(BlockInstruction one)
    {
        ref Instruction instruction = ref one.Instruction;
        (int, long)? known = Known(instruction);
        foreach (UsedRegister used in one.Used)
        {
            if (used.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.None || !used.Register.IsGPR())
                continue;
            int number = used.Register.GetFullRegister().GetNumber();
            values[number] = known is { } value && used.Register.IsGPR64() && instruction.Op0Register == used.Register
                ? value : (unknown++, 0);
        }
    }

    private (int Symbol, long Offset)? Known(in Instruction instruction)
    {
        if (instruction.Op0Kind != OpKind.Register || !instruction.Op0Register.IsGPR64())
            return null;
        (int symbol, long offset) = values[instruction.Op0Register.GetNumber()];
        bool constant = instruction.OpCount == 2
            && instruction.Op1Kind is (OpKind.Immediate8to64 or OpKind.Immediate32to64 or OpKind.Immediate64);
        return instruction.Mnemonic switch
        {
            Mnemonic.Inc => (symbol, offset + 1),
            Mnemonic.Dec => (symbol, offset - 1),
            Mnemonic.Add when constant => (symbol, offset + (long)instruction.GetImmediate(1)),
            Mnemonic.Sub when constant => (symbol, offset - (long)instruction.GetImmediate(1)),
            Mnemonic.Mov when constant => (Absolute, (long)instruction.GetImmediate(1)),
            Mnemonic.Mov when instruction.Op1Kind == OpKind.Register && instruction.Op1Register.IsGPR64() =>
                values[instruction.Op1Register.GetNumber()],
            Mnemonic.Lea when AddressOf(instruction) is { Index: -1 } address => (address.Base, address.Offset),
            _ => null,
        };
    }

    private Address AddressOf(in Instruction instruction)
    {
        long offset = (long)instruction.MemoryDisplacement64;
        if (instruction.IsIPRelativeMemoryOperand || instruction.MemoryBase == Register.None && instruction.MemoryIndex == Register.None)
            return new(Absolute, -1, 0, offset);
        int baseSymbol = -1, index = -1, scale = 0;
        if (instruction.MemoryBase.IsGPR64())
        {
            (baseSymbol, long more) = values[instruction.MemoryBase.GetNumber()];
            offset += more;
        }
        else if (instruction.MemoryBase != Register.None)
            baseSymbol = unknown++;
        if (instruction.MemoryIndex.IsGPR64())
        {
            scale = instruction.MemoryIndexScale;
            (index, long more) = values[instruction.MemoryIndex.GetNumber()];
            offset += more * scale;
            if (index == Absolute)
                (index, scale) = (-1, 0);
        }
        else if (instruction.MemoryIndex != Register.None)
            index = unknown++;
        return new(baseSymbol, index, scale, offset);
    }

    private int Number(Address address)
    {
        if (!numbers.TryGetValue(address, out int number))
            numbers.Add(address, number = Resource.FirstMemory + numbers.Count);
        return number;
    }

    /// <summary>An address of this iteration, as the next one will write it.</summary>
    private void CarryOver()
    {
        foreach ((Address address, int number) in numbers)
        {
            long moved = 0;
            bool known = Moved(address.Base, 1, ref moved) && Moved(address.Index, address.Scale, ref moved);
            if (known && numbers.TryGetValue(address with { Offset = address.Offset - moved }, out int next))
                Next.Add(number, next);
        }
    }

    private bool Moved(int symbol, int scale, ref long moved)
    {
        if (symbol is -1 or Absolute)
            return true;
        if (symbol >= 16 || values[symbol].Symbol != symbol)
            return false;
        moved += values[symbol].Offset * scale;
        return true;
    }

    private static bool HasMemory(in Instruction instruction)
    {
        if (instruction.Mnemonic is Mnemonic.Lea or Mnemonic.Nop)
            return false;
        for (int i = 0; i < instruction.OpCount; i++)
            if (instruction.GetOpKind(i) == OpKind.Memory)
                return true;
        return false;
    }

    private readonly record struct Address(int Base, int Index, int Scale, long Offset);
}
