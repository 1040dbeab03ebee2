using System.Globalization;
using System.Runtime.CompilerServices;
using Seamsim.Timing.Blocks;

namespace Seamsim.Tests.BlockCosts;

/// <summary>Blocks whose cycles were worked out by hand from the documented rules: <c>blocks.csv</c>.</summary>
[TestFixture]
internal sealed class BlockTableTests
{
    [Test]
    public void Every_block_of_the_table_costs_what_was_worked_out_by_hand()
    {
        Dictionary<string, PipelineParameters> cores =
            PipelineParameters.Shipped.ToDictionary(name => name, name => PipelineParameters.Find(name)!);
        string[] lines = File.ReadAllLines(Table());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines, Has.Length.GreaterThan(30));
            for (int i = 1; i < lines.Length; i++)
            {
                string[] cells = lines[i].Split(',');
                BlockReport? report = BlockReport.Of(Convert.FromHexString(cells[1]), 0, cores[cells[0]],
                    BlockStart.Distinct, out string reason);
                Assert.That(report, Is.Not.Null, reason);
                string found = string.Create(CultureInfo.InvariantCulture,
                    $"{report!.Unrolled.Cycles},{report.Looped.Cycles},{report.Unrolled.Bottleneck}");
                Assert.That(found, Is.EqualTo($"{cells[2]},{cells[3]},{cells[4]}").IgnoreCase,
                    $"blocks.csv:{i + 1}: {cells[5]} on {cells[0]}: {cells[6]}");
            }
        }
    }

    private static string Table([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "blocks.csv");
}
