using Iced.Intel;

namespace Seamsim.Trace;

/// <summary>The instructions of an execution with the accesses of each.</summary>
internal sealed class InstructionWalk
{
    private readonly BlockDecoder blocks = new();
    private TraceRecord? record;
    private int[] ends = new int[64];

    public DecodedBlock Block { get; private set; } = null!;

    public int Count => record!.Retired;

    public void Begin(TraceRecord execution)
    {
        record = execution;
        Block = blocks.Of(execution.Block!);
        if (ends.Length < Block.Instructions.Length)
            ends = new int[Block.Instructions.Length];
        Block.Assign(execution, ends);
    }

    public ref readonly Instruction this[int index] => ref Block.Instructions[index];

    public ReadOnlySpan<MemoryAccess> AccessesOf(int index)
    {
        int begin = index == 0 ? 0 : ends[index - 1];
        return record!.Accesses[begin..ends[index]];
    }
}
