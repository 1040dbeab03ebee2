namespace Seamsim;

/// <content>What this program consists of.</content>
public sealed partial class Machine
{
    /// <summary>Models, data versions and engine, as name and text.</summary>
    public static IReadOnlyList<(string Name, string Text)> Versions =>
    [
        ("engine", "interpreter (pre-decoded chained handlers), Iced " + VersionOf(typeof(Iced.Intel.Decoder))),
        ("timing", "functional; " + new Timing.Interval(Timing.CoreParameters.Shipped).Name),
        ("cpu models", string.Join(", ", CpuModels)),
        ("TDX module", string.Join(", ", ModuleDefinition.BaseVersions) + " (C#)"),
        ("overlays", string.Join(", ", ModuleDefinition.ShippedOverlays) + " (hypothetical modules)"),
        ("runtime", System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription),
    ];

    private static string VersionOf(Type type) => type.Assembly.GetName().Version?.ToString(3) ?? "?";
}
