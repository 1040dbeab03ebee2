using Seamsim.Isa.Ports;
using Seamsim.Timing;

namespace Seamsim.Tests.Accounts;

/// <summary>Core parameter files: what is in the shipped one, and what is said about a wrong one.</summary>
[TestFixture]
internal sealed class CoreParametersTests
{
    private const string Vmread = "Vmread,40,20,60,8,VmcsAccess,";

    [Test]
    public void Every_operation_has_a_row_with_a_range_and_a_source()
    {
        CoreParameters shipped = CoreParameters.Shipped;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(shipped.Name, Is.EqualTo("golden-cove-2026.1"));
            Assert.That(shipped.Rows.Select(row => row.Operation), Is.EqualTo(Enum.GetValues<Operation>()));
            foreach (OperationCost row in shipped.Rows)
            {
                Assert.That(row.Cycles, Is.InRange(row.Low, row.High), row.Operation.ToString());
                Assert.That(row.Source, Does.Match("fitted|assumed|uops.info|chipsandcheese|pmu-tools|LKML|^as "), row.Operation.ToString());
            }
        }
    }

    [Test]
    public void An_edited_copy_is_a_set_of_its_own()
    {
        string text = CoreParameters.ShippedText.Replace(Vmread, "Vmread,10,5,60,8,VmcsAccess,", StringComparison.Ordinal);
        Interval model = new(CoreParameters.Parse(text, "dir/quick-vmread.csv"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Name, Is.EqualTo("interval, quick-vmread"));
            Assert.That(model.OperationCycles(Operation.Vmread), Is.EqualTo(10));
            Assert.That(model.ManagedCycles(Operation.Vmread), Is.EqualTo(10 + 4), "8 instructions at 50 cycles a hundred");
            Assert.That(model.OperationCycles(Operation.Vmwrite), Is.EqualTo(40));
        }
    }

    [Test]
    public void Straight_line_code_costs_its_rate_rounded_up_and_never_nothing()
    {
        Interval model = new(CoreParameters.Shipped);
        Assert.That(
            new[] { 1, 2, 3, 10, 11 }.Select(count => model.BlockCycles([], 0, 64, count)),
            Is.EqualTo(new uint[] { 1, 1, 2, 5, 6 }));
    }

    [TestCase("Vmread,ten,20,60,8,VmcsAccess,", "cycles: \"ten\": expected a whole number")]
    [TestCase("Vmread,-1,20,60,8,VmcsAccess,", "cycles: \"-1\": expected a whole number")]
    [TestCase("Vmread,99999999999,20,60,8,VmcsAccess,", "expected a whole number up to 10000000")]
    [TestCase("Vmread,70,20,60,8,VmcsAccess,", "Vmread: expected low <= cycles <= high, found 20, 70, 60")]
    [TestCase("Vmread,40,20,60,8,Weather,", "\"Weather\": expected a cause")]
    [TestCase("Vmread,40,20,60,8,3,", "\"3\": expected a cause")]
    [TestCase("Vmreed,40,20,60,8,VmcsAccess,", "\"Vmreed\": expected the name of an operation")]
    [TestCase("Vmwrite,40,20,60,8,VmcsAccess,", "Vmwrite: expected one row, there is another in line")]
    [TestCase("Vmread,40,20,60,VmcsAccess,", "expected 7 cells, found 6")]
    public void A_row_that_cannot_be_used_is_named_by_file_and_line(string row, string expected)
    {
        string text = CoreParameters.ShippedText.Replace(Vmread, row, StringComparison.Ordinal);
        int line = LineOf(CoreParameters.ShippedText, row.StartsWith("Vmwrite", StringComparison.Ordinal) ? "Vmwrite," : "Vmread,");
        Assert.That(
            () => CoreParameters.Parse(text, "my.csv"),
            Throws.InstanceOf<TimingDataException>().With.Message.StartsWith($"my.csv:{line}: ").And.Message.Contains(expected));
    }

    [TestCase("L1dKib", "L1dKib,48", "L1dKib,47", "47 KiB with L1dWays = 12: expected a power of two of sets, at least 64 of at least 2 ways, not 752/12")]
    [TestCase("L1dKib", "L1dKib,48", "L1dKib,72", ", not 96")]
    [TestCase("L1dKib", "L1dKib,48", "L1dKib,24", ", not 32")]
    [TestCase("L1dKib", "L1dWays,12", "L1dWays,1", "48 KiB with L1dWays = 1")]
    [TestCase("L1iKib", "L1iKib,32", "L1iKib,16", "16 KiB with L1iWays = 8: expected a power of two of sets, at least 64, not 32")]
    [TestCase("L2Kib", "L2Kib,2048", "L2Kib,1536", "1536 KiB with L2Ways = 16: expected a power of two of sets, not 1536")]
    [TestCase("L3KibPerLp", "L3KibPerLp,1920", "L3KibPerLp,1921", "1921 KiB with L3Ways = 15: expected a whole number of sets, not 30736/15")]
    [TestCase("L3KibPerLp", "L3KibPerLp,1920,1,1048576", "L3KibPerLp,7500000,1,9000000", "expected at most 1048576 KiB")]
    [TestCase("DtlbEntries", "DtlbEntries,96", "DtlbEntries,97", "97 entries with DtlbWays = 6: expected a whole number of sets, not 97/6")]
    [TestCase("ItlbLargeEntries", "ItlbLargeEntries,32", "ItlbLargeEntries,2", "2 entries with ItlbLargeWays = 4")]
    [TestCase("StlbEntries", "StlbWays,16", "StlbWays,15", "2048 entries with StlbWays = 15")]
    [TestCase("BtbEntries", "BtbEntries,12288", "BtbEntries,12000", "12000 entries with BtbWays = 6: expected a power of two of sets, not 2000")]
    public void Sizes_that_make_no_sets_are_refused_with_the_line_of_the_size(
        string size, string row, string edited, string expected)
    {
        string text = CoreParameters.ShippedText.Replace($"\n{row},", $"\n{edited},", StringComparison.Ordinal);
        int line = Array.FindIndex(text.Split('\n'), candidate => candidate.StartsWith($"{size},", StringComparison.Ordinal)) + 1;
        Assert.That(
            () => CoreParameters.Parse(text, "my.csv"),
            Throws.InstanceOf<TimingDataException>().With.Message.StartsWith($"my.csv:{line}: {size}: ").And.Message.Contains(expected));
    }

    [TestCase("L1dKib,48", "L1dKib,96")]
    [TestCase("L3KibPerLp,1920", "L3KibPerLp,1905")]
    [TestCase("DtlbEntries,96", "DtlbEntries,90")]
    [TestCase("DtlbWays,6", "DtlbWays,1")]
    public void Sizes_that_are_whole_sets_are_taken(string row, string edited)
    {
        string text = CoreParameters.ShippedText.Replace($"\n{row},", $"\n{edited},", StringComparison.Ordinal);
        Assert.That(() => CoreParameters.Parse(text, "my.csv"), Throws.Nothing);
    }

    [TestCase("Vmread,", "expected a row Vmread")]
    [TestCase("StraightLine100,", "expected a row StraightLine100")]
    [TestCase("name,", "expected the columns name,cycles")]
    public void A_line_that_is_missing_is_named(string start, string expected)
    {
        string text = string.Join(
            '\n', CoreParameters.ShippedText.Split('\n').Where(line => !line.StartsWith(start, StringComparison.Ordinal)));
        Assert.That(
            () => CoreParameters.Parse(text, "my.csv"),
            Throws.InstanceOf<TimingDataException>().With.Message.StartsWith("my.csv:").And.Message.Contains(expected));
    }

    [Test]
    public void A_row_without_a_source_is_refused()
    {
        string text = string.Join('\n', CoreParameters.ShippedText.Split('\n')
            .Select(line => line.StartsWith(Vmread, StringComparison.Ordinal) ? Vmread : line));
        Assert.That(
            () => CoreParameters.Parse(text, "my.csv"),
            Throws.InstanceOf<TimingDataException>().With.Message.Contains("Vmread: expected a source"));
    }

    [TestCase("functional", "functional")]
    [TestCase("interval", "interval, golden-cove-2026.1")]
    [TestCase("interval, golden-cove-2026.1", "interval, golden-cove-2026.1")]
    [TestCase("interval, of-somebody-else", null)]
    [TestCase("", null)]
    public void A_model_is_found_by_its_short_name_and_by_the_name_figures_carry(string name, string? found) =>
        Assert.That(CostModels.Create(name)?.Name, Is.EqualTo(found));

    private static int LineOf(string text, string start)
    {
        string[] lines = text.Split('\n');
        int vmread = Array.FindIndex(lines, line => line.StartsWith("Vmread,", StringComparison.Ordinal));
        int wanted = Array.FindIndex(lines, line => line.StartsWith(start, StringComparison.Ordinal));
        return Math.Max(vmread, wanted) + 1;
    }
}
