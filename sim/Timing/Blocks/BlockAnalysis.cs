namespace Seamsim.Timing.Blocks;

/// <summary>A block with all its bounds.</summary>
internal sealed record BlockAnalysis(BlockCode Block, BlockBounds Unrolled, BlockBounds Looped, PortBound Ports)
{
    /// <summary>Computes the bounds.</summary>
    public static BlockAnalysis Of(BlockCode block, PipelineParameters core, BlockStart start)
    {
        LoadSource[] sources = SymbolicAddresses.Of(block.Instructions, start);
        PortBound ports = PortBound.Of(PortBound.UsesOf(block, core));
        List<(Bottleneck, Ratio)> back =
        [
            (Bottleneck.Issue, IssueBound.Of(block, core)),
            (Bottleneck.Ports, ports.Cycles),
            (Bottleneck.Divider, Divider(block)),
            (Bottleneck.Blocking, Blocking(block)),
            (Bottleneck.Dependencies, DependencyBound.Of(block, sources, core)),
            (Bottleneck.Forwarding, ForwardingBound.Of(block.Instructions, sources, core)),
        ];
        Ratio decode = DecoderBound.Of(block, core);
        return new(block,
            new()
            {
                All =
                [
                    (Bottleneck.Predecode, PredecodeBound.Unrolled(block, core)), (Bottleneck.Decode, decode), .. back,
                ],
            },
            new() { All = [.. FrontOfLoop(block, core, decode), .. back] },
            ports);
    }

    private static List<(Bottleneck, Ratio)> FrontOfLoop(BlockCode block, PipelineParameters core, Ratio decode)
    {
        if (!QueueBounds.FitsDsb(block, core))
            return [(Bottleneck.Predecode, PredecodeBound.Looped(block, core)), (Bottleneck.Decode, decode)];
        return QueueBounds.FitsLsd(block, core)
            ? [(Bottleneck.Lsd, QueueBounds.Lsd(block, core))]
            : [(Bottleneck.Dsb, QueueBounds.Dsb(block, core))];
    }

    private static Ratio Divider(BlockCode block)
    {
        int divider = 0;
        foreach (BlockInstruction one in block.Instructions)
            divider += one.SameSources ? 0 : one.Row?.Divider ?? 0;
        return new(divider, 1);
    }

    private static Ratio Blocking(BlockCode block)
    {
        Dictionary<string, int> blocking = [];
        foreach (BlockInstruction one in block.Instructions)
            if (one.Row is { Blocking: > 0 } row)
                blocking[row.Name] = blocking.GetValueOrDefault(row.Name) + row.Blocking;
        return new(blocking.Values.DefaultIfEmpty(0).Max(), 1);
    }
}
