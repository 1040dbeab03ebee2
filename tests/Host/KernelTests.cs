using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Isa;

namespace Seamsim.Tests.Host;

/// <summary>Pages, KeyIDs, TDMR planning, flows, and the SEAMCALL wrapper.</summary>
public sealed class KernelTests
{
    private const ulong MiB = 1UL << 20, GiB = 1UL << 30;

    [Test]
    public void The_page_allocator_leaves_reserved_memory_alone_and_reuses_the_last_page()
    {
        PageAllocator pages = new([(0x1000, 0x5000)], [(0x2000, 0x1800)]);
        List<ulong> got = [];
        while (pages.TryAllocate(out Hpa page))
            got.Add(page.Value);
        Assert.That(got, Is.EqualTo((ulong[])[0x1000, 0x4000, 0x5000]));
        pages.Free(new Hpa(0x4000));
        Assert.That(pages.TryAllocate(out Hpa again) ? again.Value : 0, Is.EqualTo(0x4000));
    }

    [Test]
    public void A_contiguous_block_comes_from_the_top_of_the_preferred_range_and_goes_back()
    {
        PageAllocator pages = new([(0, 16 * MiB), (64 * MiB, 16 * MiB)], []);
        Assert.That(pages.TryAllocateBlock(MiB, 4096, 0, 16 * MiB, out Hpa low), Is.True);
        Assert.That(low.Value, Is.EqualTo(15 * MiB));
        Assert.That(pages.TryAllocateBlock(16 * MiB, 4096, 0, 16 * MiB, out Hpa high), Is.True);
        Assert.That(high.Value, Is.EqualTo(64 * MiB));
        pages.FreeBlock(low, MiB);
        Assert.That(pages.TryAllocateBlock(16 * MiB, 4096, 0, 16 * MiB, out Hpa whole) ? whole.Value : 1, Is.Zero);
    }

    [TestCase(16U, 4U, 17, 18, 3)]
    [TestCase(0U, 2U, 1, 2, 1)]
    [TestCase(63U, 64U, 64, 65, 63)]
    public void The_first_private_KeyID_is_the_modules_and_the_rest_is_for_TDs(
        uint mktme, uint tdx, int global, int first, int count)
    {
        KeyIdAllocator ids = KeyIdAllocator.FromPartitioning((ulong)tdx << 32 | mktme)!;
        Assert.That(
            (ids.Global.Value, ids.GuestStart.Value, ids.GuestCount),
            Is.EqualTo(((ushort)global, (ushort)first, count)));
    }

    [TestCase(0U)]
    [TestCase(1U)]
    public void Fewer_than_two_TDX_KeyIDs_are_too_few(uint tdx) =>
        Assert.That(KeyIdAllocator.FromPartitioning((ulong)tdx << 32 | 16), Is.Null);

    [Test]
    public void TDMRs_cover_RAM_from_1_MiB_up_in_whole_GiBs_without_overlap()
    {
        IReadOnlyList<(ulong, ulong)> memory = TdmrPlan.MemoryList(
            [(0, 640 << 10), (MiB, (2 * GiB) - MiB), (4 * GiB, GiB / 2), ((4 * GiB) + (GiB / 2) + MiB, 2 * GiB)]);
        List<Tdmr> tdmrs = [];
        Assert.That(TdmrPlan.Cover(memory, 64, tdmrs), Is.EqualTo(Errno.Ok));
        Assert.That(memory[0], Is.EqualTo((MiB, (2 * GiB) - MiB)));
        Assert.That(
            tdmrs.Select(t => (t.Base, t.Size)),
                Is.EqualTo(((ulong, ulong)[])[(0, 2 * GiB), (4 * GiB, GiB), (5 * GiB, 2 * GiB)]));
        Assert.That(TdmrPlan.Cover(memory, 2, []), Is.EqualTo(Errno.ENOSPC));
    }

    [Test]
    public void Holes_and_PAMTs_of_every_TDMR_are_reserved_in_ascending_order()
    {
        IReadOnlyList<(ulong, ulong)> memory = [(MiB, (3 * GiB / 2) - MiB), (3 * GiB / 2 + MiB, GiB / 4)];
        List<Tdmr> tdmrs = [];
        TdmrPlan.Cover(memory, 64, tdmrs);
        TdmrLimits limits = new(64, 16, [16, 16, 16]);
        TdmrPlan.SizePamt(tdmrs[0], limits);
        TdmrPlan.PlacePamt(tdmrs[0], GiB);
        Assert.That(tdmrs[0].PamtSize, Is.EqualTo((ulong[])[8 * MiB, 16 << 10, 4096]));
        Assert.That(TdmrPlan.Reserve(tdmrs, memory, 16), Is.EqualTo(Errno.Ok));
        ulong pamt = (8 * MiB) + (20 << 10);
        ulong end = (7 * GiB / 4) + MiB;
        Assert.That(tdmrs[0].Reserved, Is.EqualTo(((ulong, ulong)[])
            [(0, MiB), (GiB, pamt), (3 * GiB / 2, MiB), (end, (2 * GiB) - end)]));
        Assert.That(TdmrPlan.Reserve([Fresh(tdmrs[0])], memory, 3), Is.EqualTo(Errno.ENOSPC));
    }

