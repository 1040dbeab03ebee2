using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Vmx;
using Seamsim.Tests.Firmware.Module.Vp;

namespace Seamsim.Tests.Firmware.Module.Mem;

/// <summary>NOTIFY_ENABLES: a TD may hear that it was zero-stepped. TDX Module 1.5 Base, "Zero-Step Attack".</summary>
[Category("Conformance")]
public class ZeroStepNoticeTests
{
    private const ulong Page = 0x4020_0000, Ve = 0x80000314;
    private const int NotifyEnables = 0xE0;

    [Test]
    public void A_TD_that_asked_for_it_is_told_by_a_VE_once_the_listed_pages_are_there()
    {
        using VcpuTd t = Listed(notify: true);
        t.Run();
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(Ve));
        VeDetails told = t.VeInfo.Fetch();
        Assert.That((told.Reason, told.Gpa), Is.EqualTo((48u, Page)));
    }

    [Test]
    public void A_TD_that_did_not_ask_hears_nothing()
    {
        using VcpuTd t = Listed(notify: false);
        t.Run();
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.Zero);
        Assert.That(t.VeInfo.IsValid, Is.False);
    }

    [Test]
    public void Without_a_suspicion_there_is_no_notice()
    {
        using VcpuTd t = Listed(notify: true);
        new EpfLog(t.Lp, t.Tdvps).Reset();
        t.Run();
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.Zero);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_pending_event_or_unread_VE_information_is_not_disturbed(bool pendingEvent)
    {
        using VcpuTd t = Listed(notify: true);
        if (pendingEvent)
            t[VmcsField.EntryInterruptionInformation] = 0x800000EC;
        else
            t.VeInfo.Store(new VeDetails { Reason = 12 }, 0);
        t.Run();
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(pendingEvent ? 0x800000ECUL : 0));
        Assert.That(t.VeInfo.Fetch().Reason, Is.EqualTo(pendingEvent ? 0u : 12u));
    }

    // The page faulted seven times at one RIP; now it only waits to be accepted, which is the TD's own business.
    private static VcpuTd Listed(bool notify)
    {
        VcpuTd t = VpEnterTests.Runnable();
        EpfLog log = new(t.Lp, t.Tdvps);
        for (int i = 0; i <= EpfLog.Threshold; i++)
            log.Record(new Gpa(Page));
        t.Td.SetEntry(Page, t.Tdcs.TopSeptLevel, SeptEntry.Leaf(SeptState.PENDING, 0));
        if (notify)
            t.Lp.Write(t.Tdcs.Field(NotifyEnables), 1UL);
        return t;
    }
}
