using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;

namespace Seamsim.Tests.Host;

/// <summary>Zaps, the end of a TD, and what is left when the module refuses.</summary>
public sealed class TeardownTests
{
    [Test]
    public void A_zap_of_a_running_TD_blocks_tracks_removes_and_writes_back()
    {
        KvmFixture f = new();
        (KvmTdx td, VcpuTdx vcpu) = f.RunnableTd();
        Touch(f, vcpu, 0x3000);
        int start = f.Module.Trace.Count;
        Assert.That(f.Platform.Run(() => td.SetMemoryAttributes(f.Cpu, 0x3000, 0x1000, false)), Is.EqualTo(Errno.Ok));
        Assert.That(f.Module.Trace.Skip(start).Select(c => c.Leaf), Is.EqualTo((SeamcallLeaf[])
        [
            SeamcallLeaf.TDH_MEM_RANGE_BLOCK, SeamcallLeaf.TDH_MEM_TRACK, SeamcallLeaf.TDH_MEM_PAGE_REMOVE,
            SeamcallLeaf.TDH_PHYMEM_PAGE_WBINVD,
        ]));
        Assert.That(f.Module.Calls[^1].Rcx >> 47, Is.EqualTo(td.KeyId!.Value.Value), "under the TD's KeyID");
        Assert.That(td.Private.PageCount, Is.Zero);
    }