    [Test]
    public void TDMR_INFO_has_the_ABIs_byte_order()
    {
        Tdmr tdmr = new(GiB, 2 * GiB);
        for (int level = 0; level < 3; level++)
            (tdmr.PamtBase[level], tdmr.PamtSize[level]) = ((ulong)(0x10 + level), (ulong)(0x20 + level));
        tdmr.Reserved.Add((0x1000, 0x2000));
        byte[] info = tdmr.ToInfo(512);
        ulong[] words = [.. Enumerable.Range(0, 11).Select(i => BitConverter.ToUInt64(info, 8 * i))];
        Assert.That(words, Is.EqualTo((ulong[])[GiB, 2 * GiB, 0x12, 0x22, 0x11, 0x21, 0x10, 0x20, 0x1000, 0x2000, 0]));
    }

    [Test]
    public void An_exception_in_a_host_flow_reaches_the_machine()
    {
        FakePlatform platform = new();
        HostTask.Spawn(platform, platform.Cpus[0], async () =>
        {
            await platform.Cpus[0].Execute(Stub.Wbinvd);
            throw new InvalidOperationException("bug");
        });
        Assert.That(platform.Drain, Throws.InvalidOperationException);
    }

    [Test]
    public void A_lock_goes_to_waiting_flows_in_order()
    {
        FakePlatform platform = new();
        HostMutex mutex = new(platform);
        List<int> order = [];
        foreach (int flow in (int[])[1, 2, 3])
            HostTask.Spawn(platform, platform.Cpus[0], async () =>
            {
                await mutex.Acquire(platform.Cpus[0]);
                await new Turn(platform, platform.Cpus[0]);
                order.Add(flow);
                mutex.Release();
            });
        platform.Drain();
        Assert.That(order, Is.EqualTo((int[])[1, 2, 3]));
        Assert.That(mutex.IsTaken, Is.False);
    }

    [TestCase(0, 1, true)]
    [TestCase(9, 10, true)]
    [TestCase(10, 10, false)]
    public void An_entropy_shortage_is_repeated_ten_times(int shortages, int calls, bool succeeds)
    {
        KvmFixture f = new();
        int left = shortages;
        f.Module.Answers[SeamcallLeaf.TDH_MEM_TRACK] =
            _ => left-- > 0 ? TdxStatus.RndNoEntropy : TdxStatus.Success;
        SeamcallResult result = f.Platform.Run(() => f.Kernel.Tdh.MemTrack(f.Cpu, new Hpa(0x1000)));
        Assert.That(result.Ok, Is.EqualTo(succeeds));
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_MEM_TRACK), Is.EqualTo(calls));
    }

    [Test]
    public void VP_ENTER_is_never_repeated_for_entropy()
    {
        KvmFixture f = new();
        f.Module.Exits.Enqueue(_ => TdxStatus.RndNoEntropy);
        SeamcallResult result = f.Platform.Run(() => f.Kernel.Tdh.VpEnter(f.Cpu, new SeamcallArguments()));
        Assert.That(result.Status.Is(TdxStatus.RndNoEntropy), Is.True);
    }

    [Test]
    public void A_SEAMCALL_that_does_not_reach_the_module_has_a_pseudo_status()
    {
        FakePlatform platform = new();
        HostKernel kernel = new(platform);
        SeamcallResult outside = platform.Run(() => kernel.Tdh.SysInit(platform.Cpus[0]));
        platform.Run(() => kernel.Tdx.VirtualizationOn(platform.Cpus[0]));
        platform.Module.IsLoaded = false;
        SeamcallResult unloaded = platform.Run(() => kernel.Tdh.SysInit(platform.Cpus[0]));
        Assert.Multiple(() =>
        {
            Assert.That(outside.Status.Value, Is.EqualTo(0x8000_FF00_0000_0006));
            Assert.That(unloaded.Status.Value, Is.EqualTo(0x8000_FF00_FFFF_0000));
            Assert.That(SoftwareStatus.ToErrno(outside.Status), Is.EqualTo(Errno.EACCES));
            Assert.That(SoftwareStatus.ToErrno(unloaded.Status), Is.EqualTo(Errno.ENODEV));
            Assert.That(SoftwareStatus.ToErrno(SoftwareStatus.Gp), Is.EqualTo(Errno.EOPNOTSUPP));
            Assert.That(SoftwareStatus.ToErrno(TdxStatus.SysBusy), Is.EqualTo(Errno.EIO));
        });
    }

    [Test]
    public void A_forced_status_replaces_exactly_the_chosen_call()
    {
        KvmFixture f = new();
        f.Kernel.Seam.Injector = new StatusInjector(
            [new ForcedStatus(SeamcallLeaf.TDH_MEM_TRACK, 2, TdxStatus.OperandBusy.With(OperandId.TdEpoch))]);
        bool[] ok = [.. Enumerable.Range(0, 3).Select(
            _ => f.Platform.Run(() => f.Kernel.Tdh.MemTrack(f.Cpu, new Hpa(0x1000))).Ok)];
        Assert.That(ok, Is.EqualTo((bool[])[true, false, true]));
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_MEM_TRACK), Is.EqualTo(2), "the forced call is not executed");
        Assert.That(
            f.Kernel.Seam.Uses[SeamcallLeaf.TDH_MEM_TRACK],
            Has.Property("Calls").EqualTo(3).And.Property("Failures").EqualTo(1));
    }

    private static Tdmr Fresh(Tdmr old)
    {
        Tdmr tdmr = new(old.Base, old.Size);
        old.PamtBase.CopyTo(tdmr.PamtBase, 0);
        old.PamtSize.CopyTo(tdmr.PamtSize, 0);
        return tdmr;
    }
}
