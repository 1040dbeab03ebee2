using Seamsim.Isa.Ports;

namespace Seamsim.Timing;

/// <summary>
/// The cost model of a core parameter file: straight-line code at a rate, every named operation at its own cost, and
/// the operations of managed SEAM code with the instructions around them. All in integers.
/// </summary>
/// <param name="parameters">The costs.</param>
public sealed class Interval(CoreParameters parameters) : ICostModel
{
    /// <summary>The model's name in scenarios.</summary>
    public const string ShortName = "interval";

    /// <inheritdoc/>
    public string Name => $"{ShortName}, {Parameters.Name}";

    /// <summary>The costs.</summary>
    public CoreParameters Parameters { get; } = parameters;

    /// <summary>Empty caches of a platform; each machine has its own.</summary>
    public ICacheTiming CreateCaches(int packages, int lpsPerPackage) =>
        new CacheHierarchy(Parameters, packages, lpsPerPackage);

    /// <inheritdoc/>
    public uint BlockCycles(ReadOnlySpan<byte> code, ulong rip, int instructions) =>
        (uint)Math.Max(1, Parameters.StraightLineCycles((ulong)Math.Max(instructions, 1)));

    /// <inheritdoc/>
    public uint OperationCycles(Operation operation) => Parameters[operation].Cycles;

    /// <inheritdoc/>
    public uint ManagedCycles(Operation operation) =>
        Parameters[operation].Cycles + (uint)Parameters.StraightLineCycles(Parameters[operation].Instructions);
}
