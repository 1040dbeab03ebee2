using System.Text;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Vmm;

namespace Seamsim.Tests.Host;

/// <summary>The VMM from KVM_CREATE_VM to the last page.</summary>
public sealed class TdVmmTests
{
    private const ulong Exit = 30, ToHost = 1;

    private static GuestImage Image => new("test", [new GuestRegion(0xFFFF_F000, new byte[4096])]);

    [Test]
    public void A_guest_that_writes_and_signals_success()
    {
        KvmFixture f = new();
        int before = f.Kernel.Pages.PagesInUse;
        Console console = new();
        TdVmm vmm = new(f.Kvm, new TdConfig { Name = "a", Guest = Image, GuestPhysicalBits = 52 }, console);
        Assert.That(f.Platform.Run(() => vmm.Build(f.Cpu)), Is.EqualTo(Errno.Ok), vmm.Reason);
        Assert.That(vmm.InitialPages, Is.EqualTo(65));
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_MR_EXTEND), Is.EqualTo(65 * 16));
        Assert.That(vmm.Mrtd, Has.Length.EqualTo(48));
        foreach (char c in "ok")
            f.Module.Exits.Enqueue(FakeModule.Tdvmcall(0, Exit, 1, ToHost, 0x3F8, c));
        f.Module.Exits.Enqueue(FakeModule.Tdvmcall(0, Exit, 1, ToHost, 0xF4, 0));
        Assert.That(f.Platform.Run(() => vmm.Run(f.Cpu)), Is.EqualTo(TdEnd.Finished));
        f.Platform.Run(() => vmm.Destroy(f.Cpu));
        Assert.Multiple(() =>
        {
            Assert.That(console.ToString(), Is.EqualTo("ok"));
            Assert.That((vmm.GuestCode, vmm.ExitCount), Is.EqualTo((0U, 3)));
            Assert.That(vmm.Td!.Ept.FiveLevel, Is.True);
            Assert.That(f.Module.Pages, Is.Empty);
            Assert.That(f.Kernel.Pages.PagesInUse, Is.LessThanOrEqualTo(before));
        });
    }

    [Test]
    public void QEMUs_order_of_commands_shows_in_the_leaves()
    {
        KvmFixture f = new();
        int start = f.Module.Trace.Count;
        TdVmm vmm = new(f.Kvm, new TdConfig { Name = "a", Guest = Image, InitialBytes = 0 }, new Console());
        f.Platform.Run(() => vmm.Build(f.Cpu));
        SeamcallLeaf[] order = [.. f.Module.Trace.Skip(start).Select(c => c.Leaf).Distinct()];
        Assert.That(order, Is.EqualTo((SeamcallLeaf[])
        [
            SeamcallLeaf.TDH_MNG_CREATE, SeamcallLeaf.TDH_MNG_KEY_CONFIG, SeamcallLeaf.TDH_MNG_ADDCX,
            SeamcallLeaf.TDH_MNG_INIT, SeamcallLeaf.TDH_MNG_RD, SeamcallLeaf.TDH_VP_CREATE, SeamcallLeaf.TDH_VP_ADDCX,
            SeamcallLeaf.TDH_VP_INIT, SeamcallLeaf.TDH_VP_WR, SeamcallLeaf.TDH_MEM_SEPT_ADD,
            SeamcallLeaf.TDH_MEM_PAGE_ADD, SeamcallLeaf.TDH_MR_EXTEND, SeamcallLeaf.TDH_MR_FINALIZE,
        ]));
    }

    [Test]
    public void The_series_builds_and_runs_a_TD_too()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        TdVmm vmm = new(f.Kvm, new TdConfig { Name = "a", Guest = Image }, new Console());
        Assert.That(f.Platform.Run(() => vmm.Build(f.Cpu)), Is.EqualTo(Errno.Ok), vmm.Reason);
        f.Module.Exits.Enqueue(FakeModule.Tdvmcall(0, 12, 1));
        Assert.That(f.Platform.Run(() => vmm.Run(f.Cpu)), Is.EqualTo(TdEnd.Finished));
    }

    [Test]
    public void A_step_that_fails_is_named_and_teardown_follows()
    {
        KvmFixture f = new();
        f.Module.Answers[SeamcallLeaf.TDH_MNG_INIT] = _ => TdxStatus.OperandInvalid.With(OperandId.EptpControls);
        TdVmm vmm = new(f.Kvm, new TdConfig { Name = "a", Guest = Image }, new Console());
        Assert.That(f.Platform.Run(() => vmm.Build(f.Cpu)), Is.EqualTo(Errno.EINVAL));
        Assert.That((vmm.FailedStep, vmm.HwError), Is.EqualTo(("KVM_TDX_INIT_VM", 0xC000_0100_0000_0043UL)));
        f.Platform.Run(() => vmm.Destroy(f.Cpu));
        Assert.That(f.Module.Pages, Is.Empty);
    }

    [Test]
    public void A_VMM_that_contradicts_itself_loses_its_VM()
    {
        KvmFixture f = new();
        TdConfig config = new() { Name = "a", Guest = Image, GuestPhysicalBits = 48, VcpuGuestPhysicalBits = 52 };
        TdVmm vmm = new(f.Kvm, config, new Console());
        Assert.That(f.Platform.Run(() => vmm.Build(f.Cpu)), Is.EqualTo(Errno.EIO));
        Assert.That(vmm.FailedStep, Is.EqualTo("KVM_TDX_INIT_MEM_REGION"));
        Assert.That(vmm.Td!.IsDead, Is.True);
        f.Platform.Run(() => vmm.Destroy(f.Cpu));
        Assert.That(f.Module.Pages, Is.Empty);
    }

    private static IEnumerable<TestCaseData> Ends()
    {
        yield return new TestCaseData(FakeModule.Tdvmcall(0, Exit, 1, ToHost, 0xF4, 3), TdEnd.GuestFailed);
        yield return new TestCaseData(FakeModule.Tdvmcall(0, 0x10003, 5), TdEnd.GuestFailed);
        yield return new TestCaseData(FakeModule.EptViolation(1UL << 40), TdEnd.GuestFailed);
        yield return new TestCaseData(FakeModule.EptViolation(0x3000, extended: 6), TdEnd.HostFailed);
        yield return new TestCaseData((FakeModule.Answer)(_ => new TdxStatus(0x4000_0001_0000_0002)), TdEnd.Shutdown);
        yield return new TestCaseData((FakeModule.Answer)(_ => TdxStatus.TdFatal), TdEnd.HostFailed);
        yield return new TestCaseData(FakeModule.Tdvmcall(0, 12, 1), TdEnd.Finished);
    }

    [TestCaseSource(nameof(Ends))]
    public void How_a_TD_ends(Delegate exit, TdEnd expected)
    {
        KvmFixture f = new();
        TdVmm vmm = new(f.Kvm, new TdConfig { Name = "a", Guest = Image, InitialBytes = 0 }, new Console());
        f.Platform.Run(() => vmm.Build(f.Cpu));
        f.Module.Exits.Enqueue((FakeModule.Answer)exit);
        Assert.That(f.Platform.Run(() => vmm.Run(f.Cpu)), Is.EqualTo(expected));
        Assert.That(vmm.Reason, expected == TdEnd.Finished ? Is.Empty : Is.Not.Empty);
        f.Platform.Run(() => vmm.Destroy(f.Cpu));
        Assert.That(f.Module.Pages, Is.Empty);
    }

    [Test]
    public void A_guest_that_never_stops_exiting_is_stopped()
    {
        KvmFixture f = new();
        TdVmm vmm =
            new(f.Kvm, new TdConfig { Name = "a", Guest = Image, InitialBytes = 0, MaxExits = 5 }, new Console());
        f.Platform.Run(() => vmm.Build(f.Cpu));
        for (int i = 0; i < 9; i++)
            f.Module.Exits.Enqueue(FakeModule.Tdvmcall(0, Exit, 1, ToHost, 0x80, 0));
        Assert.That(f.Platform.Run(() => vmm.Run(f.Cpu)), Is.EqualTo(TdEnd.Stopped));
        Assert.That(vmm.Reason, Is.EqualTo("too many exits"));
    }

    [Test]
    public void One_vCPU_that_ends_the_TD_stops_the_others()
    {
        KvmFixture f = new(platform: new FakePlatform(1, 2));
        TdVmm vmm = new(f.Kvm, new TdConfig { Name = "a", Guest = Image, InitialBytes = 0, Vcpus = 2 }, new Console());
        f.Platform.Run(() => vmm.Build(f.Cpu));
        int entries = 0;
        f.Module.Answers[SeamcallLeaf.TDH_VP_ENTER] = cpu => cpu.Index == 0 && ++entries == 50
            ? FakeModule.Tdvmcall(0, Exit, 1, ToHost, 0xF4, 0)(cpu)
            : new TdxStatus(1);
        Assert.That(f.Platform.Run(() => vmm.Run(f.Cpu)), Is.EqualTo(TdEnd.Finished));
        Assert.That(f.Module.Trace.Any(c => c is { Leaf: SeamcallLeaf.TDH_VP_ENTER, Cpu: 1 }), Is.True);
    }

    [Test]
    public void MapGPA_makes_a_page_shared_and_its_shared_use_maps_user_memory()
    {
        KvmFixture f = new();
        TdVmm vmm = new(f.Kvm, new TdConfig { Name = "a", Guest = Image }, new Console());
        f.Platform.Run(() => vmm.Build(f.Cpu));
        f.Module.Exits.Enqueue(FakeModule.Tdvmcall(0, 0x10001, 1UL << 47 | 0x5000, 0x1000));
        f.Module.Exits.Enqueue(FakeModule.EptViolation(1UL << 47 | 0x5000));
        f.Module.Exits.Enqueue(FakeModule.EptViolation(1UL << 47 | 0x9000_0000));
        f.Module.Exits.Enqueue(FakeModule.Tdvmcall(0, 12, 1));
        Assert.That(f.Platform.Run(() => vmm.Run(f.Cpu)), Is.EqualTo(TdEnd.Finished), vmm.Reason);
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_MEM_PAGE_REMOVE), Is.EqualTo(1));
        ulong root =
            f.Module.Calls.Last(c => c.Leaf == SeamcallLeaf.TDH_VP_WR && c.Rdx == TdFields.SharedEptPointer.Value).R8;
        Assert.That(Walk(f, root, 1UL << 47 | 0x5000) & 0xFFF, Is.EqualTo(0x77), "RWX, write-back");
        Assert.That(Walk(f, root, 1UL << 47 | 0x9000_0000), Is.Zero, "MMIO: the TD gets a #VE");
        Assert.That(Walk(f, root, 1UL << 47 | 0x6000), Is.EqualTo(1UL << 63), "the rest suppresses #VE");
    }

    private static ulong Walk(KvmFixture f, ulong table, ulong gpa)
    {
        for (int shift = 39; shift > 12; shift -= 9)
            table = f.Platform.Qword((table & 0xF_FFFF_FFFF_F000) + ((gpa >> shift & 511) * 8));
        return f.Platform.Qword((table & 0xF_FFFF_FFFF_F000) + ((gpa >> 12 & 511) * 8));
    }

    private sealed class Console : IConsole
    {
        private readonly StringBuilder text = new();

        public void Write(byte value) => text.Append((char)value);

        public override string ToString() => text.ToString();
    }
}
