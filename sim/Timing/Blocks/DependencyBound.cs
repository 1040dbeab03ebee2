using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>Cycles of the longest chain of results that each iteration hands to the next.</summary>
/// <remarks>
/// The block is followed once with, for each register, flag group and memory operand, the longest latency from every
/// value alive at its start. What lives on closes the graph; its largest mean cycle is the bound.
/// </remarks>
internal sealed class DependencyBound
{
    private const int Never = int.MinValue / 4;
    private readonly BlockCode block;
    private readonly CoreParameters core;
    private readonly SymbolicAddresses addresses;
    private readonly bool[] chases;
    private readonly InstructionInfoFactory factory = new();
    private readonly int[] column;
    private readonly int columns;
    private readonly int[]?[] values;

    private DependencyBound(BlockCode block, CoreParameters core)
    {
        this.block = block;
        this.core = core;
        addresses = SymbolicAddresses.Of(block.Instructions);
        chases = core.PointerChase ? PointerChase.Mark(block.Instructions) : new bool[block.Instructions.Count];
        int resources = Resource.FirstMemory + addresses.Count;
        column = new int[resources];
        Array.Fill(column, Resource.None);
        columns = NumberColumns();
        values = new int[resources][];
        for (int i = 0; i < resources; i++)
            if (column[i] >= 0)
            {
                values[i] = Nothing();
                values[i]![column[i]] = 0;
            }
    }

    /// <summary>The bound of a block.</summary>
    public static Ratio Of(BlockCode block, CoreParameters core) => new DependencyBound(block, core).Solve();

    private Ratio Solve()
    {
        if (columns == 0)
            return Ratio.Zero;
        for (int i = 0; i < block.Instructions.Count; i++)
            Step(block.Instructions[i], i);
        int[][] graph = new int[columns][];
        for (int i = 0; i < columns; i++)
            graph[i] = Nothing();
        for (int i = 0; i < column.Length; i++)
        {
            int to = i < Resource.FirstMemory ? i : addresses.Next.GetValueOrDefault(i, Resource.None);
            if (to >= 0 && column[to] >= 0 && values[i] is { } value)
                graph[column[to]] = value;
        }
        return CycleRatio.Of(graph);
    }

    private int NumberColumns()
    {
        int count = 0;
        for (int i = 0; i < block.Instructions.Count; i++)
        {
            BlockInstruction one = block.Instructions[i];
            foreach (UsedRegister used in factory.GetInfo(one.Instruction).GetUsedRegisters())
                if (Writes(used.Access))
                    Number(Resource.Of(used.Register, core.HighByteRenamed));
            FlagGroups flags = FlagsWritten(one);
            for (int group = 0; group < 3; group++)
                if (((int)flags >> group & 1) != 0)
                    Number(Resource.Flags + group);
            if (addresses.Operands[i] >= 0)
                Number(addresses.Operands[i]);
        }
        return count;

        void Number(int resource)
        {
            if (resource >= 0 && column[resource] < 0)
                column[resource] = count++;
        }
    }

    private static FlagGroups FlagsWritten(BlockInstruction one)
    {
        if (one.Row is not null)
            return one.Row.FlagsWritten;
        return one.Instruction.RflagsModified != RflagsBits.None
            ? FlagGroups.Carry | FlagGroups.Overflow | FlagGroups.Other : FlagGroups.None;
    }

    private static FlagGroups FlagsRead(BlockInstruction one)
    {
        if (one.Row is not null)
            return one.Row.FlagsRead;
        return one.Instruction.RflagsRead != RflagsBits.None
            ? FlagGroups.Carry | FlagGroups.Overflow | FlagGroups.Other : FlagGroups.None;
    }

    private void Step(BlockInstruction one, int index)
    {
        const int stackPointer = 4;
        if (one.StackSyncs == new Ratio(1, 1) && values[stackPointer] is { } pointer)
            Later(pointer, 1, values[stackPointer] = Nothing());
        List<Register> operands = RegisterOperands(one);
        Dictionary<(OperandRole, int), int[]> results = [];
        if (one.Latencies is null)
            StepUnknown(one, index);
        else
            foreach (Latency latency in one.Latencies)
                if (latency.Cycles > 0 || latency.From != OperandRole.Register || one.IsEliminated && !one.SameSources)
                    Follow(one, index, latency, operands, results);
        Write(one, index, operands, results);
    }

    private void Follow(
        BlockInstruction one, int index, Latency latency, List<Register> operands,
        Dictionary<(OperandRole, int), int[]> results)
    {
        if (!results.TryGetValue((latency.To, latency.Output), out int[]? result))
            results.Add((latency.To, latency.Output), result = Nothing());
        int cycles = StoreForwarding.Cycles(one, latency, core)
            - (chases[index] && latency.From == OperandRole.Address ? 1 : 0);
        switch (latency.From)
        {
            case OperandRole.Register when latency.Input == operands.Count:
                FlagGroups flags = FlagsRead(one);
                for (int group = 0; group < 3; group++)
                    if (((int)flags >> group & 1) != 0)
                        Later(values[Resource.Flags + group], cycles, result);
                break;
            case OperandRole.Register when latency.Input < operands.Count:
                Read(operands[latency.Input], cycles, result);
                break;
            case OperandRole.Address:
                Read(AddressRegister(one.Instruction), cycles, result);
                break;
            case OperandRole.Index:
                Read(one.Instruction.MemoryIndex, cycles, result);
                break;
            case OperandRole.Memory when addresses.Operands[index] >= 0:
                Later(values[addresses.Operands[index]], cycles, result);
                break;
        }
    }

