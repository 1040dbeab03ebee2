using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host;

/// <summary>Every error row of the vCPU-scope commands, KVM_CREATE_VCPU and KVM_RUN.</summary>
public sealed class VcpuErrorTests
{
    [Test]
    public void Create_vcpu_checks_the_count_then_the_TD_then_the_interrupt_chip()
    {
        KvmFixture f = new();
        KvmTdx td = f.NewTd();
        Assert.That(td.CreateVcpu(0).Error, Is.EqualTo(Errno.EIO), "not initialised beats no split irqchip");
        Assert.That(f.InitVm(td, KvmFixture.Sizes(48)), Is.EqualTo(Errno.Ok));
        Assert.That(td.CreateVcpu(0).Error, Is.EqualTo(Errno.EINVAL));
        td.EnableCap(KvmCap.SplitIrqchip, 0, 24);
        Assert.That(td.CreateVcpu(0).Error, Is.EqualTo(Errno.Ok));
        Assert.That(td.CreateVcpu(1).Error, Is.EqualTo(Errno.EINVAL), "one processor present, one vCPU allowed");
    }

    [Test]
    public void The_TDs_state_beats_the_command_pointer()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        KvmTdx td = f.NewTd();
        td.EnableCap(KvmCap.SplitIrqchip, 0, 24);
        KvmVcpu vcpu = td.CreateVcpu(0).Vcpu!;
        Assert.That(f.Platform.Run(() => vcpu.MemoryEncryptOp(f.Cpu, f.User, 0xDEAD0000)), Is.EqualTo(Errno.EINVAL));
    }

    [Test]
    public void A_bad_pointer_a_hw_error_and_an_unknown_command()
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        VcpuTdx vcpu = (VcpuTdx)td.CreateVcpu(0).Vcpu!;
        Assert.Multiple(() =>
        {
            Assert.That(
                f.Platform.Run(() => vcpu.MemoryEncryptOp(f.Cpu, f.User, 0xDEAD0000)), Is.EqualTo(Errno.EFAULT));
            Assert.That(f.Command(vcpu, TdxCommand.InitVcpu, 0, hwError: 1), Is.EqualTo(Errno.EINVAL));
            Assert.That(f.RawVcpu(vcpu, 0, 0), Is.EqualTo(Errno.EINVAL), "a VM command");
            Assert.That(f.RawVcpu(vcpu, 99, 0), Is.EqualTo(Errno.EINVAL));
        });
    }

    [Test]
    public void Init_vcpu_wants_no_flags_x2APIC_and_happens_once()
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        VcpuTdx vcpu = (VcpuTdx)td.CreateVcpu(0).Vcpu!;
        Assert.That(f.Command(vcpu, TdxCommand.InitVcpu, 0), Is.EqualTo(Errno.EINVAL), "SET_CPUID2 has to come first");
        f.SetCpuid(vcpu, KvmFixture.X2Apic);
        Assert.That(f.Command(vcpu, TdxCommand.InitVcpu, 0, flags: 1), Is.EqualTo(Errno.EINVAL));
        Assert.That(f.Command(vcpu, TdxCommand.InitVcpu, 0x77), Is.EqualTo(Errno.Ok));
        Assert.That(f.Command(vcpu, TdxCommand.InitVcpu, 0), Is.EqualTo(Errno.EINVAL));
        Assert.That(f.Module.Calls.Single(call => call.Leaf == SeamcallLeaf.TDH_VP_INIT).Rdx, Is.EqualTo(0x77));
    }

    [TestCase(SeamcallLeaf.TDH_VP_CREATE, 0)]
    [TestCase(SeamcallLeaf.TDH_VP_ADDCX, 1)]
    [TestCase(SeamcallLeaf.TDH_VP_INIT, 6)]
    [TestCase(SeamcallLeaf.TDH_VP_WR, 6)]
    public void A_refusal_of_INIT_VCPU_kills_the_VM_and_teardown_gets_the_pages_back(SeamcallLeaf leaf, int donated)
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        VcpuTdx vcpu = (VcpuTdx)td.CreateVcpu(0).Vcpu!;
        f.SetCpuid(vcpu, KvmFixture.X2Apic);
        int before = f.Module.Pages.Count;
        f.Module.Answers[leaf] = _ => TdxStatus.OperandBusy.With(OperandId.Tdr);
        Assert.That(f.Command(vcpu, TdxCommand.InitVcpu, 0), Is.EqualTo(Errno.EIO));
        Assert.That((td.IsDead, f.HwError, f.Module.Pages.Count - before), Is.EqualTo((true, 0UL, donated)));
        f.Destroy(td);
        Assert.That(f.Module.Pages, Is.Empty);
    }

    private static IEnumerable<TestCaseData> RegionRows()
    {
        static TestCaseData Row(string name, ulong sourceOffset, ulong gpa, ulong pages, uint flags, Errno expected) =>
            new TestCaseData(sourceOffset, gpa, pages, flags, expected).SetArgDisplayNames(name, expected.ToString());
        yield return Row("good",              0,    0x1000, 2, 1, Errno.Ok);
        yield return Row("not measured",      0,    0x1000, 2, 0, Errno.Ok);
        yield return Row("unknown flag",      0,    0x1000, 1, 2, Errno.EINVAL);
        yield return Row("unaligned source",  8,    0x1000, 1, 1, Errno.EINVAL);
        yield return Row("unaligned gpa",     0,    0x1008, 1, 1, Errno.EINVAL);
        yield return Row("no pages",          0,    0x1000, 0, 1, Errno.EINVAL);
        yield return Row("wraps",             0,    0x1000, 1UL << 52, 1, Errno.EINVAL);
        yield return Row("shared gpa",        0,    1UL << 47, 1, 1, Errno.EINVAL);
        yield return Row("end is shared",     0,    (1UL << 47) - 0x1000, 2, 1, Errno.EINVAL);
        yield return Row("no slot",           0,    1UL << 30, 1, 1, Errno.EINVAL);
        yield return Row("not private",       0,    0x20_0000, 1, 1, Errno.EINVAL);
        yield return Row("source not mapped", 1UL << 40, 0x1000, 1, 1, Errno.EFAULT);
    }

    [TestCaseSource(nameof(RegionRows))]
    public void Init_mem_region(ulong sourceOffset, ulong gpa, ulong pages, uint flags, Errno expected)
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        f.AddMemory(td, 0, 1 << 20);
        f.AddMemory(td, 0x20_0000, 4096, isPrivate: false);
        VcpuTdx vcpu = f.InitializedVcpu(td);
        ulong source = f.User.Map(0x4000);
        Assert.That(f.MemRegion(vcpu, source + sourceOffset, gpa, pages, flags), Is.EqualTo(expected));
        KvmTdxInitMemRegion left = KvmTdxInitMemRegion.Parse(f.Data(24));
        Assert.That(left.Pages, Is.EqualTo(expected == Errno.Ok ? 0 : pages));
        Assert.That(
            f.Module.Count(SeamcallLeaf.TDH_MR_EXTEND), Is.EqualTo(expected == Errno.Ok ? 32 * (int)flags : 0));
    }

    [Test]
    public void Init_mem_region_needs_an_initialised_vCPU_and_checks_flags_before_the_pointer()
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        VcpuTdx raw = (VcpuTdx)td.CreateVcpu(0).Vcpu!;
        Assert.That(f.Command(raw, TdxCommand.InitMemRegion, 0xDEAD0000), Is.EqualTo(Errno.EINVAL));
        f.SetCpuid(raw, KvmFixture.X2Apic, KvmFixture.MaxExtended, KvmFixture.Sizes(48));
        f.Command(raw, TdxCommand.InitVcpu, 0);
        Assert.That(f.Command(raw, TdxCommand.InitMemRegion, 0xDEAD0000, 2), Is.EqualTo(Errno.EINVAL));
        Assert.That(f.Command(raw, TdxCommand.InitMemRegion, 0xDEAD0000, 1), Is.EqualTo(Errno.EFAULT));
    }

    [Test]
    public void A_signal_interrupts_INIT_MEM_REGION_with_its_progress_written_back()
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        f.AddMemory(td, 0, 1 << 20);
        VcpuTdx vcpu = f.InitializedVcpu(td);
        f.Module.Answers[SeamcallLeaf.TDH_MEM_PAGE_ADD] = cpu =>
        {
            vcpu.SignalPending = f.Module.Count(SeamcallLeaf.TDH_MEM_PAGE_ADD) == 2;
            return f.Module.Default(SeamcallLeaf.TDH_MEM_PAGE_ADD, cpu);
        };
        ulong source = f.User.Map(0x4000);
        Assert.That(f.MemRegion(vcpu, source, 0, 4), Is.EqualTo(Errno.EINTR));
        KvmTdxInitMemRegion left = KvmTdxInitMemRegion.Parse(f.Data(24));
        Assert.That(left, Is.EqualTo(new KvmTdxInitMemRegion(source + 0x2000, 0x2000, 2)));
        vcpu.SignalPending = false;
        Assert.That(f.MemRegion(vcpu, left.SourceAddress, left.Gpa, left.Pages), Is.EqualTo(Errno.Ok));
        Assert.That(f.MemRegion(vcpu, source, 0x3000, 1), Is.EqualTo(Errno.EEXIST));
    }

    [TestCase(SeamcallLeaf.TDH_MEM_PAGE_ADD, 0x8000_0200_0000_0092UL, Errno.EBUSY)]
    [TestCase(SeamcallLeaf.TDH_MEM_PAGE_ADD, 0xC000_0B0D_0000_0001UL, Errno.EIO)]
    [TestCase(SeamcallLeaf.TDH_MEM_SEPT_ADD, 0x8000_0200_0000_0092UL, Errno.EBUSY)]
    [TestCase(SeamcallLeaf.TDH_MR_EXTEND, 0x8000_0200_0000_0080UL, Errno.EIO)]
    public void A_refusal_during_INIT_MEM_REGION(SeamcallLeaf leaf, ulong status, Errno expected)
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        f.AddMemory(td, 0, 1 << 20);
        VcpuTdx vcpu = f.InitializedVcpu(td);
        f.Module.Answers[leaf] = _ => new TdxStatus(status);
        Assert.That(f.MemRegion(vcpu, f.User.Map(4096), 0, 1), Is.EqualTo(expected));
        Assert.That(td.IsDead, Is.False);
        f.Module.Answers.Remove(leaf);
        f.Destroy(td);
        Assert.That(f.Module.Pages, Is.Empty);
    }

    [Test]
    public void Get_cpuid_says_how_much_room_it_needs_and_has_no_answer_after_FINALIZE()
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd(52);
        VcpuTdx vcpu = (VcpuTdx)td.CreateVcpu(0).Vcpu!;
        Assert.That(f.Command(vcpu, TdxCommand.GetCpuid, 0xDEAD0000), Is.EqualTo(Errno.EFAULT));
        f.Data(BitConverter.GetBytes(1UL));
        Assert.That(f.Command(vcpu, TdxCommand.GetCpuid, f.DataAddress), Is.EqualTo(Errno.E2BIG));
        uint needed = BitConverter.ToUInt32(f.Data(4));
        Assert.That(needed, Is.EqualTo(f.Module.TdCpuid.Count));

        f.Data(BitConverter.GetBytes(256UL));
        Assert.That(f.Command(vcpu, TdxCommand.GetCpuid, f.DataAddress), Is.EqualTo(Errno.Ok));
        List<KvmCpuidEntry2> entries = KvmCpuid2.ParseEntries(f.Data(8 + ((int)needed * 40)).AsSpan(8), (int)needed);
        Assert.Multiple(() =>
        {
            Assert.That(entries.Single(e => e.Function == 0x8000_0008).Value.Eax >> 16, Is.EqualTo(52));
            Assert.That(entries.Where(e => e.Function == 4).Select(e => (e.Index, e.Flags)),
                Is.EqualTo(((uint, uint)[])[(0, 1), (1, 1)]));
            Assert.That(entries.Single(e => e.Function == 1).Flags, Is.Zero);
        });
        f.Command(td, TdxCommand.FinalizeVm, 0);
        Assert.That(f.Command(vcpu, TdxCommand.GetCpuid, f.DataAddress), Is.EqualTo(Errno.EINVAL));
    }

    [TestCase(0U)]
    [TestCase(0x8000_0000U)]
    public void Get_cpuid_needs_the_root_leaves(uint root)
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        VcpuTdx vcpu = (VcpuTdx)td.CreateVcpu(0).Vcpu!;
        f.Module.TdCpuid.Remove((root, null));
        f.Data(BitConverter.GetBytes(256UL));
        Assert.That(f.Command(vcpu, TdxCommand.GetCpuid, f.DataAddress), Is.EqualTo(Errno.EIO));
    }

    [Test]
    public void A_VP_ENTER_that_does_not_reach_the_module_is_an_internal_error_and_the_VM_is_dead()
    {
        KvmFixture f = new();
        (KvmTdx td, VcpuTdx vcpu) = f.RunnableTd();
        f.Module.Exits.Enqueue(_ => SoftwareStatus.Gp);
        Assert.That((f.Run(vcpu), vcpu.RunPage.ExitReason), Is.EqualTo((Errno.Ok, KvmExit.InternalError)));
        Assert.That((td.IsDead, f.Run(vcpu)), Is.EqualTo((true, Errno.EIO)));
    }

    [Test]
    public void Run_needs_an_initialised_vCPU_and_a_final_TD()
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        VcpuTdx vcpu = (VcpuTdx)td.CreateVcpu(0).Vcpu!;
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.EINVAL));
        f.SetCpuid(vcpu, KvmFixture.X2Apic);
        f.Command(vcpu, TdxCommand.InitVcpu, 0);
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.EINVAL));
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_VP_ENTER), Is.Zero);
    }

    [Test]
    public void After_KVM_RUN_the_CPUID_may_only_stay_as_it_is()
    {
        KvmFixture f = new();
        (_, VcpuTdx vcpu) = f.RunnableTd();
        f.Module.Exits.Enqueue(_ => new TdxStatus(0x4000_0001_0000_0002));
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.Ok));
        Assert.That(vcpu.SetCpuid2(f.User, f.User.MapBytes(KvmCpuid2.ToBytes(vcpu.Cpuid))), Is.EqualTo(Errno.Ok));
        Assert.That(vcpu.SetCpuid2(f.User, f.User.MapBytes(KvmCpuid2.ToBytes([]))), Is.EqualTo(Errno.EINVAL));
    }
}
