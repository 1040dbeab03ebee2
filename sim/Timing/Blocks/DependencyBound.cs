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
    private readonly PipelineParameters core;
    private readonly IReadOnlyList<LoadSource> sources;
    private readonly bool[] chases;
    private readonly Results results;
    private readonly int[] column;
    private readonly int columns;
    private readonly int[]?[] values;

    private DependencyBound(BlockCode block, IReadOnlyList<LoadSource> sources, PipelineParameters core)
    {
        this.block = block;
        this.core = core;
        this.sources = sources;
        chases = core.PointerChase ? PointerChase.Mark(block.Instructions) : new bool[block.Instructions.Count];
        int resources = Resource.FirstMemory + 2 * block.Instructions.Count;
        column = new int[resources];
        Array.Fill(column, Resource.None);
        columns = NumberColumns();
        values = new int[resources][];
        results = new(columns);
        for (int i = 0; i < resources; i++)
            if (column[i] >= 0)
            {
                values[i] = Nothing();
                values[i]![column[i]] = 0;
            }
    }

    /// <summary>The bound of a block.</summary>
    public static Ratio Of(BlockCode block, IReadOnlyList<LoadSource> sources, PipelineParameters core) =>
        new DependencyBound(block, sources, core).Solve();

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
            int to = i < Resource.FirstMemory ? Resource.InNext(i, block.X87Top) : i + block.Instructions.Count;
            if (to < column.Length && column[to] >= 0 && values[i] is { } value)
                graph[column[to]] = value;
        }
        return CycleRatio.Of(graph);
    }

    /// <summary>Numbers what is read before it is written, and is written: only that can be handed on.</summary>
    private int NumberColumns()
    {
        bool[] read = new bool[column.Length], written = new bool[column.Length], killed = new bool[column.Length];
        for (int i = 0; i < block.Instructions.Count; i++)
        {
            BlockInstruction one = block.Instructions[i];
            MarkReads(one, i, read, killed);
            MarkWrites(one, written, killed);
        }
        int count = 0;
        for (int resource = 0; resource < column.Length; resource++)
            if (read[resource] && (written[resource] || resource >= Resource.FirstMemory)
                || Resource.IsX87(resource) && block.X87Top != 0)
                column[resource] = count++;
        return count;
    }

    private void MarkReads(BlockInstruction one, int index, bool[] read, bool[] killed)
    {
        if (one.StackSyncs > Ratio.Zero)
            Mark(Resource.StackPointer);
        FlagGroups flags = FlagsRead(one);
        for (int group = 0; group < 3; group++)
            if (((int)flags >> group & 1) != 0)
                Mark(Resource.Flags + group);
        Mark(Source(index));
        MarkRegister(AddressRegister(one.Instruction));
        MarkRegister(one.Instruction.MemoryIndex);
        foreach (Register operand in RegisterOperands(one))
            MarkRegister(operand);
        if (one.Latencies is null)
            foreach (UsedRegister used in one.Used)
                MarkRegister(used.Register);

        void MarkRegister(Register register)
        {
            int resource = Resource.Of(register, core.HighByteRenamed);
            Mark(resource);
            if (core.HighByteRenamed && register.IsGPR() && resource >= 0)
            {
                Mark(Resource.HighByteOf(resource));
                Mark(register.GetFullRegister().GetNumber());
            }
        }

        void Mark(int resource)
        {
            if (resource >= 0 && !killed[resource])
                read[resource] = true;
        }
    }

    private void MarkWrites(BlockInstruction one, bool[] written, bool[] killed)
    {
        foreach (UsedRegister used in one.Used)
        {
            int resource = Resource.Of(used.Register, core.HighByteRenamed);
            if (!Writes(used.Access) || resource < 0)
                continue;
            written[resource] = true;
            killed[resource] |= used.Access is OpAccess.Write or OpAccess.ReadWrite;
        }
        FlagGroups flags = FlagsWritten(one);
        for (int group = 0; group < 3; group++)
            if (((int)flags >> group & 1) != 0)
                written[Resource.Flags + group] = killed[Resource.Flags + group] = true;
    }

    /// <summary>The store that a load reads, of this iteration or of the one before.</summary>
    private int Source(int index)
    {
        LoadSource source = sources[index];
        if (source.Store < 0)
            return Resource.None;
        return Resource.FirstMemory + source.Store + (source.FromPrevious ? block.Instructions.Count : 0);
    }

    /// <summary>The locked store that a locked instruction reads; null where either is not.</summary>
    private BlockInstruction? LockedSource(BlockInstruction one, int index)
    {
        if (!one.IsLocked || sources[index].Store < 0)
            return null;
        BlockInstruction store = block.Instructions[sources[index].Store];
        return store is { IsLocked: true, Row.Blocking: > 0 } ? store : null;
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
        if (one.StackSyncs == new Ratio(1, 1) && values[Resource.StackPointer] is { } pointer)
            Later(pointer, 1, values[Resource.StackPointer] = Nothing());
        List<Register> operands = RegisterOperands(one);
        results.Clear();
        if (one.Latencies is null)
            StepUnknown(one, index);
        else
            foreach (Latency latency in one.Latencies)
                if (latency.Cycles > 0 || latency.From != OperandRole.Register || one.IsEliminated && !one.SameSources)
                    Follow(one, index, latency, operands);
        Write(one, index, operands);
    }

    private void Follow(BlockInstruction one, int index, in Latency latency, List<Register> operands)
    {
        int[] result = results.Of(latency.To, latency.Output);
        int cycles = StoreForwarding.Cycles(one, latency, core)
            - (chases[index] && latency.From == OperandRole.Address ? 1 : 0);
        switch (latency.From)
        {
            case OperandRole.Register when latency.Input == 0 && one.ZeroesDestination:
                break;
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
            case OperandRole.Memory when LockedSource(one, index) is { } store:
                Later(values[Source(index)], StoreForwarding.BetweenLocked(store, one, latency, core), result);
                break;
            case OperandRole.Memory when Source(index) is >= 0 and int source:
                int wait = sources[index].Blocked ? core.BlockedForward - core.StoreForward : 0;
                Later(values[source], cycles + wait, result);
                break;
        }
    }

    private static Register AddressRegister(in Instruction instruction) =>
        instruction.MemoryBase != Register.None ? instruction.MemoryBase
        : instruction.IsStackInstruction ? Register.RSP
        : instruction.IsStringInstruction ? Register.RSI : Register.None;

    /// <summary>A form in no table: its one result waits for everything it reads.</summary>
    private void StepUnknown(BlockInstruction one, int index)
    {
        int[] result = results.Of(OperandRole.Register, 0);
        bool loads = one.Loads;
        foreach (UsedRegister used in one.Used)
            if (used.Access is OpAccess.Read or OpAccess.ReadWrite or OpAccess.CondRead or OpAccess.ReadCondWrite)
                Read(used.Register, core.DefaultLatency + (loads && IsAddress(one.Instruction, used.Register)
                    ? core.DefaultLoadLatency : 0), result);
    }

    private static bool IsAddress(in Instruction instruction, Register register) =>
        instruction.MemoryBase == register || instruction.MemoryIndex == register;

    private void Write(BlockInstruction one, int index, List<Register> operands)
    {
        bool stack = one.Instruction.IsStackInstruction;
        foreach (UsedRegister used in one.Used)
        {
            int resource = Resource.Of(used.Register, core.HighByteRenamed);
            if (!Writes(used.Access) || resource < 0)
                continue;
            if (stack && resource == Resource.StackPointer && one.Instruction.Mnemonic != Mnemonic.Leave)
                continue;
            int[]? value = one.Latencies is null ? results.Find(OperandRole.Register, 0)
                : ResultFor(used.Register, operands);
            if (value is null && used.Access is OpAccess.CondWrite or OpAccess.ReadCondWrite)
                continue;
            values[resource] = value;
            if (core.HighByteRenamed && (used.Register.IsGPR64() || used.Register.IsGPR32())
                && Resource.HighByteOf(resource) is >= 0 and int high)
                values[high] = null;
        }
        FlagGroups flags = FlagsWritten(one);
        int[]? flagValue = results.Find(OperandRole.Register, one.Latencies is null ? 0 : operands.Count);
        for (int group = 0; group < 3; group++)
            if (((int)flags >> group & 1) != 0)
                values[Resource.Flags + group] = flagValue;
        if (results.Find(OperandRole.Memory, 0) is { } stored)
            values[Resource.FirstMemory + index] = stored;
    }

    private int[]? ResultFor(Register register, List<Register> operands)
    {
        int resource = Resource.Of(register, core.HighByteRenamed);
        for (int i = 0; i < operands.Count; i++)
            if (Resource.Of(operands[i], core.HighByteRenamed) == resource
                && results.Find(OperandRole.Register, i) is { } result)
                return result;
        return null;
    }

    private List<Register> RegisterOperands(BlockInstruction one)
    {
        List<Register> operands = [];
        Instruction instruction = one.Instruction;
        if (!instruction.IsStringInstruction)
            for (int i = 0; i < instruction.OpCount; i++)
            {
                if (instruction.GetOpKind(i) == OpKind.Register)
                    operands.Add(X87Stack.At(instruction.GetOpRegister(i), one.X87Top));
                if (i == 0 && instruction.HasOpMask)
                    operands.Add(instruction.OpMask);
            }
        if (one.Row is null)
            return operands;
        int top = X87Stack.Pushes(instruction) ? X87Stack.After(instruction, one.X87Top) : one.X87Top;
        foreach (Register implied in one.Row.Implied)
            operands.Add(X87Stack.At(implied, top));
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

    /// <summary>What the outputs of one instruction wait for.</summary>
    private sealed class Results(int columns)
    {
        private const int Outputs = 16;
        private readonly int[]?[] found = new int[Outputs + 1][];

        public void Clear() => Array.Clear(found);

        public int[]? Find(OperandRole role, int output) => output < Outputs ? found[Slot(role, output)] : null;

        public int[] Of(OperandRole role, int output)
        {
            if (found[Slot(role, output)] is { } result)
                return result;
            result = new int[columns];
            Array.Fill(result, Never);
            return found[Slot(role, output)] = result;
        }

        private static int Slot(OperandRole role, int output) =>
            role == OperandRole.Memory ? Outputs : output % Outputs;
    }
}
