using Seamsim.Firmware.Abi;

namespace Seamsim.Tests.Firmware.Abi;

public class TableTests
{
    private static readonly ModuleTables Tables = ModuleTables.Load(ModuleVersion.Default);

    [Test]
    public void A_version_without_tables_is_refused() =>
        Assert.That(() => ModuleTables.Load(new ModuleVersion("9.9")), Throws.TypeOf<InvalidDataException>());

    [Test]
    public void Exactly_the_five_leaves_of_the_ABI_know_a_second_version()
    {
        IEnumerable<int> versioned =
            LeafCatalog.All.Where(l => l.Side == LeafSide.Host && l.MaxVersion > 0).Select(l => l.Number);
        Assert.That(versioned, Is.EqualTo(new[] { 3, 11, 23, 26, 30 }));
    }

    [Test]
    public void Exactly_these_leaves_run_before_the_module_is_ready()
    {
        IEnumerable<int> early = LeafCatalog.All
            .Where(l => l.Side == LeafSide.Host && l.States != LeafStates.Ready).Select(l => l.Number);
        Assert.That(early, Is.EqualTo(new[] { 31, 32, 33, 34, 35, 37, 44, 45, 53 }));
    }

    [Test]
    public void A_leaf_is_found_by_name_and_by_number() =>
        Assert.That(LeafCatalog.Find("TDH.MNG.INIT"), Is.SameAs(LeafCatalog.Find(LeafSide.Host, 21)));

    [TestCase(0, OpState.Runnable, ExpectedResult = true)]
    [TestCase(0, OpState.Initialized, ExpectedResult = false)]
    [TestCase(2, OpState.Initialized, ExpectedResult = true)]
    [TestCase(2, OpState.Runnable, ExpectedResult = false)]
    [TestCase(21, OpState.Uninitialized, ExpectedResult = true)]
    [TestCase(38, OpState.FailedImport, ExpectedResult = false)]
    public bool The_op_state_table_says_when_a_leaf_may_run(int leaf, OpState state) =>
        Tables.OpState.Allows(leaf, state);

    [Test]
    public void Sixty_four_cpuid_entries_twelve_of_them_configurable_in_order()
    {
        IEnumerable<int> order = Tables.Cpuid.Configurable.Select(entry => entry.ConfigIndex);
        Assert.That((Tables.Cpuid.Entries.Count, order),
            Is.EqualTo((64, Enumerable.Range(0, 12))).Using<(int, IEnumerable<int>)>(
            (a, b) => a.Item1 == b.Item1 && a.Item2.SequenceEqual(b.Item2)));
    }

    [Test]
    public void A_bit_is_not_both_configurable_and_fixed()
    {
        IEnumerable<string> clashes = Tables.Cpuid.Entries
            .Where(e => ((e.ConfigDirect | e.AllowDirect) & (e.Fixed0OrDynamic | e.Fixed1)) != default)
            .Select(e => $"{e.Leaf:X}.{e.Subleaf:X}");
        Assert.That(clashes, Is.Empty);
    }

    [Test]
    public void Every_bit_of_every_cpuid_entry_belongs_to_exactly_one_field()
    {
        uint[,] seen = new uint[Tables.Cpuid.Entries.Count, 4];
        foreach (CpuidField field in Tables.CpuidFields.Fields)
        {
            Assert.That(seen[field.EntryIndex, field.Register] & field.Mask, Is.Zero, $"{field}");
            seen[field.EntryIndex, field.Register] |= field.Mask;
        }
        Assert.That(seen, Is.All.EqualTo(uint.MaxValue));
    }

    [TestCase(0x7u, 0u, 1, 4, "HLE", CpuidCategory.AllowDirect)]
    [TestCase(0x1u, 7u, 2, 31, "HYPERVISOR", CpuidCategory.Fixed)]
    [TestCase(0x80000008u, 0u, 0, 12, "LA_BITS", CpuidCategory.Calculated)]
    public void A_cpuid_field_is_found_by_any_of_its_bits(
        uint leaf, uint subleaf, int register, int bit, string name, CpuidCategory category)
    {
        CpuidField? field = Tables.CpuidFields.Find(leaf, subleaf, register, bit);
        Assert.That((field?.Name, field?.Category), Is.EqualTo((name, category)));
    }

    [Test]
    public void Every_table_names_a_source_in_every_row()
    {
        List<string> silent = [];
        foreach (string file in typeof(DataFile).Assembly.GetManifestResourceNames().Where(n => n.EndsWith(".csv",
            StringComparison.Ordinal)))
            silent.AddRange(DataFile.Read(file).Where(row => !row.Has("source")).Select(_ => file).Distinct());
        Assert.That(silent, Is.Empty);
    }
}
