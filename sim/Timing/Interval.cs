using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Timing.Blocks;
using Seamsim.Timing.Dynamic;

namespace Seamsim.Timing;

/// <summary>
/// The cost model of a core parameter file: blocks at the cost of the block predictor, the dynamic events of
/// instructions, every named operation at its own cost, and the operations of managed SEAM code with the instructions
/// around them. All in integers. One machine has one of its own.
/// </summary>
public sealed class Interval : ICostModel
{
    /// <summary>The model's name in scenarios.</summary>
    public const string ShortName = "interval";

    /// <summary>The core whose block costs belong to the shipped parameters.</summary>
    public const string ShippedCore = "golden-cove";

    /// <summary>Units of a cycle in which blocks are added up.</summary>
    public const uint Units = 256;

    private readonly BlockPricer pricer;

    /// <summary>A model with the block costs of the shipped core.</summary>
    /// <param name="parameters">The costs.</param>
    public Interval(CoreParameters parameters)
        : this(parameters, ShippedCore, static () => PipelineParameters.Find(ShippedCore)!)
    {
    }

    /// <summary>A model with block costs of another core.</summary>
    /// <param name="parameters">The costs.</param>
    /// <param name="core">Name of the core.</param>
    /// <param name="pipeline">Its parameters; asked for when the first block is decoded.</param>
    public Interval(CoreParameters parameters, string core, Func<PipelineParameters> pipeline)
    {
        Parameters = parameters;
        pricer = new BlockPricer(core, pipeline, parameters);
    }

    /// <inheritdoc/>
    public string Name => pricer.Core == ShippedCore
        ? $"{ShortName}, {Parameters.Name}" : $"{ShortName}, {Parameters.Name}, {pricer.Core}";

    /// <summary>The costs.</summary>
    public CoreParameters Parameters { get; }

    /// <summary>Empty caches of a platform; each machine has its own.</summary>
    public ICacheTiming CreateCaches(int packages, int lpsPerPackage) =>
        new CacheHierarchy(Parameters, packages, lpsPerPackage);

    /// <summary>Puts the dynamic events of a processor's instructions on its clock from now on.</summary>
    /// <param name="core">The logical processor.</param>
    /// <param name="caches">What <see cref="CreateCaches"/> has made for the machine.</param>
    public void Attach(Core core, ICacheTiming caches) =>
        _ = new IntervalTiming(core, Parameters, pricer, (CacheHierarchy)caches);

    /// <summary>How often the dynamic events of a processor have happened; null when none are attached.</summary>
    public static EventCounts? CountsOf(Core core) => (core.Timing as IntervalTiming)?.Counts;

    /// <summary>What a block costs in 1/256 cycles: a run adds these up and rounds the sum down.</summary>
    public ulong BlockUnits(ReadOnlySpan<byte> code, ulong rip, int bits, int instructions) =>
        pricer.Of(code, rip, bits, instructions)[0];

    /// <inheritdoc/>
    public uint BlockCycles(ReadOnlySpan<byte> code, ulong rip, int bits, int instructions) =>
        (uint)((BlockUnits(code, rip, bits, instructions) + Units - 1) / Units);

    /// <inheritdoc/>
    public uint OperationCycles(Operation operation) => Parameters[operation].Cycles;

    /// <inheritdoc/>
    public uint ManagedCycles(Operation operation) =>
        Parameters[operation].Cycles + (uint)Parameters.StraightLineCycles(Parameters[operation].Instructions);
}
