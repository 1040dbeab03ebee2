using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>
/// Which memory operands of a block are the same place: registers are followed through an iteration as symbols and
/// constants, until what they hold at its start no longer changes.
/// </summary>
internal sealed class SymbolicAddresses
{
    private const int Passes = 4, StackPointer = 4, BasePointer = 5;
    private const long MeasuredPage = 0x2324000, MeasuredStack = MeasuredPage + 2048,
        MeasuredFrame = MeasuredStack - 16;
    private readonly IReadOnlyList<BlockInstruction> instructions;
    private readonly bool measured;
    private readonly SymbolicValue[] start = new SymbolicValue[16], values = new SymbolicValue[16];
    private readonly long?[] motion = new long?[16];
    private readonly Place?[] loads, stores;
    private Place?[] storesBefore;
    private int unknown;

    private SymbolicAddresses(IReadOnlyList<BlockInstruction> instructions, BlockStart state)
    {
        this.instructions = instructions;
        measured = state == BlockStart.Measured;
        loads = new Place?[instructions.Count];
        stores = new Place?[instructions.Count];
        storesBefore = new Place?[instructions.Count];
        for (int i = 0; i < 16; i++)
            start[i] = new(i, 0);
        if (measured)
            foreach (int register in Unwritten())
                start[register] = SymbolicValue.Of(MeasuredValue(register));
        for (int pass = 0; pass < Passes && Pass(); pass++)
            continue;
    }

    /// <summary>Where each load of a block gets its bytes from.</summary>
    public static LoadSource[] Of(IReadOnlyList<BlockInstruction> instructions, BlockStart state)
    {
        if (Any(instructions, static one => one.Stores) && Any(instructions, static one => one.Loads))
        {
            SymbolicAddresses addresses = new(instructions, state);
            return MemoryFlow.Of(addresses.loads, addresses.stores);
        }
        LoadSource[] none = new LoadSource[instructions.Count];
        Array.Fill(none, LoadSource.Memory);
        return none;
    }

    private static bool Any(IReadOnlyList<BlockInstruction> instructions, Func<BlockInstruction, bool> what)
    {
        for (int i = 0; i < instructions.Count; i++)
            if (what(instructions[i]))
                return true;
        return false;
    }

    private static long MeasuredValue(int register) =>
        register == StackPointer ? MeasuredStack : register == BasePointer ? MeasuredFrame : MeasuredPage;

    private IEnumerable<int> Unwritten()
    {
        int written = 0;
        foreach (BlockInstruction one in instructions)
            foreach (UsedRegister used in one.Used)
                if (IsWrite(used.Access) && used.Register.IsGPR())
                    written |= 1 << used.Register.GetFullRegister().GetNumber();
        return Enumerable.Range(0, 16).Where(register => (written >> register & 1) == 0);
    }

    /// <summary>Follows an iteration; whether another pass may still find out more.</summary>
    private bool Pass()
    {
        start.CopyTo(values, 0);
        unknown = SymbolicValue.FirstUnknown;
        stores.CopyTo(storesBefore, 0);
        for (int i = 0; i < instructions.Count; i++)
            Step(instructions[i], i);
        bool changed = !stores.AsSpan().SequenceEqual(storesBefore);
        for (int i = 0; i < 16; i++)
        {
            long? moved = values[i].Symbol == i ? values[i].Offset : null;
            changed |= moved != motion[i] || values[i].IsConstant && start[i] != values[i];
            motion[i] = moved;
            if (values[i].IsConstant)
                start[i] = values[i];
        }
        return changed;
    }

    private void Step(BlockInstruction one, int index)
    {
        ref Instruction instruction = ref one.Instruction;
        loads[index] = stores[index] = null;
        if (instruction.IsStackInstruction)
        {
            Stack(one, index);
            return;
        }
        if (one.Loads || one.Stores)
        {
            Place place = PlaceOf(AddressOf(instruction), instruction.MemorySize.GetSize());
            loads[index] = one.Loads ? place : null;
            stores[index] = one.Stores ? place : null;
        }
        Assign(one, loads[index]);
    }

    private void Stack(BlockInstruction one, int index)
    {
        ref Instruction instruction = ref one.Instruction;
        int moved = instruction.StackPointerIncrement;
        SymbolicValue pointer = values[StackPointer];
        if (instruction.Mnemonic is Mnemonic.Push or Mnemonic.Call)
            stores[index] = PlaceOf((pointer.Plus(moved), null, 0, 0), -moved);
        else if (instruction.Mnemonic is Mnemonic.Pop or Mnemonic.Ret)
            loads[index] = PlaceOf((pointer, null, 0, 0), moved);
        foreach (UsedRegister used in one.Used)
            if (IsWrite(used.Access) && used.Register.IsGPR())
                values[used.Register.GetFullRegister().GetNumber()] = Unknown();
        if (instruction.Mnemonic == Mnemonic.Pop && Loaded(loads[index], moved) is { } value
            && instruction.Op0Kind == OpKind.Register && instruction.Op0Register.IsGPR64())
            values[instruction.Op0Register.GetNumber()] = value;
        if (instruction.Mnemonic is not (Mnemonic.Leave or Mnemonic.Enter))
            values[StackPointer] = pointer.Plus(moved);
    }

