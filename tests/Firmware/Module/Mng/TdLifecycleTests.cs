using Seamsim.Firmware.Abi;

namespace Seamsim.Tests.Firmware.Module;

public class TdLifecycleTests
{
    [Test]
    public void A_td_is_built_torn_down_and_leaves_no_page_behind()
    {
        using ModulePlatform platform = ModulePlatform.Ready();
        TestTd td = TestTd.At(platform, TdStage.Teardown);
        td.Reclaim();

        foreach (ulong page in td.TdcxPages.Append(td.TdrPage))
            Assert.That(platform.TypeOf(page), Is.EqualTo(PageType.Nda));
    }

    [Test]
    public void A_td_is_initialized_with_its_parameters()
    {
        using ModulePlatform platform = ModulePlatform.Ready();
        TestTd td = TestTd.At(platform, TdStage.Initialized);

        Assert.Multiple(() =>
        {
            Assert.That(td.Tdcs.OpState, Is.EqualTo(OpState.Initialized));
            Assert.That(td.Tdcs.Xfam, Is.EqualTo(3));
            Assert.That(td.Tdcs.MaxVcpus, Is.EqualTo(4));
            Assert.That(td.Tdcs.Eptp & 0xFFF, Is.EqualTo(0x1E));
            Assert.That(td.Tdcs.TdEpoch, Is.EqualTo(1));
            Assert.That(td.Tdr.ChldCnt, Is.EqualTo(6));
        });
    }

    [Test]
    public void Two_packages_configure_the_key_before_it_counts()
    {
        using ModulePlatform platform = ModulePlatform.Ready(packages: 2);
        TestTd td = TestTd.At(platform, TdStage.Created);
        platform.Do("TDH.MNG.KEY.CONFIG", new(Rcx: td.TdrPage), lp: 0);
        Lifecycle half = td.Tdr.Lifecycle;
        platform.Do("TDH.MNG.KEY.CONFIG", new(Rcx: td.TdrPage), lp: 2);

        Assert.That((half, td.Tdr.Lifecycle), Is.EqualTo((Lifecycle.HkidAssigned, Lifecycle.KeysConfigured)));
    }
}
