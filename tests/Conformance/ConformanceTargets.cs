using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// Where the rows run. A further module is one more line here: every row then runs on it too, under its name.
/// </summary>
internal static class ConformanceTargets
{
    // name | a platform whose module is installed and not yet initialised
    private static readonly (string Name, Func<IConformanceTarget> Install)[] All =
    [
        ("bare",    () => new ModulePlatform()),
        ("machine", () => new MachineTarget()),
    ];

    /// <summary>Their names: the argument of every fixture.</summary>
    public static IEnumerable<string> Names => All.Select(target => target.Name);

    /// <summary>A target whose module is installed.</summary>
    public static IConformanceTarget Installed(string name) => All.Single(target => target.Name == name).Install();

    /// <summary>A target whose module is READY.</summary>
    public static IConformanceTarget Ready(string name)
    {
        IConformanceTarget target = Installed(name);
        target.BringUp();
        return target;
    }
}
