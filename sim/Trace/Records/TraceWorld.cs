namespace Seamsim.Trace;

/// <summary>Where a logical processor executes.</summary>
public enum TraceWorld : byte
{
    /// <summary>The host: VMX root outside SEAM, or no VMX at all.</summary>
    Host,

    /// <summary>SEAM VMX root: P-SEAMLDR and the TDX module.</summary>
    Seam,

    /// <summary>SEAM VMX non-root: a trust domain (L1 when it is partitioned).</summary>
    Td,

    /// <summary>SEAM VMX non-root: an L2 VM inside a trust domain.</summary>
    L2,
}

/// <summary>A set of worlds.</summary>
[Flags]
public enum TraceWorlds : byte
{
    /// <summary>No world.</summary>
    None = 0,

    /// <summary><see cref="TraceWorld.Host"/>.</summary>
    Host = 1 << TraceWorld.Host,

    /// <summary><see cref="TraceWorld.Seam"/>.</summary>
    Seam = 1 << TraceWorld.Seam,

    /// <summary><see cref="TraceWorld.Td"/>.</summary>
    Td = 1 << TraceWorld.Td,

    /// <summary><see cref="TraceWorld.L2"/>.</summary>
    L2 = 1 << TraceWorld.L2,

    /// <summary>Every world.</summary>
    All = Host | Seam | Td | L2,
}
