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

    /// <summary>The divider and other instructions that block themselves.</summary>
    Divider,

    /// <summary>Results that the next iteration waits for.</summary>
    Dependencies,

    /// <summary>Loads that wait for stores which cannot be forwarded.</summary>
    Forwarding,
}
