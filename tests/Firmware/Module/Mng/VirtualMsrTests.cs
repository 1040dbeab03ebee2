using Seamsim.Firmware.Abi;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Firmware.Module.Mng;

/// <summary>The VMX capability MSRs L1 reads. TDX Module 1.5 TD partitioning specification, "VMX MSRs".</summary>
[Category("Conformance")]
public class VirtualMsrTests
{
    private const ulong TrueProc = 0x961000030000048E, Proc2 = 0x961000030000048B;

    [TestCase(false)]
    [TestCase(true)]
    public void RDPMC_exiting_is_offered_with_performance_monitoring_only(bool perfmon)
    {
        using ModulePlatform platform = ModulePlatform.Ready();
        ulong offered = Read(platform, TrueProc, perfmon ? TdAttributes.Perfmon : 0) >> 32;
        Assert.That((offered & ProcControls.RdpmcExiting) != 0, Is.EqualTo(perfmon));
        Assert.That(offered & 0x91220088, Is.EqualTo(0x91220088), "what the module sets");
    }

    [Test]
    public void User_wait_and_PCONFIG_are_not_offered_to_a_TD_without_them()
    {
        using ModulePlatform platform = ModulePlatform.Ready();
        ulong offered = Read(platform, Proc2, 0) >> 32;
        Assert.That(offered & (ProcControls2.EnableUserWaitAndPause | ProcControls2.EnablePconfig), Is.Zero);
        Assert.That(offered & 0x00513E0C, Is.EqualTo(0x00513E0C), "the rest of what L1 may write");
    }

    private static ulong Read(ModulePlatform platform, ulong field, ulong attributes)
    {
        TestTd td = new(platform);
        td.Set(TdParams.Attributes, TdAttributes.Debug | attributes);
        td.BringTo(TdStage.Initialized);
        return platform.Do("TDH.MNG.RD", new(Rcx: td.TdrPage, Rdx: field)).R8;
    }
}