    private static Register AddressRegister(in Instruction instruction) =>
        instruction.MemoryBase != Register.None ? instruction.MemoryBase
        : instruction.IsStackInstruction ? Register.RSP
        : instruction.IsStringInstruction ? Register.RSI : Register.None;

    private void StepUnknown(BlockInstruction one, int index)
    {
        int[] result = Nothing();
        InstructionInfo info = factory.GetInfo(one.Instruction);
        bool loads = addresses.Operands[index] >= 0;
        foreach (UsedRegister used in info.GetUsedRegisters())
            if (used.Access is OpAccess.Read or OpAccess.ReadWrite or OpAccess.CondRead or OpAccess.ReadCondWrite)
                Read(used.Register, core.DefaultLatency + (loads && IsAddress(one.Instruction, used.Register)
                    ? core.DefaultLoadLatency : 0), result);
        unknownResult = result;
    }

    private int[]? unknownResult;

    private static bool IsAddress(in Instruction instruction, Register register) =>
        instruction.MemoryBase == register || instruction.MemoryIndex == register;

    private void Write(
        BlockInstruction one, int index, List<Register> operands, Dictionary<(OperandRole, int), int[]> results)
    {
        bool stack = one.Instruction.IsStackInstruction;
        foreach (UsedRegister used in factory.GetInfo(one.Instruction).GetUsedRegisters())
        {
            int resource = Resource.Of(used.Register, core.HighByteRenamed);
            if (!Writes(used.Access) || resource < 0)
                continue;
            if (stack && resource == 4 && one.Instruction.Mnemonic != Mnemonic.Leave)
                continue;
            int[]? value = one.Latencies is null ? unknownResult : ResultFor(used.Register, operands, results);
            if (value is null && used.Access is OpAccess.CondWrite or OpAccess.ReadCondWrite)
                continue;
            values[resource] = value;
            if (core.HighByteRenamed && (used.Register.IsGPR64() || used.Register.IsGPR32())
                && Resource.HighByteOf(resource) is >= 0 and int high)
                values[high] = null;
        }
        FlagGroups flags = FlagsWritten(one);
        int[]? flagValue = one.Latencies is null ? unknownResult
            : results.GetValueOrDefault((OperandRole.Register, operands.Count));
        for (int group = 0; group < 3; group++)
            if (((int)flags >> group & 1) != 0)
                values[Resource.Flags + group] = flagValue;
        if (results.TryGetValue((OperandRole.Memory, 0), out int[]? stored) && addresses.Operands[index] >= 0)
            values[addresses.Operands[index]] = stored;
    }

    private int[]? ResultFor(Register register, List<Register> operands, Dictionary<(OperandRole, int), int[]> results)
    {
        int resource = Resource.Of(register, core.HighByteRenamed);
        for (int i = 0; i < operands.Count; i++)
            if (Resource.Of(operands[i], core.HighByteRenamed) == resource
                && results.TryGetValue((OperandRole.Register, i), out int[]? result))
                return result;
        return null;
    }

    private List<Register> RegisterOperands(BlockInstruction one)
    {
        List<Register> operands = [];
        Instruction instruction = one.Instruction;
        if (!instruction.IsStringInstruction)
            for (int i = 0; i < instruction.OpCount; i++)
                if (instruction.GetOpKind(i) == OpKind.Register)
                    operands.Add(instruction.GetOpRegister(i));
        if (one.Row is not null)
            operands.AddRange(core.Instructions.Names.ImpliedBy(InstructionNames.Stem(one.Row.Name), instruction.OpCount));
        return operands;
    }

    private void Read(Register register, int cycles, int[] result)
    {
        int resource = Resource.Of(register, core.HighByteRenamed);
        if (resource < 0)
            return;
        Later(values[resource], cycles, result);
        if (!core.HighByteRenamed)
            return;
        if (InstructionShape.IsHighByte(register))
            Later(values[register.GetFullRegister().GetNumber()], cycles, result);
        else if (register.IsGPR() && !register.IsGPR8() && Resource.HighByteOf(resource) is >= 0 and int high)
            Later(values[high], cycles, result);
    }

    private static bool Writes(OpAccess access) =>
        access is OpAccess.Write or OpAccess.ReadWrite or OpAccess.CondWrite or OpAccess.ReadCondWrite;

    private int[] Nothing()
    {
        int[] nothing = new int[columns];
        Array.Fill(nothing, Never);
        return nothing;
    }

    private static void Later(int[]? from, int cycles, int[] to)
    {
        if (from is null)
            return;
        for (int i = 0; i < to.Length; i++)
            if (from[i] > Never && from[i] + cycles > to[i])
                to[i] = from[i] + cycles;
    }
}
