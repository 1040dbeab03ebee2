namespace Seamsim.Timing.Blocks;

/// <summary>What limits a block.</summary>
public enum Bottleneck
{
    /// <summary>Finding where instructions end.</summary>
    Predecode,

    /// <summary>The decoders.</summary>
    Decode,

    /// <summary>The µop cache.</summary>
    Dsb,

    /// <summary>The loop stream detector.</summary>
    Lsd,

    /// <summary>Issue slots.</summary>
    Issue,

    /// <summary>Execution ports.</summary>
    Ports,

    /// <summary>The divider.</summary>
    Divider,

    /// <summary>An instruction that blocks the next one like it: locked, serialising, PAUSE.</summary>
    Blocking,

    /// <summary>Results that the next iteration waits for.</summary>
    Dependencies,

    /// <summary>Loads that wait for stores which cannot be forwarded.</summary>
    Forwarding,
}