    [Test]
    public void Before_FINALIZE_nothing_is_tracked()
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        f.AddMemory(td, 0, 1 << 20);
        f.MemRegion(f.InitializedVcpu(td), f.User.Map(4096), 0, 1);
        f.Destroy(td);
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_MEM_TRACK), Is.Zero);
        Assert.That(f.Module.Pages, Is.Empty);
    }

    [TestCase(1, false)]
    [TestCase(2, true)]
    public void A_busy_module_is_asked_exactly_once_more(int busy, bool dies)
    {
        KvmFixture f = new();
        (KvmTdx td, VcpuTdx vcpu) = f.RunnableTd();
        Touch(f, vcpu, 0x3000);
        int left = busy;
        f.Module.Answers[SeamcallLeaf.TDH_MEM_RANGE_BLOCK] =
            cpu => left-- > 0 ? TdxStatus.OperandBusy.With(OperandId.SeptTree) : TdxStatus.Success;
        f.Platform.Run(() => td.SetMemoryAttributes(f.Cpu, 0x3000, 0x1000, false));
        Assert.That(td.IsDead, Is.EqualTo(dies));
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_MEM_RANGE_BLOCK), Is.EqualTo(2));
        f.Destroy(td);
        Assert.That(f.Module.Pages, Is.Empty, "a dead TD is reclaimed after its KeyID is gone");
    }

    [Test]
    public void The_end_of_a_TD_that_ran_leaves_no_page_with_the_module()
    {
        KvmFixture f = new(platform: new FakePlatform(2, 1));
        int before = f.Kernel.Pages.PagesInUse;
        (KvmTdx td, VcpuTdx vcpu) = f.RunnableTd(52);
        Touch(f, vcpu, 0x3000);
        int start = f.Module.Trace.Count;
        f.Destroy(td);
        SeamcallLeaf[] leaves = [.. f.Module.Trace.Skip(start).Select(c => c.Leaf).Distinct()];
        Assert.That(leaves, Is.EqualTo((SeamcallLeaf[])
        [
            SeamcallLeaf.TDH_MEM_RANGE_BLOCK, SeamcallLeaf.TDH_MEM_TRACK, SeamcallLeaf.TDH_MEM_PAGE_REMOVE,
            SeamcallLeaf.TDH_PHYMEM_PAGE_WBINVD, SeamcallLeaf.TDH_VP_FLUSH, SeamcallLeaf.TDH_MNG_VPFLUSHDONE,
            SeamcallLeaf.TDH_PHYMEM_CACHE_WB, SeamcallLeaf.TDH_MNG_KEY_FREEID, SeamcallLeaf.TDH_PHYMEM_PAGE_RECLAIM,
        ]));
        Assert.That(td.IsDestroyed, Is.True);
        Assert.That(f.Module.Pages, Is.Empty);
        f.User.Release();
        Assert.That(f.Kernel.Pages.PagesInUse, Is.LessThanOrEqualTo(before));
    }

    [TestCase(0x8000_0003_0000_0000UL, 3, true)]
    [TestCase(0x0000_0821_0000_0000UL, 1, true)]
    [TestCase(0x8000_0200_0000_00BCUL, 1, false)]
    public void The_cache_write_back_is_resumed_and_may_have_nothing_to_do(ulong status, int times, bool freed)
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        int left = times;
        List<ulong> resume = [];
        f.Module.Answers[SeamcallLeaf.TDH_PHYMEM_CACHE_WB] = cpu =>
        {
            resume.Add(cpu.Gpr(1));
            return left-- > 0 ? new TdxStatus(status) : TdxStatus.Success;
        };
        f.Destroy(td);
        Assert.That(td.IsDestroyed, Is.EqualTo(freed));
        if (status == TdxStatus.InterruptedResumable.Value)
            Assert.That(resume, Is.EqualTo((ulong[])[0, 1, 1, 1]));
        Assert.That(f.Kernel.Tdx.KeyIds!.InUse, Is.EqualTo(freed ? 0 : 1), "a key that cannot be freed is lost");
    }

    [TestCase(SeamcallLeaf.TDH_MNG_VPFLUSHDONE, 0x8000_0824_0000_0000UL, false)]
    [TestCase(SeamcallLeaf.TDH_MNG_VPFLUSHDONE, 0xC000_0607_0000_0000UL, true)]
    [TestCase(SeamcallLeaf.TDH_MNG_KEY_FREEID, 0x8000_0817_0000_0000UL, true)]
    public void A_KeyID_that_is_not_released_keeps_every_page(SeamcallLeaf leaf, ulong status, bool speaks)
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        f.Module.Answers[leaf] = _ => new TdxStatus(status);
        f.Destroy(td);
        Assert.That(f.Module.Pages, Has.Count.EqualTo(7));
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_PHYMEM_PAGE_RECLAIM), Is.Zero);
        Assert.That(f.Platform.LogLines.Any(line => line.Contains(leaf + " failed")), Is.EqualTo(speaks));
    }

    [Test]
    public void A_page_the_module_does_not_give_back_is_lost_and_the_rest_goes_on()
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        bool first = true;
        f.Module.Answers[SeamcallLeaf.TDH_PHYMEM_PAGE_RECLAIM] = cpu =>
        {
            if (!first)
                return f.Module.Default(SeamcallLeaf.TDH_PHYMEM_PAGE_RECLAIM, cpu);
            first = false;
            return TdxStatus.OperandBusy.With(OperandId.Rcx);
        };
        f.Destroy(td);
        Assert.That(f.Module.Pages, Has.Count.EqualTo(1));
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_PHYMEM_PAGE_RECLAIM), Is.EqualTo(7));
    }

    [Test]
    public void A_vCPU_that_moves_is_flushed_on_the_processor_it_leaves()
    {
        KvmFixture f = new(platform: new FakePlatform(1, 2));
        (_, VcpuTdx vcpu) = f.RunnableTd();
        ICpu second = f.Platform.Cpus[1];
        f.Module.Exits.Enqueue(_ => new TdxStatus(0x4000_0001_0000_0002));
        f.Platform.Run(() => f.Kernel.OnCpu(f.Cpu, second, vcpu.Run));
        Assert.That(f.Module.Trace.Last(c => c.Leaf == SeamcallLeaf.TDH_VP_FLUSH).Cpu, Is.Zero);
        Assert.That(f.Module.Trace.Last(c => c.Leaf == SeamcallLeaf.TDH_VP_ENTER).Cpu, Is.EqualTo(1));
        Assert.That(vcpu.AssociatedCpu, Is.SameAs(second));
        Assert.That(f.Platform.Run(() => f.Kernel.Cpus.Offline(f.Cpu, second)), Is.EqualTo(Errno.Ok));
        Assert.That(vcpu.AssociatedCpu, Is.Null, "going offline takes vCPUs off the processor");
    }

    private static void Touch(KvmFixture f, VcpuTdx vcpu, ulong gpa)
    {
        f.Module.Exits.Enqueue(FakeModule.EptViolation(gpa));
        f.Module.Exits.Enqueue(FakeModule.Tdvmcall(0, 12, 1));
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.Ok));
    }
}
