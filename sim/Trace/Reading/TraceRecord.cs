namespace Seamsim.Trace;

/// <summary>
/// One record: an execution of a block, or an event. The object is the cursor's own and changes with its next step.
/// </summary>
public sealed class TraceRecord
{
    private MemoryAccess[] accesses = new MemoryAccess[16];
    private ulong[] operands = new ulong[32], words = new ulong[16];
    private int accessCount, operandCount, wordCount;

    /// <summary>Records of the trace before this one.</summary>
    public ulong Ordinal { get; internal set; }

    /// <summary>
    /// Instructions of the trace before this record's: the number of an execution's first instruction.
    /// </summary>
    public ulong Instruction { get; internal set; }

    /// <summary>The logical processor.</summary>
    public int Lp { get; internal set; }

    /// <summary>Where it executes: of the block for executions, of the logical processor for events.</summary>
    public TraceWorld World { get; internal set; }

    /// <summary>The logical processor's clock.</summary>
    public ulong Cycles { get; internal set; }

    /// <summary>The block that executes; null for events.</summary>
    public BlockDefinition? Block { get; internal set; }

    /// <summary>Number of the block within its frame.</summary>
    public int BlockId { get; internal set; }

    /// <summary>Instructions of the block that retire.</summary>
    public int Retired { get; internal set; }

    /// <summary>
    /// The execution goes on in the next execution of this logical processor; nothing retires in this part.
    /// </summary>
    public bool IsPartial { get; internal set; }

    /// <summary>The kind of event; meaningless for executions.</summary>
    public EventKind Kind { get; internal set; }

    /// <summary>What <see cref="EventShape.Code"/> says.</summary>
    public int Code { get; internal set; }

    /// <summary>The name that a charge or a mark carries.</summary>
    public string Name { get; internal set; } = "";

    /// <summary>The event came after this many accesses of the execution before it; -1: after all of it.</summary>
    public int After { get; internal set; }

    /// <summary>Changed registers: bits of the first 32, or words of vector register <see cref="Code"/> - 1.</summary>
    public uint RegisterMask { get; internal set; }

    /// <summary>Accesses of an execution in program order.</summary>
    public ReadOnlySpan<MemoryAccess> Accesses => accesses.AsSpan(0, accessCount);

    /// <summary>
    /// Operands of an event; for <see cref="EventKind.Registers"/> the new values, lowest register first.
    /// </summary>
    public ReadOnlySpan<ulong> Operands => operands.AsSpan(0, operandCount);

    /// <summary>Words of values wider than eight bytes.</summary>
    public ReadOnlySpan<ulong> ValueWords => words.AsSpan(0, wordCount);

    /// <summary>Whether this is an execution rather than an event.</summary>
    public bool IsExecution => Block is not null;

    /// <summary>Operand <paramref name="index"/>, zero when the recorder left it out.</summary>
    public ulong Operand(int index) => index < operandCount ? operands[index] : 0;

    internal void Clear()
    {
        (accessCount, operandCount, wordCount) = (0, 0, 0);
        Block = null;
        (Retired, IsPartial, Code, Name, After, RegisterMask) = (0, false, 0, "", -1, 0);
    }

    internal void Add(in MemoryAccess access)
    {
        if (accessCount == accesses.Length)
            Array.Resize(ref accesses, accessCount * 2);
        accesses[accessCount++] = access;
    }

    internal void AddOperand(ulong operand)
    {
        if (operandCount == operands.Length)
            Array.Resize(ref operands, operandCount * 2);
        operands[operandCount++] = operand;
    }

    internal int AddValueWord(ulong word)
    {
        if (wordCount == words.Length)
            Array.Resize(ref words, wordCount * 2);
        words[wordCount] = word;
        return wordCount++;
    }
}
