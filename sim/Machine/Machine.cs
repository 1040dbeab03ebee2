namespace Seamsim;

/// <summary>A platform that runs.</summary>
public sealed class Machine
{
    /// <summary>Names of the CPU models.</summary>
    public static IReadOnlyList<string> CpuModels => ["sapphire-rapids"];
}
