using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host.OnMachine;

/// <summary>The acceptance checks of the series that depend on what the TDX module really answers.</summary>
internal sealed class PatchSeriesOnMachineTests
{
    private const uint AddressSizes = 0x8000_0008, SapphireRapids = 0x0008_06F8;

    [Test]
    public void Patch_05_a_forced_status_is_printed_and_INIT_VM_undone()
    {
        using MachineFixture f = new(KvmOptions.PostedSeries, MachineFixture.Small with
        {
            Forced = [new(1, 3, TdxStatus.OperandBusy.With(OperandId.Rcx).Value)],
        });
        Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(48)), Is.EqualTo(Errno.EIO));
        ulong page = f.Calls.Last(call => call.Leaf == SeamcallLeaf.TDH_MNG_ADDCX).In.Rcx;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(f.Machine.KernelLog, Has.Some.EndsWith("SEAMCALL TDH_MNG_ADDCX failed: 0x8000020000000001"));
            Assert.That(
                f.Machine.KernelLog, Has.Some.Contains($"TDX_OPERAND_BUSY(RCX); TDH.MNG.ADDCX took rcx 0x{page:x}"));
            Assert.That(f.HwError, Is.Zero);
            Assert.That(f.PagesInUse, Is.Zero);
        }
    }

    [Test]
    public void Patch_07_as_many_TDs_as_guest_KeyIDs_and_a_freed_one_works_again()
    {
        using MachineFixture f = new(KvmOptions.PostedSeries, MachineFixture.Small with { TdxKeyIds = 3 });
        KvmTdx first = f.InitializedTd(), second = f.InitializedTd(52), third = f.NewTd();
        f.Forget();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((first.KeyId!.Value.Value, second.KeyId!.Value.Value), Is.EqualTo(((ushort)33, (ushort)34)));
            Assert.That(f.InitVm(third, KvmFixture.Sizes(48)), Is.EqualTo(Errno.ENOSPC));
            Assert.That(f.Calls, Is.Empty, "no SEAMCALL without a KeyID");
        }
        f.Destroy(first);
        Assert.That(f.InitVm(third, KvmFixture.Sizes(48)), Is.EqualTo(Errno.Ok));
        Assert.That(third.KeyId!.Value.Value, Is.EqualTo(33));
    }

    [Test]
    public void Patch_13_create_and_destroy_are_the_documented_SEAMCALLs_and_no_page_stays()
    {
        using MachineFixture f = new(KvmOptions.PostedSeries, MachineFixture.Small with { Packages = 2 });
        KvmTdx td = f.NewTd();
        int free = f.Kernel.Pages.PagesInUse;
        Assert.That(f.InitVm(td, KvmFixture.Sizes(48)), Is.EqualTo(Errno.Ok));
        SeamcallLeaf[] expected =
        [
            SeamcallLeaf.TDH_MNG_CREATE, SeamcallLeaf.TDH_MNG_KEY_CONFIG, SeamcallLeaf.TDH_MNG_KEY_CONFIG,
            .. Enumerable.Repeat(SeamcallLeaf.TDH_MNG_ADDCX, f.Kernel.Tdx.Info.TdcsPages), SeamcallLeaf.TDH_MNG_INIT,
            SeamcallLeaf.TDH_MNG_RD, SeamcallLeaf.TDH_MNG_RD,
        ];
        Assert.That(f.Leaves, Is.EqualTo(expected));
        Assert.That(
            f.Calls.Where(call => call.Leaf == SeamcallLeaf.TDH_MNG_KEY_CONFIG).Select(call => call.Cpu),
            Is.EqualTo((int[])[0, 2]), "one processor of every package");
        Assert.That(f.PagesInUse, Is.EqualTo(1 + f.Kernel.Tdx.Info.TdcsPages));

        f.Forget();
        f.Destroy(td);
        expected =
        [
            SeamcallLeaf.TDH_MNG_VPFLUSHDONE, SeamcallLeaf.TDH_PHYMEM_CACHE_WB, SeamcallLeaf.TDH_PHYMEM_CACHE_WB,
            SeamcallLeaf.TDH_MNG_KEY_FREEID,
            .. Enumerable.Repeat(SeamcallLeaf.TDH_PHYMEM_PAGE_RECLAIM, 1 + f.Kernel.Tdx.Info.TdcsPages),
            SeamcallLeaf.TDH_PHYMEM_PAGE_WBINVD,
        ];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(f.Leaves, Is.EqualTo(expected));
            Assert.That(f.Calls.All(call => call.Out.Ok), Is.True);
            Assert.That(f.Calls[^1].In.Rcx >> 46, Is.EqualTo(32), "the TDR goes under the global KeyID");
            Assert.That(f.PagesInUse, Is.Zero);
            Assert.That(f.Kernel.Pages.PagesInUse, Is.EqualTo(free + 2), "but for the user's command and its data");
        }
    }

    [Test]
    public void Patch_14_before_patch_22_the_module_decides_about_EAX_7_0()
    {
        KvmOptions before = KvmOptions.PostedSeries with { GpawRule = GpawRule.MaxPhysicalAddress };
        using MachineFixture f = new(before);
        KvmTdx td = f.NewTd();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(f.InitVm(td), Is.EqualTo(Errno.Ok), "no address sizes: 36 bits");
            Assert.That(Eptp(f, td), Is.EqualTo(0x1E));
            Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(0, 52)), Is.EqualTo(Errno.EINVAL));
        }
    }

    [TestCase(true, 48, Errno.Ok, 0x1E)]
    [TestCase(true, 52, Errno.Ok, 0x26)]
    [TestCase(true, 0, Errno.EINVAL, 0)]
    [TestCase(true, 47, Errno.EINVAL, 0)]
    [TestCase(true, 57, Errno.EINVAL, 0)]
    [TestCase(false, 48, Errno.Ok, 0x1E)]
    [TestCase(false, 52, Errno.EINVAL, 0)]
    public void Patch_22_EAX_23_16_decides_EPT_level_and_GPAW_of_the_real_TD(
        bool fiveLevels, int gpaw, Errno expected, int eptp)
    {
        using MachineFixture f = new(platform: MachineFixture.Small with { Ept5 = fiveLevels });
        KvmTdx td = f.NewTd();
        Assert.That(f.InitVm(td, KvmFixture.Sizes(gpaw)), Is.EqualTo(expected));
        Assert.That(f.HwError, Is.Zero);
        if (expected != Errno.Ok)
        {
            Assert.That(f.Calls, Is.Empty, "KVM refuses before any SEAMCALL");
            return;
        }
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Eptp(f, td), Is.EqualTo((ulong)eptp));
            Assert.That(Field(f, td, new FieldId(0x1110_0000_0000_0003)), Is.EqualTo(gpaw == 52 ? 1 : 0), "GPAW");
        }
    }

    [Test]
    public void Patch_22_without_address_sizes_there_is_no_TD()
    {
        using MachineFixture f = new();
        Assert.That(f.InitVm(f.NewTd()), Is.EqualTo(Errno.EINVAL));
        Assert.That(f.Calls, Is.Empty);
    }

    [Test]
    public void Patch_22_with_Linux_6_16_the_module_refuses_EAX_7_0_and_the_status_reaches_user_space()
    {
        using MachineFixture f = new();
        Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(48, 52)), Is.EqualTo(Errno.EINVAL));
        SeamcallResult init = f.Calls.Last(call => call.Leaf == SeamcallLeaf.TDH_MNG_INIT).Out;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(f.HwError, Is.EqualTo(init.Status.Value));
            Assert.That(init.Status.Is(TdxStatus.OperandInvalid), Is.True);
            Assert.That((uint)init.Rcx, Is.EqualTo(AddressSizes), "RCX names the leaf");
            Assert.That(f.PagesInUse, Is.Zero);
            Assert.That(f.Kernel.Tdx.KeyIds!.InUse, Is.Zero);
        }
        KvmTdx next = f.NewTd();
        Assert.That(f.InitVm(next, KvmFixture.Sizes(48)), Is.EqualTo(Errno.Ok), "another TD is fine");
    }

    [TestCase(48, 52)]
    [TestCase(52, 48)]
    public void Patch_23_a_vCPU_told_another_width_than_the_TD_kills_the_VM_before_the_module_hears(int td, int vcpu)
    {
        using MachineFixture f = new();
        KvmTdx vm = f.InitializedTd(td);
        f.AddMemory(vm, 0, 1 << 16);
        VcpuTdx first = f.InitializedVcpu(vm, vcpu);
        f.Forget();
        Assert.That(f.MemRegion(first, f.User.Map(4096), 0, 1), Is.EqualTo(Errno.EIO));
        Assert.That(vm.IsDead, Is.True);
        Assert.That(f.Calls, Is.Empty);
        f.Destroy(vm);
        Assert.That(f.PagesInUse, Is.Zero);
    }

    [Test]
    public void Patch_16_the_last_processor_of_a_package_stays_while_a_TD_lives()
    {
        using MachineFixture f = new(
            KvmOptions.PostedSeries, MachineFixture.Small with { Packages = 2, LpsPerPackage = 2 });
        CpuHotplug cpus = f.Kernel.Cpus;
        IReadOnlyList<ICpu> all = f.Kernel.Platform.Cpus;
        KvmTdx td = f.InitializedTd();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(f.Run(() => cpus.Offline(f.Cpu, all[2])), Is.EqualTo(Errno.Ok), "3 is left in its package");
            Assert.That(f.Run(() => cpus.Offline(f.Cpu, all[3])), Is.EqualTo(Errno.EBUSY));
            Assert.That(
                f.Machine.KernelLog, Has.Some.Contains("TDX requires all packages to have an online CPU"));
        }
        f.Destroy(td);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(f.Run(() => cpus.Offline(f.Cpu, all[3])), Is.EqualTo(Errno.Ok), "no TD, no veto");
            Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(48)), Is.EqualTo(Errno.EIO), "a package without a CPU");
            Assert.That(f.Run(() => cpus.BringOnline(f.Cpu, all[3])), Is.EqualTo(Errno.Ok));
            Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(48)), Is.EqualTo(Errno.Ok));
        }
    }

    [Test]
    public void Patch_18_a_vCPU_takes_all_its_pages_and_is_initialised_once()
    {
        using MachineFixture f = new(KvmOptions.PostedSeries);
        KvmTdx td = f.InitializedTd();
        f.Forget();
        VcpuTdx vcpu = f.InitializedVcpu(td);
        int pages = f.Kernel.Tdx.Info.TdvpsPages;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(f.Leaves, Is.EqualTo((SeamcallLeaf[])
            [
                SeamcallLeaf.TDH_VP_CREATE, .. Enumerable.Repeat(SeamcallLeaf.TDH_VP_ADDCX, pages - 1),
                SeamcallLeaf.TDH_VP_INIT,
            ]));
            Assert.That(f.Command(vcpu, TdxCommand.InitVcpu, 0), Is.EqualTo(Errno.EINVAL));
            Assert.That(f.PagesInUse, Is.EqualTo(1 + f.Kernel.Tdx.Info.TdcsPages + pages));
        }
        f.Destroy(td);
        Assert.That(f.PagesInUse, Is.Zero);
    }

    [TestCase(46)]
    [TestCase(48)]
    public void Patch_22_a_processor_below_52_address_bits_never_gets_as_far_as_a_TD(int bits)
    {
        using MachineFixture f = new(platform: MachineFixture.Small with { PhysicalAddressBits = bits });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(f.LoadError, Is.EqualTo(Errno.EIO), "module 1.5.01 knows processors with 52 bits only");
            Assert.That(f.Machine.KernelLog, Has.Some.Contains("TDX_INCORRECT_CPUID_VALUE; TDH.SYS.INIT took"));
            Assert.That(
                f.Machine.KernelLog, Has.Some.Contains("SEAMCALL TDH_SYS_INIT failed: 0xc000090000000000, rcx 0x")
                    .And.Some.Contains("80000008, rdx"), "RCX names the leaf");
        }
    }

    [Test]
    public void Patch_21_a_fixed_bit_KVM_does_not_know_is_hidden_by_the_series_and_shown_by_Linux_6_16()
    {
        const uint hypervisor = 1U << 31;
        using MachineFixture series = new(KvmOptions.PostedSeries), upstream = new();
        uint hidden = Cpuid(series, 1).Ecx, shown = Cpuid(upstream, 1).Ecx;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(hidden & hypervisor, Is.Zero);
            Assert.That(shown & hypervisor, Is.EqualTo(hypervisor));
            Assert.That(hidden & ~shown, Is.Zero, "the series only takes bits away");
        }
    }

    [TestCase(48)]
    [TestCase(52)]
    public void Patch_21_the_GPA_width_is_read_back(int gpaw)
    {
        using MachineFixture f = new(KvmOptions.PostedSeries);
        Assert.That(Cpuid(f, AddressSizes, gpaw).Eax >> 16 & 0xFF, Is.EqualTo((uint)gpaw));
    }

    [Test]
    public void Patch_24_a_bit_the_module_would_take_but_KVM_does_not_support_is_refused()
    {
        using MachineFixture f = new(KvmOptions.PostedSeries);
        bool IsFirstCache(CpuidConfig config) => (config.Leaf, config.Index) == (4, 0);
        CpuidConfig shown = f.Kvm.Options.CpuidPolicy.Report(f.Kvm.CpuidContext).Single(IsFirstCache);
        CpuidConfig module = f.Kernel.Tdx.Info.CpuidConfigs.Single(IsFirstCache);
        CpuidValue unknown = module.Mask & ~shown.Mask;
        Assert.That(unknown, Is.EqualTo(new CpuidValue(0, 0, 0, 0xFFFF_FFF8)), "reserved bits of the cache leaf");
        KvmCpuidEntry2 entry = new(4, 0, KvmUapi.CpuidFlagSignificantIndex, unknown);
        Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(48), entry), Is.EqualTo(Errno.EINVAL));
        Assert.That(f.Calls, Is.Empty, "KVM refuses before any SEAMCALL");
    }

    [Test]
    public void Patch_25_version_and_cache_fields_reach_the_TD_as_given()
    {
        using MachineFixture f = new(KvmOptions.PostedSeries);
        KvmTdx td = f.NewTd();
        td.EnableCap(KvmCap.SplitIrqchip, 0, 24);
        KvmCpuidEntry2 version = new(1, 0, 0, new CpuidValue(SapphireRapids, 0x0010_0000, 0, 0));
        CpuidValue caches = new(0xFC00_4121, 0x02C0_0000, 63, 1);
        KvmCpuidEntry2 cache = new(4, 0, KvmUapi.CpuidFlagSignificantIndex, caches);
        Assert.That(f.InitVm(td, KvmFixture.Sizes(48), version, cache), Is.EqualTo(Errno.Ok));
        IReadOnlyList<KvmCpuidEntry2> seen = Cpuid(f, td);
        CpuidValue one = seen.Single(entry => entry.Function == 1).Value;
        CpuidValue four = seen.Single(entry => entry.Function == 4 && entry.Index == 0).Value;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((one.Eax, one.Ebx >> 16 & 0xFF), Is.EqualTo((SapphireRapids, 0x10)));
            Assert.That(four with { Ebx = four.Ebx & 0xFFFF_F000 }, Is.EqualTo(caches));
        }
    }

    [Test]
    public void Patch_25_another_processors_version_passes_KVM_and_is_refused_by_the_module()
    {
        using MachineFixture f = new(KvmOptions.PostedSeries);
        KvmCpuidEntry2 version = new(1, 0, 0, new CpuidValue(0x000C_06F2, 0, 0, 0));
        Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(48), version), Is.EqualTo(Errno.EINVAL));
        SeamcallResult init = f.Calls.Last(call => call.Leaf == SeamcallLeaf.TDH_MNG_INIT).Out;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(f.HwError, Is.EqualTo(TdxStatus.OperandInvalid.With(OperandId.CpuidConfig).Value));
            Assert.That((uint)init.Rcx, Is.EqualTo(1), "RCX names the leaf");
            Assert.That(f.PagesInUse, Is.Zero);
        }
    }

    private static CpuidValue Cpuid(MachineFixture f, uint leaf, int gpaw = 48) =>
        Cpuid(f, f.InitializedTd(gpaw)).Single(entry => entry.Function == leaf).Value;

    private static List<KvmCpuidEntry2> Cpuid(MachineFixture f, KvmTdx td)
    {
        VcpuTdx vcpu = (VcpuTdx)td.CreateVcpu(0).Vcpu!;
        f.Data(BitConverter.GetBytes(256UL));
        Assert.That(f.Command(vcpu, TdxCommand.GetCpuid, f.DataAddress), Is.EqualTo(Errno.Ok));
        byte[] bytes = f.Data(KvmCpuid2.HeaderSize + (256 * KvmCpuidEntry2.Size));
        return KvmCpuid2.ParseEntries(bytes.AsSpan(KvmCpuid2.EntriesOffset), BitConverter.ToInt32(bytes));
    }

    private static ulong Eptp(MachineFixture f, KvmTdx td) => Field(f, td, new FieldId(0x1110_0003_0000_0004)) & 0xFFF;

    private static ulong Field(MachineFixture f, KvmTdx td, FieldId field)
    {
        SeamcallResult result = f.Run(() => f.Kernel.Tdh.MngRd(f.Cpu, td.Tdr, field));
        Assert.That(result.Ok, Is.True, result.Status.ToString());
        return result.R8;
    }
}
