using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Seamsim.Firmware.Abi;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// Private memory from outside: only SEAMCALLs and what they answer. TDX Module 1.5 base specification, "Memory
/// management".
/// </summary>
public class PrivateMemoryTests(string target) : PlatformFixture(target)
{
    private const ulong Gpa = 0x8020_3000;
    private const ulong MrTdField = 0x1310_0003_0000_0000;

    [Test]
    public void A_page_is_built_measured_blocked_tracked_and_removed()
    {
        TestTd td = Td(TdStage.Initialized);
        ulong[] tables = BuildTree(td);
        ulong page = Target.Page();
        byte[] content = [.. Enumerable.Range(0, 4096).Select(i => (byte)(i * 7))];
        AddMeasured(td, page, content);
        td.AddVcpu();
        Expect(TdxStatus.Success, "TDH.MR.FINALIZE", td.TdrPage);
        Assert.That(ReadMrTd(td), Is.EqualTo(SHA384.HashData(MeasuredBytes(content))));

        Expect(TdxStatus.GpaRangeNotBlocked.With(OperandId.Rcx), "TDH.MEM.PAGE.REMOVE", Gpa, td.TdrPage);
        Expect(TdxStatus.Success, "TDH.MEM.RANGE.BLOCK", Gpa, td.TdrPage);
        Expect(TdxStatus.GpaRangeAlreadyBlocked.With(OperandId.Rcx), "TDH.MEM.RANGE.BLOCK", Gpa, td.TdrPage);
        Expect(TdxStatus.TlbTrackingNotDone.With(OperandId.Rcx), "TDH.MEM.PAGE.REMOVE", Gpa, td.TdrPage);
        Expect(TdxStatus.Success, "TDH.MEM.TRACK", td.TdrPage);
        Assert.That(Expect(TdxStatus.Success, "TDH.MEM.PAGE.REMOVE", Gpa, td.TdrPage).Rcx, Is.EqualTo(page));
        Assert.That(TypeOf(page), Is.EqualTo(PageType.Nda));

        RemoveTables(td, tables);
    }

    [Test]
    public void An_augmented_page_is_pending_until_the_guest_accepts_it()
    {
        TestTd td = Td(TdStage.Initialized);
        BuildTree(td);
        ulong page = Target.Page();
        Expect(TdxStatus.Success, "TDH.MEM.PAGE.AUG", Gpa, td.TdrPage, page);
        SeamcallResult read = Expect(TdxStatus.Success, "TDH.MEM.SEPT.RD", Gpa, td.TdrPage);
        Assert.That(read.Rcx, Is.EqualTo(page | 0x8000_0000_0000_00F0), "a leaf without permissions");
        Assert.That(read.Rdx, Is.EqualTo(2 << 8), "level 0, PENDING");
        Assert.That(TypeOf(page), Is.EqualTo(PageType.Reg));
    }

    [Test]
    public void The_page_table_of_a_TD_cannot_be_removed_while_it_maps_something()
    {
        TestTd td = Td(TdStage.Initialized);
        BuildTree(td);
        Expect(TdxStatus.Success, "TDH.MEM.PAGE.AUG", Gpa, td.TdrPage, Target.Page());
        Expect(TdxStatus.EptPageNotFree.With(OperandId.Rcx), "TDH.MEM.SEPT.REMOVE", At(1), td.TdrPage);
    }

    [Test]
    public void Teardown_reclaims_private_pages_and_the_Secure_EPT_with_them()
    {
        TestTd td = Td(TdStage.Initialized);
        ulong[] tables = BuildTree(td);
        ulong page = Target.Page();
        Expect(TdxStatus.Success, "TDH.MEM.PAGE.AUG", Gpa, td.TdrPage, page);
        Expect(TdxStatus.Success, "TDH.MNG.VPFLUSHDONE", td.TdrPage);
        Expect(TdxStatus.Success, "TDH.PHYMEM.CACHE.WB");
        Expect(TdxStatus.Success, "TDH.MNG.KEY.FREEID", td.TdrPage);
        ulong[] owned = [page, .. tables, .. td.TdcxPages];
        foreach (ulong child in owned)
        {
            Expect(TdxStatus.TdAssociatedPagesExist, "TDH.PHYMEM.PAGE.RECLAIM", td.TdrPage);
            Assert.That(
                Expect(TdxStatus.Success, "TDH.PHYMEM.PAGE.RECLAIM", child).Rdx, Is.EqualTo(td.TdrPage), "the owner");
        }
        Expect(TdxStatus.Success, "TDH.PHYMEM.PAGE.RECLAIM", td.TdrPage);
    }

    private static ulong At(int level) => Gpa & ~((1UL << (12 + 9 * level)) - 1) | (uint)level;

    private ulong[] BuildTree(TestTd td)
    {
        ulong[] tables = [Target.Page(), Target.Page(), Target.Page()];
        for (int level = 3; level > 0; level--)
            Expect(TdxStatus.Success, "TDH.MEM.SEPT.ADD", At(level), td.TdrPage, tables[level - 1]);
        return tables;
    }

    private void AddMeasured(TestTd td, ulong page, byte[] content)
    {
        ulong source = Target.HostPage();
        Target.WriteHost(source, content);
        Expect(TdxStatus.Success, "TDH.MEM.PAGE.ADD", Gpa, td.TdrPage, page, source);
        for (ulong chunk = 0; chunk < 4096; chunk += 256)
            Expect(TdxStatus.Success, "TDH.MR.EXTEND", Gpa + chunk, td.TdrPage);
    }

    private void RemoveTables(TestTd td, ulong[] tables)
    {
        for (int level = 1; level <= 3; level++)
        {
            Expect(TdxStatus.Success, "TDH.MEM.RANGE.BLOCK", At(level), td.TdrPage);
            Expect(TdxStatus.Success, "TDH.MEM.TRACK", td.TdrPage);
            SeamcallResult removed = Expect(TdxStatus.Success, "TDH.MEM.SEPT.REMOVE", At(level), td.TdrPage);
            Assert.That(removed.Rcx, Is.EqualTo(tables[level - 1]));
            Assert.That(TypeOf(tables[level - 1]), Is.EqualTo(PageType.Nda));
        }
    }

    private PageType TypeOf(ulong page) => (PageType)Expect(TdxStatus.Success, "TDH.PHYMEM.PAGE.RDMD", page).Rcx;

    private byte[] ReadMrTd(TestTd td)
    {
        byte[] mrTd = new byte[48];
        for (int i = 0; i < 6; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(
                mrTd.AsSpan(8 * i), Expect(TdxStatus.Success, "TDH.MNG.RD", td.TdrPage, MrTdField + (uint)i).R8);
        return mrTd;
    }

    private static byte[] MeasuredBytes(byte[] content)
    {
        List<byte> log = [.. Block("MEM.PAGE.ADD", Gpa)];
        for (int chunk = 0; chunk < 4096; chunk += 256)
        {
            log.AddRange(Block("MR.EXTEND", Gpa + (uint)chunk));
            log.AddRange(content.AsSpan(chunk, 256));
        }
        return [.. log];
    }

    private static byte[] Block(string name, ulong gpa)
    {
        byte[] block = new byte[128];
        Encoding.ASCII.GetBytes(name, block);
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(16), gpa);
        return block;
    }
}
