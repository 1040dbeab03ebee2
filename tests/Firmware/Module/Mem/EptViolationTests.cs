using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Firmware.Module.Mem;

/// <summary>Who hears of an EPT violation, and the zero-step log. TDX Module 1.5 base specification.</summary>
[Category("Conformance")]
public class EptViolationTests
{
    private const ulong SharedBit = 1UL << 47, SharedRoot = MemTd.HostPage + 0x1_0000;

    [Test]
    public void A_pending_page_raises_VE_unless_the_TD_asked_otherwise()
    {
        using var td = new MemTd();
        td.AugPage(td.Gpa);
        GuestLeafEnd ve = PrivateEptViolation.Classify(td.Lp, td.Tdcs, new Gpa(td.Gpa + 5), 1);
        Assert.That((ve.Kind, ve.Gpa.Value), Is.EqualTo((GuestLeafEndKind.EptViolationVe, td.Gpa + 5)));
        Disable(td.Tdcs);
        GuestLeafEnd exit = PrivateEptViolation.Classify(td.Lp, td.Tdcs, new Gpa(td.Gpa + 5), 1);
        Assert.That((exit.Kind, exit.ExtendedQualification), Is.EqualTo((GuestLeafEndKind.EptViolationExit, 6UL)));
    }

    [Test]
    public void Any_other_private_page_is_the_host_s_business()
    {
        using var td = new MemTd();
        GuestLeafEnd absent = PrivateEptViolation.Classify(td.Lp, td.Tdcs, new Gpa(td.Gpa), 2);
        Assert.That(
            (absent.Kind, absent.Qualification, absent.ExtendedQualification),
            Is.EqualTo((GuestLeafEndKind.EptViolationExit, 2UL, 0UL)));
    }

    [Test]
    public void Six_faults_at_one_RIP_are_tolerated_before_pages_are_listed()
    {
        using var td = new MemTd();
        var log = new EpfLog(td.Lp, td.Vcpu);
        for (int i = 0; i < 6; i++)
            log.Record(new Gpa(td.Gpa));
        Assert.That((td.Vcpu.PossiblyEpfStepping, td.Vcpu.EpfListIndex), Is.EqualTo((6, 0)));
        log.Record(new Gpa(td.Gpa + 1));
        log.Record(new Gpa(td.Gpa + 2));
        log.Record(new Gpa(td.Gpa + 4096));
        Assert.That(td.Vcpu.EpfListIndex, Is.EqualTo(2), "a page is listed once");
        for (ulong i = 0; i < 100; i++)
            log.Record(new Gpa(td.Gpa + i * 4096));
        Assert.That(td.Vcpu.EpfListIndex, Is.EqualTo(32), "the list has 32 entries");
        log.Reset();
        Assert.That((td.Vcpu.PossiblyEpfStepping, td.Vcpu.EpfListIndex), Is.EqualTo((0, 0)));
    }

    [Test]
    public void A_listed_page_keeps_the_virtual_CPU_out_until_it_is_there()
    {
        using var td = new MemTd();
        var log = new EpfLog(td.Lp, td.Vcpu);
        Assert.That(log.CheckAtEntry(td.Tdcs, out Gpa? none), Is.EqualTo(TdxStatus.Success));
        Assert.That(none, Is.Null);
        for (int i = 0; i < 7; i++)
            log.Record(new Gpa(td.Gpa));
        log.CheckAtEntry(td.Tdcs, out Gpa? missing);
        td.Lp.EndEntry();
        Assert.That(missing, Is.EqualTo(new Gpa(td.Gpa)));
        td.AugPage(td.Gpa);
        log.CheckAtEntry(td.Tdcs, out Gpa? pending);
        td.Lp.EndEntry();
        Assert.That(pending, Is.Null, "the guest will be told by #VE");
        Disable(td.Tdcs);
        log.CheckAtEntry(td.Tdcs, out Gpa? stuck);
        td.Lp.EndEntry();
        Assert.That(stuck, Is.Not.Null);
        td.Tdcall(6, td.Gpa);
        log.CheckAtEntry(td.Tdcs, out Gpa? mapped);
        Assert.That(mapped, Is.Null);
    }

