using Seamsim.Configuration;
using Seamsim.Isa.Models;

namespace Seamsim;

/// <summary>One TD of a scenario.</summary>
public sealed record TdPlan
{
    /// <summary>How the story calls it.</summary>
    public required string Name { get; init; }

    /// <summary>A built-in guest's name or the path of a flat binary or ELF file.</summary>
    public string Guest { get; init; } = "hello";

    /// <summary>Virtual processors, 1..64.</summary>
    public int Vcpus { get; init; } = 1;

    /// <summary>Private memory added and measured before the TD runs, in bytes.</summary>
    public ulong MemoryBytes { get; init; } = 256 << 10;

    /// <summary>Guest physical address width, 48 or 52.</summary>
    public int Gpaw { get; init; } = 48;

    /// <summary>
    /// The width the vCPUs are told (KVM_SET_CPUID2), 48 or 52; null: <see cref="Gpaw"/>. Another value shows what KVM
    /// does about a VMM that contradicts itself.
    /// </summary>
    public int? VcpuGpaw { get; init; }

    /// <summary>TD_PARAMS.ATTRIBUTES.</summary>
    public ulong Attributes { get; init; } = 1UL << 28;

    /// <summary>TD_PARAMS.XFAM.</summary>
    public ulong Xfam { get; init; } = 3;

    /// <summary>Changes to single CPUID registers.</summary>
    public IReadOnlyList<CpuidChoice> Cpuid { get; init; } = [];

    /// <summary>Instructions the TD's vCPUs may execute before the host stops them.</summary>
    public ulong MaxInstructions { get; init; } = 20_000_000;
}

/// <summary>Configurable CPUID bits a TD gets or does not get.</summary>
/// <param name="Leaf">EAX of CPUID.</param>
/// <param name="Subleaf">ECX of CPUID.</param>
/// <param name="Register">0 EAX, 1 EBX, 2 ECX, 3 EDX.</param>
/// <param name="Set">Bits to set.</param>
/// <param name="Clear">Bits to clear.</param>
public readonly record struct CpuidChoice(uint Leaf, uint Subleaf, int Register, uint Set, uint Clear);

/// <summary>What the host does at one point of a scenario.</summary>
/// <param name="Verb">load, init, create, run, destroy or end.</param>
/// <param name="Td">The TD meant, or null for all.</param>
public readonly record struct Step(string Verb, string? Td);

/// <summary>The platform before an upgrade.</summary>
/// <param name="Module">TDX module version.</param>
/// <param name="CpuDiffers">How every logical processor differed from the CPU model.</param>
public sealed record UpgradePlan(ModuleDefinition Module, IReadOnlyList<LpOverride> CpuDiffers);

/// <summary>The VMM's author: what the program does about configurable CPUID bits.</summary>
/// <param name="Program">adaptive, old or aware.</param>
/// <param name="UnknownBits">Bits that became configurable after it was written: zero, one or copy.</param>
public sealed record UserPlan(string Program = "adaptive", string UnknownBits = "copy");

/// <summary>A whole run: platform, TDs and what happens to them.</summary>
public sealed record Scenario
{
    /// <summary>The machine.</summary>
    public required Platform Platform { get; init; }

    /// <summary>The cost model's name.</summary>
    public string Timing { get; init; } = Seamsim.Timing.Interval.ShortName;

    /// <summary>The TDs.</summary>
    public IReadOnlyList<TdPlan> Tds { get; init; } = [];

    /// <summary>What happens, in order.</summary>
    public IReadOnlyList<Step> Steps { get; init; } = [];

    /// <summary>The program that drives KVM.</summary>
    public UserPlan User { get; init; } = new();

    /// <summary>The platform on which the same program ran before; null: there was no upgrade.</summary>
    public UpgradePlan? Upgrade { get; init; }

    /// <summary>
    /// Whether what KVM or the module refuses is an outcome of the run like any other; otherwise it fails the run.
    /// </summary>
    public bool RecordsRefusals { get; init; }

    /// <summary>The resolved configuration as TOML with origins.</summary>
    public string ResolvedText { get; init; } = "";

    /// <summary>What the scenario was read from.</summary>
    internal TableSetting? Settings { get; init; }

    /// <summary>Directory against which relative guest paths are resolved.</summary>
    public string Directory { get; init; } = "";

    /// <summary>The same scenario, written for a place from which its guests and overlays are named.</summary>
    internal Scenario NamedFrom(string directory) => Settings is null ? this : this with
    {
        ResolvedText = Seamsim.Configuration.ResolvedText.Of(
            new InputFiles(Directory).Map(Settings, InputFiles.From(directory))),
    };

    /// <summary>The fully commented default scenario.</summary>
    public static string Defaults => Layers.DefaultsText();

    /// <summary>The default scenario with overrides.</summary>
    /// <exception cref="ConfigurationException">An override cannot be used.</exception>
    public static Scenario Default(params IReadOnlyList<string> overrides) =>
        ScenarioReader.Read(Layers.Resolve(null, overrides), "");

    /// <summary>A scenario from TOML text.</summary>
    /// <param name="text">TOML.</param>
    /// <param name="name">File name for messages and origins; relative guest paths start at its directory.</param>
    /// <param name="overrides"><c>key=value</c>, later ones win.</param>
    /// <exception cref="ConfigurationException">Something in it cannot be used; the message has file and
    /// line.</exception>
    public static Scenario Parse(string text, string name, params IReadOnlyList<string> overrides) =>
        ScenarioReader.Read(Layers.Resolve((text, name), overrides), Path.GetDirectoryName(name) ?? "");
}
