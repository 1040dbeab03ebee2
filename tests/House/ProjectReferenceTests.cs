using System.Xml.Linq;

namespace Seamsim.Tests.House;

/// <summary>The layers of the house: who may know whom. A reference outside this table fails the build's tests.</summary>
internal sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["isa/Isa.csproj"]                = [],
        ["firmware/Abi/Abi.csproj"]       = [],
        ["firmware/Module/Module.csproj"] = ["Isa", "Abi"],
        ["firmware/Loader/Loader.csproj"] = ["Isa", "Abi"],
        ["sim/Timing/Timing.csproj"]      = ["Isa"],
        ["sim/Trace/Trace.csproj"]        = ["Isa", "Abi"],
        ["sim/Host/Host.csproj"]          = ["Isa", "Abi"],
        ["sim/Machine/Machine.csproj"]    = ["Isa", "Abi", "Module", "Loader", "Timing", "Trace", "Host"],
        ["sim/Cli/Cli.csproj"]            = ["Machine"],
    };

    private static string Root => HouseRoot.Path;

    [Test]
    public void Product_projects_reference_only_the_layers_below_them()
    {
        using (Assert.EnterMultipleScope())
        {
            foreach ((string project, string[] allowed) in Allowed)
            {
                string[] actual = [.. XDocument.Load(Path.Combine(Root, project)).Descendants("ProjectReference")
                    .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')))];
                Assert.That(actual.Except(allowed), Is.Empty, $"{project} references a layer it must not know");
            }
        }
    }

    [Test]
    public void Every_product_project_is_in_the_table()
    {
        IEnumerable<string> found = new[] { "isa", "firmware", "sim" }
            .SelectMany(d => Directory.EnumerateFiles(Path.Combine(Root, d), "*.csproj", SearchOption.AllDirectories))
            .Select(p => Path.GetRelativePath(Root, p).Replace('\\', '/'));
        Assert.That(found, Is.EquivalentTo(Allowed.Keys));
    }

    [Test]
    public void The_top_level_holds_exactly_the_agreed_entries()
    {
        string[] agreed =
        [
            "sim", "isa", "firmware", "tests", "perf", "Simulator.sln", "Directory.Packages.props",
            "Directory.Build.props", "README.md", "LICENSE",
        ];
        IEnumerable<string> found = Directory.EnumerateFileSystemEntries(Root)
            .Select(p => Path.GetFileName(p)!)
            .Where(n => !n.StartsWith('.') && n is not ("TestResults" or "out" or "artifacts" or "BenchmarkDotNet.Artifacts"));
        Assert.That(found, Is.EquivalentTo(agreed));
    }
}
