using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Vmm;
using Seamsim.Isa;
using Seamsim.Timing;

namespace Seamsim.Tests.Integration;

/// <summary>Two logical processors of a real machine in the module at the same time.</summary>
[TestFixture]
internal sealed class TwoProcessorTests
{
    private const ulong SeptAdd = 3, VpFlush = 18, Track = 38;

    [Test]
    public void A_running_vCPU_cannot_be_flushed_and_holds_its_TLB_epoch()
    {
        using TdRig rig = new("spin");
        List<TdxStatus> statuses = rig.Machine.Execute(0, cpu => WhileItSpins(rig, cpu));
        Assert.That(statuses, Is.EqualTo(new[]
        {
            TdxStatus.OperandBusy.With(OperandId.Rcx), // VP.FLUSH: the running vCPU holds its TDVPR
            TdxStatus.Success,                         // TRACK: the vCPU is in the epoch that is now the previous one
            TdxStatus.PreviousTlbEpochBusy,
            TdxStatus.VcpuNotAssociated,               // VP.FLUSH after the exit, from the wrong processor
            TdxStatus.Success,                         // TRACK after the exit
        }));
        Assert.That(rig.Vmm.End, Is.EqualTo(TdEnd.Stopped));
        Assert.That(rig.Output, Is.EqualTo("spinning\n"));
    }

    [Test]
    public void Two_SEPT_ADDs_at_the_same_time_on_one_entry_give_one_success_and_one_BUSY()
    {
        TdxStatus[] statuses = AddTables(0x40_0000, 0x40_0000);
        Assert.That(statuses, Is.EquivalentTo(new[]
        {
            TdxStatus.Success, TdxStatus.OperandBusy.With(OperandId.Rcx),
        }));
    }

    [Test]
    public void Two_SEPT_ADDs_at_the_same_time_on_different_entries_both_succeed() =>
        Assert.That(AddTables(0x40_0000, 0x60_0000), Is.All.EqualTo(TdxStatus.Success));

    [Test]
    public void A_spinning_TD_on_one_processor_does_not_stop_host_work_on_the_other()
    {
        using TdRig rig = new("spin");
        Errno built = rig.Machine.Execute(0, async cpu =>
        {
            HostTask<TdEnd> spinning = rig.Kernel.OnCpu(cpu, rig.Kernel.Platform.Cpus[1], rig.Vmm.Run);
            TdVmm second = new(rig.Machine.Kvm, rig.Config with { Name = "second" }, new Seamsim.Runs.OutputConsole());
            Errno error = await second.Build(cpu);
            await second.Destroy(cpu);
            Assert.That(rig.Vmm.End, Is.EqualTo(TdEnd.NotRun), "it still spins");
            rig.Vmm.Stop("enough");
            await spinning;
            return error;
        });
        Assert.That(built, Is.EqualTo(Errno.Ok));
        Assert.That(rig.Machine.Account.Of(1, World.Td).Instructions, Is.GreaterThan(10_000));
    }

    private static async HostTask<List<TdxStatus>> WhileItSpins(TdRig rig, ICpu cpu)
    {
        List<TdxStatus> statuses = [];
        async HostTask Call(ulong leaf, Hpa page) => statuses.Add(new(await TdRig.Seamcall(cpu, leaf, page.Value)));
        Hpa tdvpr = rig.Vmm.Td!.TdVcpus.First().Tdvpr;
        HostTask<TdEnd> spinning = rig.Kernel.OnCpu(cpu, rig.Kernel.Platform.Cpus[1], rig.Vmm.Run);
        while (!rig.Output.EndsWith('\n') || !rig.Machine.Cores[1].InNonRoot)
        {
            await cpu.Execute(Stub.Rdtsc);
            await rig.Kernel.Yield(cpu); // the vCPU's first entry on LP 1 sends an IPI here: it was initialised on LP 0
        }
        // LP 1 is ahead on its clock: until LP 0 is there too, VP.ENTER's locks are held.
        ulong entered = rig.Machine.ClockOf(1);
        while (cpu.Cycles <= entered)
            await cpu.Execute(Stub.Rdtsc);
        await Call(VpFlush, tdvpr);
        await Call(Track, rig.Tdr);
        await Call(Track, rig.Tdr);
        rig.Vmm.Stop("enough");
        await spinning;
        await Call(VpFlush, tdvpr);
        await Call(Track, rig.Tdr);
        return statuses;
    }

    /// <summary>TDH.MEM.SEPT.ADD of a level-1 table on LP 0 and on LP 1, begun at the same clock.</summary>
    private static TdxStatus[] AddTables(ulong first, ulong second)
    {
        using TdRig rig = new("spin");
        return rig.Machine.Execute(0, async cpu =>
        {
            TdxStatus other = default;
            HostTask ended = HostTask.Pending();
            ICpu there = rig.Kernel.Platform.Cpus[1];
            HostTask.Spawn(rig.Kernel.Platform, there, async () =>
            {
                other = new(await TdRig.Seamcall(there, SeptAdd, second | 1, rig.Tdr.Value, Page(rig)));
                rig.Kernel.Platform.Post(cpu, ended.Complete);
            });
            TdxStatus mine = new(await TdRig.Seamcall(cpu, SeptAdd, first | 1, rig.Tdr.Value, Page(rig)));
            await ended;
            return new[] { mine, other };
        });
    }

    private static ulong Page(TdRig rig) => rig.Kernel.Pages.TryAllocate(out Hpa page) ? page.Value : 0;
}
