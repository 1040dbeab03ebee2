using System.Runtime.Intrinsics;
using Seamsim.Timing.Blocks;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// What blocks cost, from the block predictor: the bound of the block as the body of a loop, in 1/256 cycles, with the
/// part in which µops retire at full width and the part that only the front end needs. Remembers what it has computed.
/// </summary>
internal sealed class BlockPricer(string core, Func<PipelineParameters> load, CoreParameters rates)
{
    private const int Unit = 256, MostRemembered = 1 << 16;
    private readonly Dictionary<(string Code, int Bits, int Place, int Instructions), Vector256<ulong>> known = [];
    private PipelineParameters? parameters;

    /// <summary>Name of the core whose tables these are.</summary>
    public string Core { get; } = core;

    /// <summary>Cost, retiring part, front-end part, instructions.</summary>
    public Vector256<ulong> Of(ReadOnlySpan<byte> code, ulong rip, int bits, int instructions)
    {
        const int window = 64; // only the place in a fetch window matters
        (string, int, int, int) key = (Convert.ToHexString(code), bits, (int)(rip % window), instructions);
        if (known.TryGetValue(key, out Vector256<ulong> price))
            return price;
        if (known.Count == MostRemembered)
            known.Clear();
        price = Price(code, rip % window, bits, instructions);
        known.Add(key, price);
        return price;
    }

    private Vector256<ulong> Price(ReadOnlySpan<byte> code, ulong rip, int bits, int instructions)
    {
        parameters ??= load();
        ulong count = (ulong)instructions;
        if (BlockReader.Read(code, rip, bits, parameters, out _) is not { } block)
            return Vector256.Create(Math.Max(1, rates.StraightLineCycles(count)) * Unit, 0, 0, count);
        if (NamedInstructions.Contains(block.Instructions[^1].Instruction))
        {
            // only a block's last instruction can be one
            if (block.Instructions.Count == 1)
                return Vector256.Create(Unit / (ulong)parameters.IssueWidth, 0, 0, count);
            return Price(code[..block.Instructions[^1].Start], rip, bits, instructions);
        }
        BlockBounds bounds = BlockAnalysis.Of(block, parameters, BlockStart.Distinct).Looped;
        ulong cost = Math.Max(1, Units(bounds.Cycles)), back = 0, slots = 0;
        foreach ((Bottleneck part, Ratio cycles) in bounds.All)
            if (part is not (Bottleneck.Predecode or Bottleneck.Decode or Bottleneck.Dsb or Bottleneck.Lsd))
                back = Math.Max(back, Units(cycles));
        foreach (BlockInstruction one in block.Instructions)
            slots += one.FusedWithPrevious ? 0 : (ulong)one.Cost.Fused;
        ulong retiring = Math.Min(cost, slots * Unit / (ulong)parameters.IssueWidth);
        return Vector256.Create(cost, retiring, cost - Math.Max(back, retiring), count);
    }

    private static ulong Units(Ratio cycles) =>
        (ulong)(((cycles.Numerator * Unit) + cycles.Denominator - 1) / cycles.Denominator);
}