    private void Assign(BlockInstruction one, Place? load)
    {
        ref Instruction instruction = ref one.Instruction;
        SymbolicValue? result = null;
        if (instruction.Op0Kind == OpKind.Register && instruction.Op0Register.IsGPR())
            result = SymbolicArithmetic.Of(
                instruction, values[instruction.Op0Register.GetFullRegister().GetNumber()], Second(instruction, load));
        foreach (UsedRegister used in one.Used)
        {
            if (!IsWrite(used.Access) || !used.Register.IsGPR())
                continue;
            int number = used.Register.GetFullRegister().GetNumber();
            values[number] = result is { } known && instruction.Op0Register.GetFullRegister().GetNumber() == number
                ? known : Unknown();
        }
    }

    private SymbolicValue? Second(in Instruction instruction, Place? load)
    {
        if (instruction.OpCount != 2)
            return null;
        if (instruction.Op1Kind == OpKind.Register && instruction.Op1Register is var source && source.IsGPR())
        {
            SymbolicValue value = values[source.GetFullRegister().GetNumber()];
            return source.IsGPR64() ? value : source.IsGPR32() && value.IsConstant
                ? SymbolicValue.Of((uint)value.Offset) : null;
        }
        if (instruction.Mnemonic == Mnemonic.Lea)
            return Sum(AddressOf(instruction));
        if (instruction.Op1Kind == OpKind.Memory)
            return Loaded(load, instruction.MemorySize.GetSize());
        return instruction.Op1Kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64
            ? SymbolicValue.Of((long)instruction.GetImmediate(1)) : null;
    }

    /// <summary>What a load reads that no store of the block has written: the fill of the measured page.</summary>
    private SymbolicValue? Loaded(Place? load, int size)
    {
        if (!measured || load is not { Base: SymbolicValue.Constant, Motion: 0 } place || size is not (4 or 8))
            return null;
        foreach (Place? before in storesBefore)
            if (before is { } store && store.IsComparable(place) && (store.Overlaps(place, 0)))
                return null;
        int shift = (int)(place.Offset & 7) * 8;
        ulong fill = System.Numerics.BitOperations.RotateRight((ulong)MeasuredPage, shift);
        return SymbolicValue.Of(size == 8 ? (long)fill : (uint)fill);
    }

    private static SymbolicValue? Sum((SymbolicValue? Base, SymbolicValue? Index, int Scale, long Offset) address)
    {
        SymbolicValue sum = address.Base ?? SymbolicValue.Of(0);
        if (address.Index is { } index && !index.IsConstant)
            return address.Scale == 1 && sum.IsConstant ? index.Plus(sum.Offset + address.Offset) : null;
        return sum.Plus(address.Offset + (address.Index?.Offset ?? 0) * address.Scale);
    }

    private (SymbolicValue? Base, SymbolicValue? Index, int Scale, long Offset) AddressOf(in Instruction instruction)
    {
        Register first = instruction.MemoryBase, second = instruction.MemoryIndex;
        long offset = (long)instruction.MemoryDisplacement64;
        SymbolicValue? segment = instruction.MemorySegment is Register.FS or Register.GS
            ? new(SymbolicValue.Constant + (int)(instruction.MemorySegment - Register.ES), 0) : null;
        SymbolicValue? from = first == Register.None || instruction.IsIPRelativeMemoryOperand ? null
            : first.IsGPR64() ? values[first.GetNumber()] : Unknown();
        SymbolicValue? index = second == Register.None ? null
            : second.IsGPR64() ? values[second.GetNumber()] : Unknown();
        return segment is null ? (from, index, instruction.MemoryIndexScale, offset) : (segment, null, 0, offset);
    }

    private Place PlaceOf((SymbolicValue? Base, SymbolicValue? Index, int Scale, long Offset) address, int size)
    {
        SymbolicValue from = address.Base ?? SymbolicValue.Of(0);
        SymbolicValue? index = address.Index;
        int scale = index is null ? 0 : address.Scale;
        long offset = address.Offset + from.Offset + (index?.Offset ?? 0) * scale;
        long? moved = Motion(from) + (index is { } one ? Motion(one) * scale : 0);
        int baseSymbol = from.Symbol, indexSymbol = index?.Symbol ?? -1;
        if (measured && moved is not null)
        {
            offset += Held(baseSymbol) + (index is null ? 0 : Held(indexSymbol) * scale);
            (baseSymbol, indexSymbol, scale) = (SymbolicValue.Constant, -1, 0);
        }
        else if (indexSymbol == SymbolicValue.Constant)
            (indexSymbol, scale) = (-1, 0);
        return new(baseSymbol, indexSymbol, scale, moved, offset, size);
    }

    private long? Motion(SymbolicValue value) =>
        value.IsRegister ? motion[value.Symbol] : value.Symbol < SymbolicValue.FirstUnknown ? 0 : null;

    private static long Held(int symbol) => symbol is >= 0 and < 16 ? MeasuredValue(symbol) : 0;

    private SymbolicValue Unknown() => new(unknown++, 0);

    private static bool IsWrite(OpAccess access) =>
        access is OpAccess.Write or OpAccess.ReadWrite or OpAccess.CondWrite or OpAccess.ReadCondWrite;
}
