namespace Seamsim.Timing.Blocks;

/// <summary>A decoded block.</summary>
/// <param name="Instructions">In program order.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Rip">Linear address of the first byte; only its low bits matter.</param>
/// <param name="X87Top">Which register of the x87 stack is ST(0) behind it, from its start.</param>
internal sealed record BlockCode(IReadOnlyList<BlockInstruction> Instructions, int Length, ulong Rip, int X87Top)
{
    /// <summary>Whether it closes with a branch.</summary>
    public bool EndsInBranch => Instructions[^1].IsBranch;
}
