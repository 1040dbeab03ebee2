using System.CommandLine;
using Seamsim.Configuration;
using Seamsim.Isa.Models;
using Seamsim.Oracle;

namespace Seamsim.Cli;

/// <summary>What <c>seamsim cpuid</c> is asked to do.</summary>
internal sealed record CpuidRequest
{
    private const ulong Memory = 1UL << 30;

    /// <summary>Module to ask.</summary>
    public required string Module { get; init; }

    /// <summary>The two modules of <c>--diff</c>.</summary>
    public (string Before, string After)? Compared { get; init; }

    /// <summary>CPU model.</summary>
    public required string Cpu { get; init; }

    /// <summary>What the processor answers differently from its model.</summary>
    public IReadOnlyList<LpOverride> Differences { get; init; } = [];

    /// <summary>The TD, without its settings: they need the module's tables.</summary>
    public required CpuidQuestion Question { get; init; }

    /// <summary>The settings as they were written.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Only this leaf, or leaf and sub-leaf.</summary>
    public (uint Leaf, uint? Subleaf)? Only { get; init; }

    /// <summary>Only fields whose name, category or reason contains this.</summary>
    public string? Grep { get; init; }

    /// <summary>Reserved zeros too.</summary>
    public bool All { get; init; }

    /// <summary>Comma-separated values instead of text.</summary>
    public bool Csv { get; init; }

    /// <summary>Whether a leaf is asked for.</summary>
    public bool Wants(uint leaf, uint subleaf) => Only is not { } only
        || (only.Leaf == leaf && (only.Subleaf is not { } wanted || wanted == subleaf || subleaf == uint.MaxValue));

    /// <summary>Whether a field is asked for.</summary>
    public bool Wants(CpuidFieldView view) => Grep is not { Length: > 0 } text
        || Contains(view.Field.Name, text) || Contains(CpuidNames.Of(view.Field.Category), text)
        || Contains(view.Reason.Text, text);

    /// <summary>The smallest platform that answers: one logical processor, 1 GiB.</summary>
    public Platform Platform(string module) => new()
    {
        LpsPerPackage = 1,
        MemoryBytes = Memory,
        Cpu = Cpu,
        Module = module,
        CpuDiffers = Differences,
    };

    /// <summary>Whether a text contains another, whatever the case.</summary>
    public static bool Contains(string text, string part) => text.Contains(part, StringComparison.OrdinalIgnoreCase);
}

/// <summary>The options of <c>seamsim cpuid</c>.</summary>
internal sealed class CpuidOptions
{
    private readonly Option<string> module = new("--module")
    {
        Description = $"TDX module: {ModuleDefinition.Expected}.",
        DefaultValueFactory = _ => new Platform().Module,
    };

    private readonly Option<string[]> diff = new("--diff")
    {
        Description = "Two modules A B: what changes for the same TD, field by field.",
        Arity = new ArgumentArity(2, 2),
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string> cpu = new("--cpu")
        { Description = "CPU model.", DefaultValueFactory = _ => new Platform().Cpu };

    private readonly Option<string[]> differs = new("--cpu-differs")
        { Description = "What the processor answers differently: 0x7.0.ebx[11]=0, msr.0x10a[7]=0; repeatable." };

    private readonly Option<string?> attributes = new("--attributes")
        { Description = "ATTRIBUTES: names with commas (DEBUG,PKS) or a number [default: SEPT_VE_DISABLE]." };

    private readonly Option<string?> xfam = new("--xfam")
        { Description = "XFAM: names with commas (X87,SSE,AVX) or a number [default: X87,SSE]." };

    private readonly Option<string> capabilities = new("--arch-capabilities")
    {
        Description = "IA32_ARCH_CAPABILITIES_CONFIG: names with commas, a number, or none.",
        DefaultValueFactory = _ => "none",
    };

    private readonly Option<string[]> set = new("--set")
    {
        Description = "A bit of CPUID_CONFIG: 0x7.0.ebx[11]=0, 7.0.ebx.11=0 or RTM=0; repeatable. Without it, what "
            + "the processor has in every configurable bit.",
    };

    private readonly Option<string> gpaw = new("--gpaw")
        { Description = "Guest physical address width: 48 or 52.", DefaultValueFactory = _ => "48" };

    private readonly Option<string?> leaf = new("--leaf") { Description = "Only this leaf: 0x7 or 0x7.0." };

    private readonly Option<string?> grep = new("--grep")
        { Description = "Only fields whose name, category or reason contains this text." };

    private readonly Option<bool> all = new("--all") { Description = "Reserved fields that are 0, too." };

    private readonly Option<bool> csv = new("--csv") { Description = "Comma-separated values on stdout." };

    /// <summary>Gives the verb its options.</summary>
    public void AddTo(Command command)
    {
        gpaw.AcceptOnlyFromAmong("48", "52");
        foreach (Option option in new Option[]
            { module, diff, cpu, differs, attributes, xfam, capabilities, set, gpaw, leaf, grep, all, csv })
            command.Add(option);
    }

    /// <summary>What was asked.</summary>
    /// <exception cref="ConfigurationException">An argument cannot be used.</exception>
    public CpuidRequest Read(ParseResult result)
    {
        CpuidQuestion question = new()
        {
            Gpaw = result.GetValue(gpaw) == "52" ? 52 : 48,
            ArchCapabilities = CpuidArguments.Capabilities(result.GetValue(capabilities)!),
        };
        if (result.GetValue(attributes) is { } a)
            question = question with { Attributes = CpuidArguments.Mask("--attributes", a, CpuidNames.AttributeBits) };
        if (result.GetValue(xfam) is { } x)
            question = question with { Xfam = CpuidArguments.Mask("--xfam", x, CpuidNames.XfamBits) };
        return new CpuidRequest
        {
            Module = Module(result.GetValue(module)!),
            Compared = result.GetValue(diff) is [var before, var after] ? (Module(before), Module(after)) : null,
            Cpu = Model(result.GetValue(cpu)!),
            Differences = [.. (result.GetValue(differs) ?? []).Select(CpuidArguments.Difference)],
            Question = question,
            Settings = result.GetValue(set) ?? [],
            Only = result.GetValue(leaf) is { } only ? CpuidArguments.Leaf(only) : null,
            Grep = result.GetValue(grep),
            All = result.GetValue(all),
            Csv = result.GetValue(csv),
        };
    }

    private static string Model(string name) => CpuModel.Exists(name)
        ? name
        : throw new ConfigurationException(
            $"seamsim cpuid: --cpu {name}: expected one of {string.Join(", ", Machine.CpuModels)}");

    private static string Module(string spec) => ModuleDefinition.Resolve(spec).Spec;
}
