using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Seamsim.Sweeps;

/// <summary>
/// Condenses what decides a run's result: its settings, the contents of the files they name, and this program with its
/// data tables. Equal fingerprints, equal results.
/// </summary>
internal static class Fingerprint
{
    private const int Bytes = 16;

    private static readonly string Program = OfProgram();

    /// <summary>The fingerprint of a run with these settings.</summary>
    public static string Of(string settings) => Condense(Program + settings);

    /// <summary>Condenses a text.</summary>
    public static string Condense(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, Bytes));

    /// <summary>
    /// Builds are deterministic, so that a module's version id stands for its code and its embedded tables.
    /// </summary>
    private static string OfProgram()
    {
        Assembly own = typeof(Machine).Assembly;
        IEnumerable<Assembly> parts = own.GetReferencedAssemblies()
            .Where(name => name.Name!.StartsWith(nameof(Seamsim), StringComparison.Ordinal) || name.Name == "Iced")
            .Select(Assembly.Load)
            .Append(own);
        return string.Join('\n', parts
            .Select(part => $"{part.GetName().Name} {part.ManifestModule.ModuleVersionId}")
            .Order(StringComparer.Ordinal)) + "\n";
    }
}