    [Test]
    public void The_stepping_filter_wants_the_tree_for_itself()
    {
        using var td = new MemTd();
        var log = new EpfLog(td.Lp, td.Vcpu);
        for (int i = 0; i < 7; i++)
            log.Record(new Gpa(td.Gpa));
        td.Lp.Write<ushort>(td.Tdcs.SeptLock, 2);
        Assert.That(log.CheckAtEntry(td.Tdcs, out _), Is.EqualTo(TdxStatus.OperandBusy.With(OperandId.SeptTree)));
    }

    // entry of the shared EPT at level 0 | how a read of the buffer ends
    [TestCase(0x2100_0037UL, null, TestName = "a present shared page is read")]
    [TestCase(0UL, "EptViolationVe", TestName = "suppress-VE clear: the guest is told")]
    [TestCase(1UL << 63, "EptViolationExit", TestName = "suppress-VE set: the host is told")]
    [TestCase(0x2100_0002UL, "EptMisconfigurationExit", TestName = "writable but not readable is a misconfiguration")]
    [TestCase(0x2100_0017UL, "EptMisconfigurationExit", TestName = "memory type 2 is a misconfiguration")]
    [TestCase(0x0008_4000_2100_0037UL, "EptMisconfigurationExit", TestName = "a private KeyID is no shared page")]
    public void A_shared_buffer_is_found_through_the_host_s_tables(ulong entry, string? expected)
    {
        using var td = new MemTd();
        td.Lp.Vmwrite(VmcsField.SharedEptp, SharedRoot);
        for (int level = 3; level > 0; level--)
        {
            ulong table = SharedRoot + (ulong)(3 - level) * 4096;
            ulong index = (td.Gpa >> (12 + 9 * level)) & 511;
            td.Machine.Write(table + index * 8, table + 4096 | 7);
        }
        td.Machine.Write(SharedRoot + 3 * 4096 + ((td.Gpa >> 12) & 511) * 8, entry);
        GuestCall call = new(new LeafCall(td.Lp, Rules.Default), td.Tdr, td.Vcpu);
        GuestBuffer buffer = GuestBuffer.Map(
            call, new Gpa(td.Gpa | SharedBit | 0x40), OperandId.Rcx, write: false, privateOnly: false);
        Assert.That(buffer.End?.Kind.ToString(), Is.EqualTo(expected));
        if (expected is null)
            Assert.That(buffer.Address, Is.EqualTo(new Hpa(0x2100_0040)));
    }

    [Test]
    public void A_shared_EPT_that_points_into_private_memory_is_a_misconfiguration()
    {
        using var td = new MemTd();
        td.Lp.Vmwrite(VmcsField.SharedEptp, SharedRoot);
        td.Machine.Write(SharedRoot, td.Tdr.Page.Value | 7);
        GuestCall call = new(new LeafCall(td.Lp, Rules.Default), td.Tdr, td.Vcpu);
        GuestBuffer buffer = GuestBuffer.Map(
            call, new Gpa(SharedBit), OperandId.Rcx, write: false, privateOnly: false);
        Assert.That(buffer.End?.Kind, Is.EqualTo(GuestLeafEndKind.EptMisconfigurationExit));
    }

    [Test]
    public void A_private_buffer_is_found_through_the_Secure_EPT()
    {
        using var td = new MemTd();
        ulong page = td.AugPage(td.Gpa, 1);
        td.Tdcall(6, td.Gpa | 1);
        GuestCall call = new(new LeafCall(td.Lp, Rules.Default), td.Tdr, td.Vcpu);
        GuestBuffer buffer = GuestBuffer.Map(
            call, new Gpa(td.Gpa + 0x12340), OperandId.Rcx, write: true, privateOnly: true);
        Assert.That(buffer.End, Is.Null);
        Assert.That(buffer.Address, Is.EqualTo(td.Tdr.Private(new Hpa(page + 0x12340))));
    }

    private static void Disable(Tdcs tdcs) => tdcs.TdCtls = 1;
}
