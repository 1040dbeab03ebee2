using Seamsim.Firmware.Module;

namespace Seamsim.Tests.Firmware.Module.Exits;

[Category("Conformance")]
public class MsrTableTests
{
    private static MsrTable Table => Rules.Default.Msrs;

    [Test]
    public void Rows_ascend_and_do_not_overlap()
    {
        for (int i = 1; i < Table.Rows.Count; i++)
            Assert.That(Table.Rows[i].First, Is.GreaterThan(Table.Rows[i - 1].Last), Table.Rows[i].Name);
        Assert.That(Table.Rows, Has.Count.EqualTo(134));
    }

    [Test]
    public void Every_row_shows_in_the_bitmap_of_a_TD_with_nothing_and_of_a_TD_with_everything()
    {
        foreach (TdFeatures features in new[] { TdFeatures.None, (TdFeatures)0xFFFF })
        {
            byte[] page = new byte[4096];
            Table.WriteBitmap(features, page);
            foreach (MsrRow row in Table.Rows)
            {
                for (uint msr = row.First; msr <= row.Last; msr++)
                {
                    Assert.That(
                        Bit(page, msr, 0), Is.EqualTo(Exits(row.ReadRule, features)), $"read {row.Name} {features}");
                    Assert.That(
                        Bit(page, msr, 2048), Is.EqualTo(Exits(row.WriteRule, features)),
                        $"write {row.Name} {features}");
                }
            }
        }
    }

    [Test]
    public void An_MSR_without_a_row_exits()
    {
        byte[] page = new byte[4096];
        Table.WriteBitmap((TdFeatures)0xFFFF, page);
        Assert.That(Table.Find(0x1B), Is.Null);
        Assert.That(Bit(page, 0x1B, 0) && Bit(page, 0x1B, 2048), Is.True);
        Assert.That(Bit(page, 0xC0000105, 0) && Bit(page, 0xC0000105, 2048), Is.True);
    }

    [TestCase(0x10u, false, true)]
    [TestCase(0x48u, false, false)]
    [TestCase(0x10Au, true, false)]
    [TestCase(0x38Fu, true, true)]
    [TestCase(0x6E0u, true, true)]
    [TestCase(0x80Bu, false, false)]
    [TestCase(0xC80u, false, true)]
    [TestCase(0xDA0u, false, true)]
    [TestCase(0xC0000080u, false, true)]
    [TestCase(0xC0000102u, false, false)]
    public void A_TD_without_features_exits_on_reads_and_writes_as_the_base_specification_says(
        uint msr, bool readExits, bool writeExits)
    {
        byte[] page = new byte[4096];
        Table.WriteBitmap(TdFeatures.None, page);
        Assert.That(Bit(page, msr, 0), Is.EqualTo(readExits), "read");
        Assert.That(Bit(page, msr, 2048), Is.EqualTo(writeExits), "write");
    }

    [Test]
    public void Performance_monitoring_opens_its_MSRs_and_perf_capabilities_stays_closed_without_PT()
    {
        MsrRow capabilities = Table.Find(0x345)!.Value;
        Assert.That(MsrTable.Exits(capabilities.ReadRule, TdFeatures.Perfmon), Is.True);
        Assert.That(MsrTable.Exits(capabilities.ReadRule, TdFeatures.Perfmon | TdFeatures.Pt), Is.False);
        Assert.That(MsrTable.Exits(capabilities.WriteRule, TdFeatures.Perfmon), Is.False);
        Assert.That(MsrTable.Exits(Table.Find(0xC1)!.Value.ReadRule, TdFeatures.Perfmon), Is.False);
    }

    // Independent of MsrTable.Exits: the rule's name says which feature opens the MSR.
    private static bool Exits(MsrExitRule rule, TdFeatures features) =>
        rule == MsrExitRule.Exit || rule != MsrExitRule.Native && features == TdFeatures.None;

    private static bool Bit(byte[] page, uint msr, int offset)
    {
        if (msr >= 0xC0000000)
            return (page[offset + 1024 + (msr - 0xC0000000) / 8] >> (int)(msr % 8) & 1) != 0;
        return (page[offset + msr / 8] >> (int)(msr % 8) & 1) != 0;
    }
}
