using Seamsim.Firmware.Abi;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>Metadata through the leaves. TDX Module 1.5 ABI, "Metadata access functions".</summary>
public class MetadataRows(string target) : PlatformFixture(target)
{
    [TestCase(0x9100000100000008UL, 64UL, TestName = "{m}(MAX_TDMRS)")]
    [TestCase(0x9100000100000010UL, 16UL, TestName = "{m}(PAMT_4K_ENTRY_SIZE)")]
    [TestCase(0x9800000100000100UL, 0x6000UL, TestName = "{m}(TDCS_BASE_SIZE)")]
    [TestCase(0x1900000300000002UL, 0x6DBE7UL, TestName = "{m}(XFAM_FIXED0)")]
    [TestCase(0x9900000100000004UL, 12UL, TestName = "{m}(NUM_CPUID_CONFIG)")]
    [TestCase(0x9900000300000400UL, 0xFFFFFFFF00000001UL, TestName = "{m}(CPUID_CONFIG_LEAVES 0)")]
    [TestCase(0x9900000300000500UL, 0x00FF00000FFF3FFFUL, TestName = "{m}(CPUID_CONFIG_VALUES 0)")]
    public void A_system_field_reads_as(ulong id, ulong value) =>
        Assert.That(Expect(TdxStatus.Success, "TDH.SYS.RD", rdx: id).R8, Is.EqualTo(value));

    [Test]
    public void The_CMRs_are_counted() =>
        Assert.That(Expect(TdxStatus.Success, "TDH.SYS.RD", rdx: 0x9000000100000000).R8, Is.EqualTo(Target.NumCmrs));

    [Test]
    public void Following_next_ids_visits_every_readable_system_element_once()
    {
        ulong id = Seamcall("TDH.SYS.RD", rdx: ulong.MaxValue).Rdx;
        HashSet<ulong> seen = [];
        while (id != ulong.MaxValue && seen.Add(id))
            id = Expect(TdxStatus.Success, "TDH.SYS.RD", rdx: id).Rdx;
        uint expected = 0;
        foreach (MetadataField field in ModuleTables.Load(ModuleVersion.Default).SystemMetadata.Fields)
            expected += field.Host.Read != 0 ? field.Codes : 0;
        Assert.That((id, (uint)seen.Count), Is.EqualTo((ulong.MaxValue, expected)));
    }

    [Test]
    public void The_list_of_all_system_fields_fits_its_page_and_has_what_single_reads_give()
    {
        ulong buffer = Target.HostPage();
        ulong next = Expect(TdxStatus.Success, "TDH.SYS.RDALL", rdx: buffer, r8: ulong.MaxValue).R8;
        ParsedList list = ParsedList.Of(Target.ReadHost(buffer, 4096));
        List<(ulong, ulong)> single = [];
        ulong id = Seamcall("TDH.SYS.RD", rdx: ulong.MaxValue).Rdx;
        while (id != ulong.MaxValue)
        {
            SeamcallResult read = Expect(TdxStatus.Success, "TDH.SYS.RD", rdx: id);
            single.Add((ParsedList.Key(id), read.R8));
            id = read.Rdx;
        }
        using (Assert.EnterMultipleScope())
        {
            Assert.That(next, Is.EqualTo(ulong.MaxValue));
            Assert.That(list.Elements, Is.EqualTo(single));
            Assert.That(list.Rest, Is.All.Zero, "the rest of the page");
        }
    }

    // The fields of a sequence follow one another and have the same size and number of elements; whether they are
    // architectural does not part them.
    [TestCase(0, 0x0000000200000000UL, 9, 1, TestName = "{m}(NUM_PKGS and PKG_FMS)")]
    [TestCase(1, 0x0800000200000000UL, 2, 1, TestName = "{m}(VENDOR_ID and BUILD_DATE)")]
    [TestCase(2, 0x8800000100000002UL, 5, 1, TestName = "{m}(BUILD_NUM to INTERNAL_VERSION)")]
    public void Fields_that_follow_one_another_share_a_sequence(int sequence, ulong first, int fields, int elements)
    {
        ulong buffer = Target.HostPage();
        Expect(TdxStatus.Success, "TDH.SYS.RDALL", rdx: buffer, r8: ulong.MaxValue);
        ParsedList list = ParsedList.Of(Target.ReadHost(buffer, 4096));
        Assert.That(list.Sequences[sequence], Is.EqualTo((first, fields, elements)));
    }

    [TestCase(0x9000000300000080UL, TestName = "{m}(CMR_BASE 0)")]
    [TestCase(0x9000000300000085UL, TestName = "{m}(CMR_BASE 5)")]
    [TestCase(0x9970000300000502UL, TestName = "{m}(CPUID_CONFIG_VALUES 1, in whatever context)")]
    public void A_list_may_begin_with_any_field(ulong start)
    {
        ulong buffer = Target.HostPage();
        Expect(TdxStatus.Success, "TDH.SYS.RDALL", rdx: buffer, r8: start);
        ParsedList list = ParsedList.Of(Target.ReadHost(buffer, 4096));
        Assert.That(list.Elements[0].Key, Is.EqualTo(ParsedList.Key(new FieldId(start).In(FieldContext.System).Value)));
    }

    [Test]
    public void Following_next_ids_of_a_TD_ends_and_reads_every_CPUID_entry()
    {
        TestTd td = Td(TdStage.Initialized);
        ulong id = Seamcall("TDH.MNG.RD", td.TdrPage, ulong.MaxValue, version: 1).Rdx;
        int cpuid = 0;
        for (int i = 0; id != ulong.MaxValue && i < 10_000; i++)
        {
            cpuid += new FieldId(id).Class == 0x14 ? 1 : 0;
            id = Expect(TdxStatus.Success, "TDH.MNG.RD", td.TdrPage, id, version: 1).Rdx;
        }
        int entries = ModuleTables.Load(ModuleVersion.Default).Cpuid.Entries.Count(e => !e.Faulting);
        Assert.That((id, cpuid), Is.EqualTo((ulong.MaxValue, 2 * entries)));
    }

    [Test]
    public void The_first_id_of_a_TD_is_offered_for_the_null_id()
    {
        TestTd td = Td(TdStage.Initialized);
        SeamcallResult result = Seamcall("TDH.MNG.RD", td.TdrPage, ulong.MaxValue, version: 1);
        Assert.That(
            (result.Status, result.Rdx), Is.EqualTo((TdxStatus.MetadataFirstFieldIdInContext, 0x8010000000000001UL)));
    }

    [Test]
    public void A_write_returns_the_old_value_and_keeps_the_new_one()
    {
        const ulong hpLockTimeout = 0x9110000300000011;
        TestTd td = Td(TdStage.Initialized);
        ulong old = Expect(TdxStatus.Success, "TDH.MNG.WR", td.TdrPage, hpLockTimeout, 20_000, ulong.MaxValue).R8;
        ulong now = Expect(TdxStatus.Success, "TDH.MNG.RD", td.TdrPage, hpLockTimeout).R8;
        Assert.That((old, now), Is.EqualTo((1_000_000UL, 20_000UL)));
    }

    [Test]
    public void A_debug_TD_shows_its_RTMRs()
    {
        TestTd td = new(Target);
        td.Set(TdParams.Attributes, TdAttributes.Debug);
        td.BringTo(TdStage.Initialized);
        Assert.That(Expect(TdxStatus.Success, "TDH.MNG.RD", td.TdrPage, 0x1310000300000040).R8, Is.Zero);
    }
}
