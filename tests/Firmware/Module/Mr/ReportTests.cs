using System.Buffers.Binary;
using System.Security.Cryptography;
using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Tests.Firmware.Module.Mr;

/// <summary>TDG.MR.REPORT up to the processor's part, which SEAMOPS tests cover.</summary>
[Category("Conformance")]
public class ReportTests
{
    private const int Leaf = 4;
    private const ulong ReportData = 0x1000;

    [Test]
    public void A_report_ends_with_the_TDINFO_of_the_TD()
    {
        using MemTd td = Make();
        byte[] digest = [.. Enumerable.Range(0, 48).Select(i => (byte)(i * 3))];
        td.Lp.WriteBytes(td.Tdcs.MrTd, digest);
        td.Lp.WriteBytes(td.Tdcs.Rtmr(3), digest);
        Set(td.Tdcs, 0x10000000, 0x2E7);
        Assert.That(td.Tdcall(Leaf, td.Gpa, td.Gpa + ReportData).Status, Is.EqualTo(TdxStatus.Success));

        byte[] info = td.ReadPrivate(Page(td), 1024)[TdReport.TdInfo..];
        Assert.Multiple(() =>
        {
            Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(info), Is.EqualTo(0x10000000));
            Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(info.AsSpan(8)), Is.EqualTo(0x2E7));
            Assert.That(info[16..64], Is.EqualTo(digest), "MRTD");
            Assert.That(info[352..400], Is.EqualTo(digest), "RTMR3");
            Assert.That(info[448..], Is.All.Zero, "reserved");
        });
        byte[] cached = new byte[48];
        td.Lp.ReadBytes(td.Tdcs.TeeInfoHash, cached);
        Assert.That(cached, Is.EqualTo(SHA384.HashData(info)), "TEE_INFO_HASH");
        Assert.That(td.Tdcs.TeeInfoHashValid);
    }

    [Test]
    public void The_processor_is_given_report_data_and_writes_its_half()
    {
        using MemTd td = Make();
        byte[] seen = new byte[64];
        td.Lp.SeamopsHandler = (leaf, output, data) =>
        {
            Assert.That(leaf, Is.EqualTo(5));
            td.Lp.ReadBytes(data, seen);
            td.Lp.WriteBytes(output, [.. Enumerable.Repeat((byte)0xEE, 512)]);
            return default;
        };
        Assert.That(td.Tdcall(Leaf, td.Gpa, td.Gpa + ReportData).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(seen, Is.All.EqualTo(0xD7), "REPORTDATA");
        Assert.That(td.ReadPrivate(Page(td), 512), Is.All.EqualTo(0xEE));
    }

    [Test]
    public void The_report_is_for_the_SEAM_software_the_TD_was_created_under()
    {
        using MemTd td = Make();
        Tdr tdr = td.Tdr;
        tdr.SeamdbIndex = 3;
        for (int word = 0; word < 4; word++)
            td.Lp.Write(tdr.SeamdbNonce(word), 0x100UL + (ulong)word);
        Assert.That(td.Tdcall(Leaf, td.Gpa, td.Gpa + ReportData).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Lp.SeamdbReference, Is.EqualTo(new SeamdbReference(3, 0x100, 0x101, 0x102, 0x103)));
    }

    [TestCase((ushort)0, 0x00_00_81UL, TestName = "{m}(version 0 without service TDs)")]
    [TestCase((ushort)1, 0x01_00_81UL, TestName = "{m}(version 1 with one)")]
    public void The_report_type_tells_whether_there_are_service_TDs(ushort serviceTds, ulong type)
    {
        using MemTd td = Make();
        Tdcs tdcs = td.Tdcs;
        tdcs.ServTdNum = serviceTds;
        Assert.That(td.Tdcall(Leaf, td.Gpa, td.Gpa + ReportData).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(td.Lp.SeamopsR9, Is.EqualTo(type));
    }

    [Test]
    public void A_refusal_of_the_processor_ends_the_TD()
    {
        using MemTd td = Make();
        td.Lp.SeamopsHandler = (_, _, _) => new SeamopsResult { Rax = 1 };
        GuestLeafEnd end = td.Tdcall(Leaf, td.Gpa, td.Gpa + ReportData);
        Assert.That(
            (end.Kind, end.Status), Is.EqualTo((GuestLeafEndKind.StatusExit, TdxStatus.NonRecoverableTdCorruptedMd)));
    }

    [Test]
    public void An_interrupt_before_the_signature_leaves_the_guest_at_its_TDCALL()
    {
        using MemTd td = Make();
        td.Lp.Cpu.Msrs[0x9A] = 1;
        Assert.That(td.Tdcall(Leaf, td.Gpa, td.Gpa + ReportData).Kind, Is.EqualTo(GuestLeafEndKind.Interrupted));
        Assert.That(td.ReadPrivate(Page(td), 1024), Is.All.Zero, "nothing was written");
    }

    [Test]
    public void Checks_come_in_the_order_of_the_ABI()
    {
        using MemTd td = Make();
        ulong data = td.Gpa + ReportData, beyond = 1UL << 48;
        Assert.Multiple(() =>
        {
            Assert.That(td.Tdcall(Leaf, td.Gpa + 512, data + 1).Status, Is.EqualTo(Invalid(OperandId.Rcx)));
            Assert.That(td.Tdcall(Leaf, beyond, data + 1).Status, Is.EqualTo(Invalid(OperandId.Rdx)), "alignment");
            Assert.That(td.Tdcall(Leaf, beyond, data | beyond, 1).Status, Is.EqualTo(Invalid(OperandId.Rdx)), "width");
            Assert.That(td.Tdcall(Leaf, beyond, data, 1).Status, Is.EqualTo(Invalid(OperandId.R8)), "the subtype");
            td.Lp.Write<ushort>(td.Tdcs.RtmrLock, 1);
            Assert.That(td.Tdcall(Leaf, beyond, data).Status, Is.EqualTo(TdxStatus.OperandBusy.With(OperandId.Rtmr)));
            td.Lp.Write<ushort>(td.Tdcs.RtmrLock, 0);
            Assert.That(td.Tdcall(Leaf, beyond, data).Status, Is.EqualTo(Invalid(OperandId.Rcx)), "output last");
        });
    }

    [Test]
    public void The_output_page_is_only_looked_at_after_the_signature()
    {
        using MemTd td = Make();
        bool signed = false;
        td.Lp.SeamopsHandler = (_, _, _) =>
        {
            signed = true;
            return default;
        };
        GuestLeafEnd end = td.Tdcall(Leaf, td.Gpa + 0x10_0000, td.Gpa + ReportData);
        Assert.That(end.Kind, Is.EqualTo(GuestLeafEndKind.EptViolationExit));
        Assert.That(signed);
    }

    private static MemTd Make()
    {
        var td = new MemTd();
        td.AddPage(td.Gpa);
        td.AddPage(td.Gpa + ReportData, content: 0xD7);
        return td;
    }

    private static void Set(Tdcs tdcs, ulong attributes, ulong xfam) =>
        (tdcs.Attributes, tdcs.Xfam) = (attributes, xfam);

    private static TdxStatus Invalid(OperandId operand) => TdxStatus.OperandInvalid.With(operand);

    private static ulong Page(MemTd td) => td.EntryAt(td.Gpa, 0).PageAddress(0);
}
