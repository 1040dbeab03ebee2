using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa.Ports;
using Seamsim.Tests.Conformance;

namespace Seamsim.Tests.Firmware.Module.Guest;

/// <summary>TDG.SYS.RDALL. TDX Module 1.5 ABI, "TDG.SYS.RDALL Leaf".</summary>
[Category("Conformance")]
public class SystemListTests
{
    private const int SysRd = 11, SysRdAll = 12;
    private const ulong NullId = ulong.MaxValue, MaxExportVersion = 0x2000000100000002;

    [Test]
    public void The_list_has_what_the_guest_may_read_one_by_one()
    {
        using var td = new MemTd();
        ulong page = td.AddPage(td.Gpa, content: 0xEE);
        Assert.That(td.Tdcall(SysRdAll, 0, td.Gpa, NullId).Status, Is.EqualTo(TdxStatus.Success));
        ulong next = td.Lp.Gpr(8);
        ParsedList list = ParsedList.Of(td.ReadPrivate(page));
        List<(ulong, ulong)> single = [];
        td.Tdcall(SysRd, 0, NullId);
        for (ulong id = td.Lp.Gpr(2); id != NullId; id = td.Lp.Gpr(2))
        {
            td.Tdcall(SysRd, 0, id);
            single.Add((ParsedList.Key(id), td.Lp.Gpr(8)));
        }
        using (Assert.EnterMultipleScope())
        {
            Assert.That(next, Is.EqualTo(NullId));
            Assert.That(single, Has.Count.EqualTo(12));
            Assert.That(list.Elements, Is.EqualTo(single));
            Assert.That(list.Rest, Is.All.Zero);
        }
    }

    [Test]
    public void A_list_may_begin_in_the_middle_and_skips_what_the_guest_may_not_read()
    {
        using var td = new MemTd();
        ulong page = td.AddPage(td.Gpa);
        td.Tdcall(SysRdAll, 0, td.Gpa, MaxExportVersion);
        Assert.That(ParsedList.Of(td.ReadPrivate(page)).Sequences[0], Is.EqualTo((MaxExportVersion, 3, 1)));
        const ulong numPkgs = 0x0000000200000000, vendorId = 0x0800000200000000;
        td.Tdcall(SysRdAll, 0, td.Gpa, numPkgs);
        Assert.That(ParsedList.Of(td.ReadPrivate(page)).Sequences[0], Is.EqualTo((vendorId, 1, 1)));
    }

    // GPA | start | expected: RDX is invalid, or the start is
    [TestCase(0x4020_0800UL, NullId, true, TestName = "a misaligned list")]
    [TestCase(0x8000_4020_0000UL, NullId, true, TestName = "a shared list")]
    [TestCase(0x1_0000_4020_0000UL, NullId, true, TestName = "a list beyond the width")]
    [TestCase(0x4020_0800UL, 0x0800000200000FFFUL, true, TestName = "a misaligned list beats a bad start")]
    [TestCase(0x4020_0000UL, 0x0800000200000FFFUL, false, TestName = "a start nobody knows")]
    [TestCase(0x4020_0000UL, 0x0800000300000000UL, false, TestName = "a start of another size")]
    public void A_bad_operand_is_refused_and_R8_is_the_null_id(ulong gpa, ulong start, bool badList)
    {
        using var td = new MemTd();
        ulong page = td.AddPage(td.Gpa, content: 0xEE);
        TdxStatus expected = badList
            ? TdxStatus.OperandInvalid.With(OperandId.Rdx)
            : TdxStatus.MetadataFieldIdIncorrect;
        Assert.That(td.Tdcall(SysRdAll, 0, gpa, start).Status, Is.EqualTo(expected));
        Assert.That(td.Lp.Gpr(8), Is.EqualTo(NullId));
        Assert.That(td.ReadPrivate(page), Is.All.EqualTo(0xEE), "nothing is written");
    }

    [Test]
    public void A_list_that_is_not_there_is_asked_for_and_the_operands_stay()
    {
        using var td = new MemTd();
        GuestLeafEnd absent = td.Tdcall(SysRdAll, 0, td.Gpa, MaxExportVersion);
        Assert.That(absent.Kind, Is.EqualTo(GuestLeafEndKind.EptViolationExit));
        td.AugPage(td.Gpa);
        GuestLeafEnd pending = td.Tdcall(SysRdAll, 0, td.Gpa, MaxExportVersion);
        Assert.That(pending.Kind, Is.EqualTo(GuestLeafEndKind.EptViolationVe));
        Assert.That((td.Lp.Gpr(2), td.Lp.Gpr(8)), Is.EqualTo((td.Gpa, MaxExportVersion)));
    }

    // A page takes the whole system scope; a smaller list shows what happens when it does not.
    [TestCase(24, TestName = "{m}(one element a list)")]
    [TestCase(32, TestName = "{m}(two elements)")]
    [TestCase(200, TestName = "{m}(several sequences)")]
    public void A_list_that_is_full_says_where_the_next_one_begins(int bytes)
    {
        using var td = new MemTd();
        SystemMetadataContext context = new(new LeafCall(td.Lp, Rules.Default), MetadataCaller.Host);
        byte[] whole = new byte[4096], part = new byte[bytes];
        MetadataList.Write(context, MetadataAccess.First(context), whole);
        List<(ulong, ulong)> elements = [];
        FieldId at = MetadataAccess.First(context);
        while (!at.IsNull)
        {
            FieldId next = MetadataList.Write(context, at, part);
            if (next == at)
                break;
            elements.AddRange(ParsedList.Of(part).Elements);
            at = next;
        }
        const ulong fieldOfTwo = 0x9900000300000500;
        if (bytes == 24)
            Assert.That(at.Value, Is.EqualTo(fieldOfTwo), "a field that does not fit whole is not begun");
        else
            Assert.That(elements, Is.EqualTo(ParsedList.Of(whole).Elements));
    }

    [Test]
    public void Looking_for_a_field_costs_a_row_for_every_row_it_passes()
    {
        using var td = new MemTd();
        const ulong vendorId = 0x0800000200000000;
        td.Lp.Charges.Clear();
        td.Tdcall(SysRd, 0, vendorId);
        // Found at the third row twice; the next the guest may read is the third after it.
        Assert.That(td.Lp.Charges[Operation.MetadataRow], Is.EqualTo(3 + 3 + 3));
    }
}
