using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// Every failure of the physical-memory leaves, and which beats which. TDX Module 1.5 ABI, leaf pages.
/// </summary>
[Category("Conformance")]
[TestFixtureSource(typeof(ConformanceTargets), nameof(ConformanceTargets.Names))]
public class PhymemLeafRows(string target)
{
    [Test]
    public void TDH_PHYMEM_PAGE_RECLAIM_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.PHYMEM.PAGE.RECLAIM",
        () => With(TdStage.Teardown, s => s.Rcx = s.Td.TdcxPages[0]),
        [
            new("page misaligned", "page", s => s.Rcx += 8, TdxStatus.OperandInvalid.With(OperandId.Rcx)),
            new("page outside every TDMR", "page", s => s.Rcx = s.Target.OutsideTdmr,
                TdxStatus.OperandAddrRangeError.With(OperandId.Rcx)),
            new("page held", "page", s => s.Lp.Write<ushort>(s.Pamt(s.Rcx).Address, 4),
                TdxStatus.OperandBusy.With(OperandId.Rcx)),
            new("page free", "page", s => s.Rcx = s.Target.Page(),
                TdxStatus.PageMetadataIncorrect.With(OperandId.Rcx)),
            new("TDR held", "tdr", s => s.Lp.Write<ushort>(s.Pamt(s.Td.TdrPage).Address, 1),
                TdxStatus.OperandBusy.With(OperandId.Tdr)),
            CommonFailures.Lifecycle(Lifecycle.Blocked, TdxStatus.LifecycleStateIncorrect),
        ]);

    [Test]
    public void The_TDR_goes_last()
    {
        using LeafScene scene = With(TdStage.Teardown, s => s.Rcx = s.Td.TdrPage);
        TdxStatus early = scene.Call("TDH.PHYMEM.PAGE.RECLAIM").Status;
        scene.Td.Reclaim();
        Assert.That((early, scene.Target.TypeOf(scene.Td.TdrPage)),
            Is.EqualTo((TdxStatus.TdAssociatedPagesExist, PageType.Nda)));
    }

    [Test]
    public void A_failed_reclaim_still_says_whose_page_it_is()
    {
        using LeafScene scene = With(TdStage.Initialized, s => s.Rcx = s.Td.TdcxPages[0]);
        SeamcallResult result = scene.Call("TDH.PHYMEM.PAGE.RECLAIM");
        Assert.That(
            (result.Status, (PageType)result.Rcx, result.Rdx, result.R8),
            Is.EqualTo((TdxStatus.LifecycleStateIncorrect, PageType.Tdcx, scene.Td.TdrPage, 0UL)));
    }

    [Test]
    public void TDH_PHYMEM_PAGE_WBINVD_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.PHYMEM.PAGE.WBINVD",
        () => With(TdStage.Teardown,
            s => s.Rcx = s.Lp.Keys.WithKey(new Hpa(s.Target.Page()), new KeyId(s.Td.Hkid)).Value),
        [
            new("page misaligned", "page", s => s.Rcx += 8, TdxStatus.OperandInvalid.With(OperandId.Rcx)),
            new("bits above the physical address", "page", s => s.Rcx |= 1UL << 52,
                TdxStatus.OperandInvalid.With(OperandId.Rcx)),
            new("page outside every TDMR", "page", s => s.Rcx = s.Target.OutsideTdmr,
                TdxStatus.OperandAddrRangeError.With(OperandId.Rcx)),
            new("page owned", "page", s => s.Rcx = s.Td.TdcxPages[0],
                TdxStatus.PageMetadataIncorrect.With(OperandId.Rcx)),
        ]);

    [Test]
    public void TDH_PHYMEM_CACHE_WB_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.PHYMEM.CACHE.WB",
        () => With(TdStage.Blocked, _ => { }),
        [
            new("RCX 2", "rcx", s => s.Rcx = 2, TdxStatus.OperandInvalid.With(OperandId.Rcx)),
            new("mutex held", "mutex", s => s.Lp.Write<byte>(s.Data.Global + ModuleData.WbtOffset, 1),
                TdxStatus.OperandBusy.With(OperandId.Wbcache)),
            CommonFailures.KotHeld,
            new("nothing to resume", "rcx", s => s.Rcx = 1, TdxStatus.WbcacheResumeError),
        ]);

    [Test]
    public void Writing_back_without_a_flushed_HKID_has_nothing_to_do()
    {
        using LeafScene scene = With(TdStage.Initialized, _ => { });
        Assert.That(scene.Call("TDH.PHYMEM.CACHE.WB").Status, Is.EqualTo(TdxStatus.NoHkidReadyToWbcache));
    }

    [Test]
    public void A_page_outside_the_initialised_TDMRs_has_no_metadata()
    {
        using LeafScene scene = new(target);
        scene.Rcx = scene.Target.OutsideTdmr;
        SeamcallResult result = scene.Call("TDH.PHYMEM.PAGE.RDMD");
        Assert.That((result.Status, result.Rcx),
            Is.EqualTo((TdxStatus.OperandAddrRangeError.With(OperandId.Rcx), 0UL)));
    }

    private LeafScene With(TdStage stage, Action<LeafScene> arrange)
    {
        LeafScene scene = new(target, stage);
        arrange(scene);
        return scene;
    }
}
