using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Isa;

namespace Seamsim.Tests.Host.Patches;

/// <summary>
/// One acceptance check for each of the 25 patches of the series of 2024-08-12, named after the patch.
/// </summary>
public sealed class PatchSeriesTests
{
    [Test]
    public void Patch_01_placeholders_for_TDX_VM_and_vCPU_structures()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        int before = f.Module.Trace.Count;
        KvmVm td = f.Kvm.CreateVm(5).Vm!, vm = f.Kvm.CreateVm(0).Vm!;
        Assert.That((td.IsTd, vm.IsTd), Is.EqualTo((true, false)));
        Assert.That(td, Is.TypeOf<KvmTdx>());
        Assert.That(vm, Is.TypeOf<KvmDefaultVm>());
        Assert.That(f.Module.Trace, Has.Count.EqualTo(before), "KVM_CREATE_VM issues no SEAMCALL");
        Assert.That(f.Kvm.CreateVm(3).Error, Is.EqualTo(Errno.EINVAL));
    }

    [Test]
    public void Patch_02_TDX_architectural_definitions()
    {
        foreach (SeamcallLeaf leaf in Enum.GetValues<SeamcallLeaf>())
        {
            bool loader = leaf >= SeamcallLeaf.SEAMLDR_INFO;
            LeafInfo? info = LeafCatalog.Find(loader ? LeafSide.Seamldr : LeafSide.Host, (int)((ulong)leaf & 0xFFFF));
            Assert.That(
                info?.Name.Replace('.', '_').Replace("P-", "").Replace('-', '_'), Does.EndWith(leaf.ToString()));
        }
        Assert.That(TdParams.Bytes, Is.EqualTo(1024));
        Assert.That(KvmTdx.TscUnits(2_100_000), Is.EqualTo(84));
        Assert.That(TdFields.CpuidValues(0x8000_0008, null, 0)!.Value.Value, Is.EqualTo(0x9410_0003_0001_11FE));
        Assert.That(TdFields.CpuidValues(7, 2, 1)!.Value.Value, Is.EqualTo(0x9410_0003_0000_0E05));
        Assert.That(TdFields.CpuidValues(0x4000_0000, null, 0), Is.Null, "PV leaves cannot be asked for");
        Assert.That(TdFields.CpuidValues(7, 128, 0), Is.Null);
    }

    [Test]
    public void Patch_03_TDX_architectural_error_codes()
    {
        TdxStatus status = TdxStatus.OperandBusy.With(OperandId.SeptTree);
        Assert.That(status.Value, Is.EqualTo(0x8000_0200_0000_0092));
        Assert.That(status.Is(TdxStatus.OperandBusy), Is.True);
        Assert.That((OperandId)status.Details, Is.EqualTo(OperandId.SeptTree));
        Assert.That(new SeamcallResult(status, default).Busy, Is.True);
        Assert.That(SoftwareStatus.IsSoftware(status), Is.False);
        Assert.That(SoftwareStatus.IsSoftware(SoftwareStatus.Gp), Is.True);
    }

    [Test]
    public void Patch_04_wrappers_flush_every_page_before_they_give_it_away()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        (KvmTdx td, VcpuTdx vcpu) = f.RunnableTd();
        f.Module.Exits.Enqueue(FakeModule.EptViolation(0x3000));
        f.Module.Exits.Enqueue(_ => new TdxStatus(0x4000_0001_0000_0002));
        f.Run(vcpu);
        Assert.That(f.Module.DirtyPages, Is.Empty);
        (_, ulong rcx, ulong rdx, ulong r8, _, _) = f.Module.Calls.Last(c => c.Leaf == SeamcallLeaf.TDH_MEM_SEPT_ADD);
        Assert.That((rcx, rdx), Is.EqualTo((1UL, td.Tdr.Value)), "GPA with level, TDR");
        Assert.That(f.Module.Pages, Does.Contain(r8));
        Assert.That(Tdh.GpaAndLevel(new Gpa(0x4000_0123), 2), Is.EqualTo(0x4000_0002));
    }

    [Test]
    public void Patch_05_failed_SEAMCALLs_are_printed_with_name_and_status()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        f.Module.Answers[SeamcallLeaf.TDH_MNG_CREATE] = _ => TdxStatus.OperandBusy.With(OperandId.Kot);
        f.InitVm(f.NewTd(), KvmFixture.Sizes(48));
        Assert.That(f.Platform.LogLines, Does.Contain("kvm_intel: SEAMCALL TDH_MNG_CREATE failed: 0x80000200000000ba"));
        Assert.That(
            f.Platform.LogLines.Any(line => line.Contains("TDX_OPERAND_BUSY(KOT); TDH.MNG.CREATE took rcx 0x")),
                Is.True);
        SeamcallResult failed = new(TdxStatus.EptWalkFailed, new SeamcallArguments { Rcx = 1, Rdx = 2, R8 = 0xAB });
        Assert.That(
            SeamcallPrinter.Failure(SeamcallLeaf.TDH_MEM_PAGE_ADD, failed, 3),
            Is.EqualTo("SEAMCALL TDH_MEM_PAGE_ADD failed: 0xc0000b0000000000, rcx 0x1, rdx 0x2, r8 0xab"));
        for (int i = 0; i < 20; i++)
            f.Kernel.Printer.Print(f.Cpu, SeamcallLeaf.TDH_MEM_TRACK, default, failed);
        Assert.That(f.Platform.LogLines.Count(line => line.Contains("TDH_MEM_TRACK failed")), Is.EqualTo(10));
        Assert.That(f.Kernel.Printer.Suppressed, Is.EqualTo(10));
    }

    [Test]
    public void Patch_06_TDX_KeyID_information_for_KVM()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        KeyIdAllocator ids = f.Kernel.Tdx.KeyIds!;
        Assert.That((ids.Global.Value, ids.GuestStart.Value, ids.GuestCount), Is.EqualTo(((ushort)17, (ushort)18, 3)));
    }

    [Test]
    public void Patch_07_as_many_TDs_as_guest_KeyIDs()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        KvmTdx[] tds = [.. Enumerable.Range(0, 4).Select(_ => f.NewTd())];
        Errno[] errors = [.. tds.Select(td => f.InitVm(td, KvmFixture.Sizes(48)))];
        Assert.That(errors, Is.EqualTo((Errno[])[Errno.Ok, Errno.Ok, Errno.Ok, Errno.ENOSPC]));
        Assert.That(tds.Take(3).Select(td => td.KeyId!.Value.Value), Is.EqualTo((ushort[])[18, 19, 20]));
        f.Destroy(tds[1]);
        Assert.That(f.InitVm(tds[3], KvmFixture.Sizes(48)), Is.EqualTo(Errno.Ok));
        Assert.That(tds[3].KeyId!.Value.Value, Is.EqualTo(19));
    }

    [Test]
    public void Patch_08_VM_scoped_memory_encryption_commands()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        KvmVm vm = f.Kvm.CreateVm(0).Vm!;
        KvmVcpu vcpu = vm.CreateVcpu(0).Vcpu!;
        KvmTdx td = f.NewTd();
        Assert.That(f.Platform.Run(() => vm.MemoryEncryptOp(f.Cpu, f.User, 0)), Is.EqualTo(Errno.ENOTTY));
        Assert.That(f.Platform.Run(() => vcpu.MemoryEncryptOp(f.Cpu, f.User, 0)), Is.EqualTo(Errno.EINVAL));
        Assert.That(f.Raw(td, 0, 0, hwError: 1), Is.EqualTo(Errno.EINVAL));
        Assert.That(f.Raw(td, 77, 0), Is.EqualTo(Errno.EINVAL));
        Assert.That(f.Platform.Run(() => td.MemoryEncryptOp(f.Cpu, f.User, 0xDEAD0000)), Is.EqualTo(Errno.EFAULT));
    }

    [TestCase(52, true, 3U)]
    [TestCase(52, false, 1U)]
    [TestCase(46, true, 1U)]
    public void Patch_09_system_wide_information(int bits, bool fiveLevels, uint gpaw)
    {
        FakePlatform platform = new();
        platform.Cpuid[(0x8000_0008, 0)] = new CpuidValue((uint)bits, 0, 0, 0);
        platform.Msrs[0x48C] = 1UL << 6 | 1UL << 21 | (fiveLevels ? 1UL << 7 : 0);
        KvmFixture f = new(KvmOptions.PostedSeries with { Layout = CapabilitiesLayout.Patch09 }, platform);
        KvmTdx td = f.NewTd();
        (Errno error, byte[] bytes) = f.Capabilities(td);
        Assert.That(error, Is.EqualTo(Errno.Ok));
        Assert.That(
            Enumerable.Range(0, 4).Select(i => BitConverter.ToUInt64(bytes, 8 * i)),
            Is.EqualTo((ulong[])[0x80000000_70000001, 0, 0x6DBE7, 3]));
        Assert.That(BitConverter.ToUInt32(bytes, 32), Is.EqualTo(gpaw));
        Assert.That(BitConverter.ToUInt32(bytes, 2056), Is.EqualTo(uint.MaxValue), "no sub-leaf is -1 here");
        Assert.That(f.Capabilities(td, room: 3).Error, Is.EqualTo(Errno.E2BIG));
        Assert.That(f.Capabilities(td, flags: 1).Error, Is.EqualTo(Errno.EINVAL));
    }

    [Test]
    public void Patch_10_a_module_that_forces_an_unknown_attribute_gets_no_TDs()
    {
        FakePlatform platform = new();
        platform.Module.Sys[SysFields.AttributesFixed1.Value] = 1UL << 40;
        KvmFixture f = new(KvmOptions.PostedSeries, platform);
        Assert.That((f.LoadError, f.Kvm.TdxEnabled), Is.EqualTo((Errno.Ok, false)));
        Assert.That(f.Kvm.CreateVm(5).Error, Is.EqualTo(Errno.EINVAL));
        Assert.That(f.Kvm.CreateVm(0).Error, Is.EqualTo(Errno.Ok), "kvm_intel stays loaded");
        KvmFixture good = new(KvmOptions.PostedSeries);
        Assert.That(good.Kvm.SupportedAttributes, Is.EqualTo(TdAttributes.SeptVeDisable));
        Assert.That(good.Kvm.SupportedXfam, Is.EqualTo(0x602E7 | 0x1900), "with PT and CET");
    }

    [Test]
    public void Patch_11_capabilities_are_what_KVM_supports()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        (_, byte[] bytes) = f.Capabilities(f.NewTd());
        Assert.That(BitConverter.ToUInt64(bytes, 0), Is.EqualTo(TdAttributes.SeptVeDisable));
        Assert.That(BitConverter.ToUInt64(bytes, 8), Is.EqualTo(0x603E7 | 0x1800));
        Assert.That(BitConverter.ToUInt32(bytes, 2048), Is.EqualTo(4));
        Assert.That(
            (BitConverter.ToUInt32(bytes, 2052), BitConverter.ToUInt32(bytes, 2056)), Is.EqualTo((1U, 0U)),
            "24-byte records follow the count, no sub-leaf is 0");
    }

    [Test]
    public void Patch_12_user_space_sets_the_number_of_vCPUs()
    {
        FakePlatform platform = new();
        platform.Module.Sys[SysFields.MaxVcpusPerTd.Value] = 8;
        KvmFixture f = new(KvmOptions.PostedSeries, platform);
        KvmTdx td = f.NewTd();
        td.EnableCap(KvmCap.SplitIrqchip, 0, 24);
        Assert.Multiple(() =>
        {
            Assert.That(td.EnableCap(KvmCap.MaxVcpus, 1, 2), Is.EqualTo(Errno.EINVAL));
            Assert.That(td.EnableCap(KvmCap.MaxVcpus, 0, 0), Is.EqualTo(Errno.EINVAL));
            Assert.That(td.EnableCap(KvmCap.MaxVcpus, 0, 9), Is.EqualTo(Errno.E2BIG));
            Assert.That(td.EnableCap(KvmCap.MaxVcpus, 0, 5), Is.EqualTo(Errno.Ok));
            Assert.That(td.CheckExtension(KvmCap.MaxVcpus), Is.EqualTo(5));
        });
        f.InitVm(td, KvmFixture.Sizes(48));
        Assert.That(BitConverter.ToUInt16(f.Module.TdParams, 16), Is.EqualTo(5));
        td.CreateVcpu(0);
        Assert.That(td.EnableCap(KvmCap.MaxVcpus, 0, 6), Is.EqualTo(Errno.EBUSY));
        Assert.That(
            new KvmFixture().NewTd().EnableCap(KvmCap.MaxVcpus, 0, 1), Is.EqualTo(Errno.EINVAL), "dropped upstream");
    }

    [Test]
    public void Patch_13_create_and_destroy_a_TD()
    {
        KvmFixture f = new(KvmOptions.PostedSeries, new FakePlatform(2, 1));
        int free = f.Kernel.Pages.PagesInUse;
        int start = f.Module.Trace.Count;
        KvmTdx td = f.NewTd();
        f.InitVm(td, KvmFixture.Sizes(48));
        SeamcallLeaf[] expected =
        [
            SeamcallLeaf.TDH_MNG_CREATE, SeamcallLeaf.TDH_MNG_KEY_CONFIG, SeamcallLeaf.TDH_MNG_KEY_CONFIG,
            .. Enumerable.Repeat(SeamcallLeaf.TDH_MNG_ADDCX, 6), SeamcallLeaf.TDH_MNG_INIT, SeamcallLeaf.TDH_MNG_RD,
            SeamcallLeaf.TDH_MNG_RD,
        ];
        Assert.That(f.Module.Trace.Skip(start).Select(call => call.Leaf), Is.EqualTo(expected));
        start = f.Module.Trace.Count;
        f.Destroy(td);
        expected =
        [
            SeamcallLeaf.TDH_MNG_VPFLUSHDONE, SeamcallLeaf.TDH_PHYMEM_CACHE_WB, SeamcallLeaf.TDH_PHYMEM_CACHE_WB,
            SeamcallLeaf.TDH_MNG_KEY_FREEID, .. Enumerable.Repeat(SeamcallLeaf.TDH_PHYMEM_PAGE_RECLAIM, 7),
            SeamcallLeaf.TDH_PHYMEM_PAGE_WBINVD,
        ];
        Assert.That(f.Module.Trace.Skip(start).Select(call => call.Leaf), Is.EqualTo(expected));
        Assert.That(f.Module.Calls[^1].Rcx >> 47, Is.EqualTo(17), "the TDR is written back under the global KeyID");
        Assert.That(f.Module.Pages, Is.Empty);
        Assert.That(f.Kernel.Pages.PagesInUse, Is.LessThanOrEqualTo(free + 2), "the user buffer only");
    }

    [Test]
    public void Patch_14_initialise_a_TD_with_its_GPA_width()
    {
        KvmFixture before = new(KvmOptions.PostedSeries with { GpawRule = GpawRule.MaxPhysicalAddress });
        KvmTdx td = before.NewTd();
        Assert.That(before.InitVm(td), Is.EqualTo(Errno.Ok), "no address sizes: 36 bits");
        Assert.That(
            (td.Ept.EptpControls, BitConverter.ToUInt64(before.Module.TdParams, 32)), Is.EqualTo((0x1EUL, 0UL)));
        Assert.That(td.TscOffset, Is.EqualTo(0x1234));
        Assert.That(before.InitVm(before.NewTd(), KvmFixture.Sizes(0, 52)), Is.EqualTo(Errno.EINVAL),
            "EAX[7:0] is not configurable where the module has the leaf");
        Assert.That(
            before.InitVm(before.NewTd(), new KvmCpuidEntry2(2, 0, 0, new CpuidValue(1, 1, 1, 1))),
                Is.EqualTo(Errno.Ok),
            "leaves the module does not list are ignored");
    }

    [Test]
    public void Patch_15_performance_monitoring_state_of_a_TD_is_not_touched()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        (_, VcpuTdx vcpu) = f.RunnableTd();
        FakeCpu cpu = f.Platform.FakeCpus[0];
        cpu.Stubs.Clear();
        f.Module.Exits.Enqueue(_ => new TdxStatus(0x4000_0001_0000_0002));
        f.Run(vcpu);
        Assert.That(cpu.Stubs, Has.None.EqualTo(Stub.Rdmsr).And.None.EqualTo(Stub.Wrmsr));
    }

    [Test]
    public void Patch_16_the_last_processor_of_a_package_stays_online_while_a_TD_lives()
    {
        KvmFixture f = new(KvmOptions.PostedSeries, new FakePlatform(2, 2));
        IReadOnlyList<ICpu> cpus = f.Platform.Cpus;
        Errno Offline(int cpu) => f.Platform.Run(() => f.Kernel.Cpus.Offline(f.Cpu, cpus[cpu]));
        KvmTdx td = f.NewTd();
        f.InitVm(td, KvmFixture.Sizes(48));
        Assert.That(Offline(2), Is.EqualTo(Errno.Ok), "another one is left");
        Assert.That(Offline(3), Is.EqualTo(Errno.EBUSY));
        Assert.That(
            f.Platform.LogLines.Any(line => line.Contains("TDX requires all packages to have an online CPU")), Is.True);
        f.Destroy(td);
        Assert.That(Offline(3), Is.EqualTo(Errno.Ok));
        int lpInits = f.Module.Count(SeamcallLeaf.TDH_SYS_LP_INIT);
        Assert.That(f.Platform.Run(() => f.Kernel.Cpus.BringOnline(f.Cpu, cpus[3])), Is.EqualTo(Errno.Ok));
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_SYS_LP_INIT), Is.EqualTo(lpInits), "LP.INIT was done before");
        Assert.That(f.Platform.FakeCpus[3].InVmx, Is.True);
    }

    [Test]
    public void Patch_17_create_a_vCPU()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        KvmTdx td = f.NewTd();
        int before = f.Module.Trace.Count;
        Assert.That(td.CreateVcpu(0).Error, Is.EqualTo(Errno.EINVAL), "no in-kernel APIC");
        td.EnableCap(KvmCap.SplitIrqchip, 0, 24);
        (Errno error, KvmVcpu? vcpu) = td.CreateVcpu(0);
        Assert.That(error, Is.EqualTo(Errno.Ok), "the TD's state is not looked at");
        Assert.That(((VcpuTdx)vcpu!).IsInitialized, Is.False);
        Assert.That(f.Module.Trace, Has.Count.EqualTo(before));
    }

    [TestCase(false, 0)]
    [TestCase(true, 1)]
    public void Patch_18_initialise_a_vCPU(bool topologyEnum, int version)
    {
        FakePlatform platform = new();
        platform.Module.Sys[SysFields.TdxFeatures0.Value] |= topologyEnum ? 1UL << 20 : 0;
        KvmFixture f = new(KvmOptions.PostedSeries, platform);
        KvmTdx td = f.NewTd();
        td.EnableCap(KvmCap.SplitIrqchip, 0, 24);
        VcpuTdx vcpu = (VcpuTdx)td.CreateVcpu(3).Vcpu!;
        f.SetCpuid(vcpu, KvmFixture.X2Apic);
        Assert.That(f.Command(vcpu, TdxCommand.InitVcpu, 0), Is.EqualTo(Errno.EINVAL), "before INIT_VM");
        td = f.InitializedTd();
        vcpu = f.InitializedVcpu(td, id: 3);
        Assert.That(f.Command(vcpu, TdxCommand.InitVcpu, 0), Is.EqualTo(Errno.EINVAL), "twice");
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_VP_ADDCX), Is.EqualTo(5));
        (_, _, _, ulong r8, _, int used) = f.Module.Calls.Single(c => c.Leaf == SeamcallLeaf.TDH_VP_INIT);
        Assert.That((used, r8), Is.EqualTo((version, topologyEnum ? 3UL : 0)));
        f.Command(td, TdxCommand.FinalizeVm, 0);
        Assert.That(f.Command(vcpu, TdxCommand.InitVcpu, 0), Is.EqualTo(Errno.EINVAL), "after FINALIZE_VM");
    }

    [Test]
    public void Patch_19_supported_CPUID_of_some_roots_only()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        IReadOnlyList<KvmCpuidEntry2> all = f.Kvm.SupportedCpuid;
        IReadOnlyList<KvmCpuidEntry2> some = SupportedCpuid.OfRoots(all, 0, 0x8000_0000, 0x4000_0000);
        Assert.That(some, Is.EquivalentTo(all), "the same masks as the ioctl");
        Assert.That(
            SupportedCpuid.OfRoots(all, 0x4000_0000).Select(e => e.Function),
            Is.EqualTo((uint[])[0x4000_0000, 0x4000_0001]));
    }

    [Test]
    public void Patch_20_KVMs_supported_CPUID_fits_into_256_entries()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        Assert.That(f.Kvm.SupportedCpuid, Has.Count.InRange(20, KvmUapi.MaxCpuidEntries));
        Assert.That(
            f.Kvm.SupportedCpuid.Single(e => e.Function == 1).Value.Ecx & 1U << 31,
                Is.Zero, "HYPERVISOR is unknown to KVM");
    }

    [Test]
    public void Patch_21_read_a_TDs_CPUID_cut_to_what_KVM_knows()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        const uint hypervisor = 1U << 31;
        f.Module.TdCpuid[(1, null)] = f.Module.TdCpuid[(1, null)] with { Ecx = hypervisor | 1 };
        KvmTdx td = f.InitializedTd(52);
        VcpuTdx vcpu = (VcpuTdx)td.CreateVcpu(0).Vcpu!;
        f.Data(BitConverter.GetBytes(256UL));
        Assert.That(f.Command(vcpu, TdxCommand.GetCpuid, f.DataAddress), Is.EqualTo(Errno.Ok));
        int count = BitConverter.ToInt32(f.Data(4));
        List<KvmCpuidEntry2> entries = KvmCpuid2.ParseEntries(f.Data(8 + (count * 40)).AsSpan(8), count);
        Assert.That(entries.Single(e => e.Function == 1).Value.Ecx, Is.EqualTo(1), "the TD's fixed bit is hidden");
        Assert.That(entries.Any(e => e.Function == 0x21), Is.False, "a leaf KVM does not know");
        Assert.That(entries.Any(e => e.Function == 0xD), Is.False, "a leaf the module does not let be read");
        Assert.That(entries.Single(e => e.Function == 0x8000_0008).Value.Eax >> 16 & 0xFF, Is.EqualTo(52));
    }

    [TestCase(48, 0x1EUL, 0UL, 47)]
    [TestCase(52, 0x26UL, 1UL, 51)]
    public void Patch_22_guest_physical_address_decides_EPT_level_and_GPAW(
        int width, ulong eptp, ulong flags, int sharedBit)
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        KvmTdx td = f.InitializedTd(width);
        Assert.That(BitConverter.ToUInt64(f.Module.TdParams, 24), Is.EqualTo(eptp));
        Assert.That(BitConverter.ToUInt64(f.Module.TdParams, 32), Is.EqualTo(flags), "NO_RBP_MOD is commented out");
        Assert.That(td.IsPrivateGpa((1UL << sharedBit) - 1), Is.True);
        Assert.That(td.IsPrivateGpa(1UL << sharedBit), Is.False);
    }

    [TestCase(TdpLevelRule.MaxPhysicalAddress, false)]
    [TestCase(TdpLevelRule.GuestPhysicalAddressOrMax, true)]
    public void Patch_23_guest_physical_address_decides_the_shared_EPTs_level(TdpLevelRule rule, bool runs)
    {
        KvmFixture f = new(KvmOptions.PostedSeries with { TdpLevelRule = rule });
        KvmTdx td = f.InitializedTd(48);
        VcpuTdx vcpu = (VcpuTdx)td.CreateVcpu(0).Vcpu!;
        f.SetCpuid(vcpu, KvmFixture.X2Apic, KvmFixture.MaxExtended, KvmFixture.Sizes(48, 52));
        f.Command(vcpu, TdxCommand.InitVcpu, 0);
        f.Command(td, TdxCommand.FinalizeVm, 0);
        f.Module.Exits.Enqueue(_ => new TdxStatus(0x4000_0001_0000_0002));
        Assert.That(f.Run(vcpu), Is.EqualTo(runs ? Errno.Ok : Errno.EIO));
        Assert.That(td.IsDead, Is.EqualTo(!runs));
    }

    [Test]
    public void Patch_24_bits_KVM_does_not_support_are_not_configurable()
    {
        FakePlatform platform = new();
        FakeModule.SetConfigs(
            platform.Module.Sys,
            new CpuidConfig(7, 0, new CpuidValue(0, 1 << 3 | 1 << 14, 0, 0)),
            new CpuidConfig(0x23, 0, new CpuidValue(0xF, 0, 0, 0)),
            new CpuidConfig(0x8000_0008, CpuidConfig.NoSubLeaf, default));
        KvmFixture f = new(KvmOptions.PostedSeries, platform);
        (_, byte[] bytes) = f.Capabilities(f.NewTd());
        Assert.That(BitConverter.ToUInt32(bytes, 2052 + 12), Is.EqualTo(1 << 3), "KVM knows BMI1, not bit 14");
        Assert.That(BitConverter.ToUInt32(bytes, 2052 + 24 + 8), Is.Zero, "KVM does not have the leaf");
        KvmCpuidEntry2 Leaf7(uint ebx) => new(7, 0, 1, new CpuidValue(0, ebx, 0, 0));
        Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(48), Leaf7(1 << 14)), Is.EqualTo(Errno.EINVAL));
        Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(48), Leaf7(1 << 3)), Is.EqualTo(Errno.Ok));
    }

    [TestCase(0U, 0U, 0xFFU, 0U, 0U, 0U)]
    [TestCase(1U, 0U, 0x0FFF3FFFU, 0x00FF0000U, 0U, 0U)]
    [TestCase(4U, 3U, 0xFFFFC3FFU, 0xFFFFF000U, 0xFFFFFFFFU, 7U)]
    [TestCase(0xBU, 0U, 0x1FU, 0xFFFFU, 0xFFFFU, 0U)]
    [TestCase(0x1FU, 5U, 0x1FU, 0xFFFFU, 0xFFFFU, 0U)]
    [TestCase(7U, 0U, 0U, 0U, 0U, 0U)]
    public void Patch_25_fields_of_several_bits_pass_the_mask(
        uint leaf, uint index, uint eax, uint ebx, uint ecx, uint edx)
    {
        KvmCpuidEntry2 entry = new(leaf, index, 1, default);
        Assert.That(SupportedCpuid.Widening(entry), Is.EqualTo(new CpuidValue(eax, ebx, ecx, edx)));
        Assert.That(
            new KvmFixture(KvmOptions.PostedSeries).Kvm.SupportedCpuid.Any(e => e.Function == leaf && e.Index == index),
            Is.True, "the widened leaf is in the list");
    }
}
