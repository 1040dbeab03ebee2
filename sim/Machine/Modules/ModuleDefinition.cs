using Seamsim.Configuration;
using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Modules;

namespace Seamsim;

/// <summary>
/// Which TDX module a machine runs: a version, or a version with overlays on top. Tables are read once and shared by
/// every machine that runs the same definition.
/// </summary>
public sealed class ModuleDefinition
{
    private const string ResourceFolder = "overlays/", Extension = ".toml";

    private static readonly Dictionary<string, Lazy<ModuleDefinition>> Known = ListKnown();

    private readonly Lazy<ModuleRules> rules;

    private ModuleDefinition(string spec, string name, ModuleTables tables)
    {
        (Spec, Name, Tables) = (spec, name, tables);
        rules = new(() => ModuleRules.Of(tables));
    }

    /// <summary>The version built in today, without overlays.</summary>
    public static ModuleDefinition Default => Resolve(ModuleVersion.Default.Name);

    /// <summary>Versions there are tables of.</summary>
    public static IReadOnlyList<string> BaseVersions { get; } = [.. ModuleVersion.All.Select(version => version.Name)];

    /// <summary>Names of the shipped overlays, in alphabetical order; all are hypothetical.</summary>
    public static IReadOnlyList<string> ShippedOverlays { get; } =
        [.. Known.Keys.Except(BaseVersions).Order(StringComparer.Ordinal)];

    /// <summary>What a module may be called, for messages.</summary>
    public static string Expected =>
        $"a version ({string.Join(", ", BaseVersions)}), a shipped overlay ({string.Join(", ", ShippedOverlays)}) "
        + "or the path of an overlay file";

    /// <summary>How it was asked for: a version, an overlay's name, or a path.</summary>
    public string Spec { get; }

    /// <summary>The version, or the name of the topmost overlay.</summary>
    public string Name { get; }

    /// <summary>What it is about, in words.</summary>
    public string Title { get; private init; } = "";

    /// <summary>The version beneath the overlays.</summary>
    public ModuleVersion Base => Tables.Version;

    /// <summary>The overlays, the lowest first.</summary>
    public IReadOnlyList<ModuleOverlay> Overlays { get; private init; } = [];

    /// <summary>Whether anything in it is not what a real module does.</summary>
    public bool Hypothetical { get; private init; }

    /// <summary>Its tables.</summary>
    public ModuleTables Tables { get; }

    internal ModuleRules Rules => rules.Value;

    /// <summary>Finds a module by version, by the name of a shipped overlay, or by the path of an overlay.</summary>
    /// <param name="spec">Version, name, or path.</param>
    /// <param name="directory">Where a relative path starts; empty is the current directory.</param>
    /// <exception cref="ConfigurationException">
    /// There is no such module, or the overlay cannot be used; the message has file and line.
    /// </exception>
    public static ModuleDefinition Resolve(string spec, string directory = "") =>
        Find(spec, directory) ?? throw new ConfigurationException($"{spec}: expected {Expected}");

    /// <summary>As <see cref="Resolve"/>, but null when there is no such module.</summary>
    internal static ModuleDefinition? Find(string spec, string directory) => Find(spec, directory, []);

    /// <summary>Whether a module is found by name alone.</summary>
    internal static bool IsShipped(string spec) => Known.ContainsKey(spec);

    /// <summary>The definition an overlay makes of what lies beneath it.</summary>
    internal static ModuleDefinition On(ModuleDefinition beneath, string spec, OverlayFile file, ModuleTables tables) =>
        new(spec, file.Overlay.Name, tables)
        {
            Title = file.Title,
            Overlays = [.. beneath.Overlays, file.Overlay],
            Hypothetical = beneath.Hypothetical || file.Hypothetical,
        };

    internal static ModuleDefinition? Find(string spec, string directory, IReadOnlyList<string> above)
    {
        if (Known.TryGetValue(spec, out Lazy<ModuleDefinition>? known))
            return known.Value;
        string path = Path.Combine(directory, spec);
        if (!spec.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) || !File.Exists(path))
            return null;
        try
        {
            return new OverlayReader(path, [.. above, Path.GetFullPath(path)]).Read(File.ReadAllText(path), spec);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: expected an overlay that can be read: {wrong.Message}");
        }
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string overlays = string.Concat(Overlays.Select(overlay => $" + {overlay.Name}"));
        return $"{Base}{overlays}{(Hypothetical ? " (hypothetical)" : "")}";
    }

    private static Dictionary<string, Lazy<ModuleDefinition>> ListKnown()
    {
        Dictionary<string, Lazy<ModuleDefinition>> known = [];
        foreach (ModuleVersion version in ModuleVersion.All)
            known.Add(version.Name, new(() => new ModuleDefinition(
                version.Name, version.Name, ModuleTables.Load(version))));
        foreach (string resource in typeof(ModuleDefinition).Assembly.GetManifestResourceNames())
            if (resource.StartsWith(ResourceFolder, StringComparison.Ordinal))
            {
                string name = resource[ResourceFolder.Length..^Extension.Length];
                known.Add(name, new(() => ReadShipped(resource, name)));
            }
        return known;
    }

    private static ModuleDefinition ReadShipped(string resource, string name)
    {
        using Stream stream = typeof(ModuleDefinition).Assembly.GetManifestResourceStream(resource)!;
        using StreamReader reader = new(stream);
        return new OverlayReader(resource, [resource]).Read(reader.ReadToEnd(), name);
    }
}
