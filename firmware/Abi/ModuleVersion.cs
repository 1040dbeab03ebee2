namespace Seamsim.Firmware.Abi;

/// <summary>Names the version of the TDX module whose tables are meant; a folder under Data.</summary>
/// <param name="Name">Major.minor.update as Intel writes it, e.g. <c>1.5.01</c>.</param>
public readonly record struct ModuleVersion(string Name)
{
    /// <summary>The version built in today.</summary>
    public static ModuleVersion Default => new("1.5.01");

    /// <summary>Every version there are tables of, in order.</summary>
    public static IReadOnlyList<ModuleVersion> All { get; } =
    [
        .. typeof(ModuleVersion).Assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith("/op-state.csv", StringComparison.Ordinal))
            .Select(name => new ModuleVersion(name[..name.IndexOf('/', StringComparison.Ordinal)]))
            .OrderBy(version => version.Name, StringComparer.Ordinal),
    ];

    /// <inheritdoc/>
    public override string ToString() => Name;
}
