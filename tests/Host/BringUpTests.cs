using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;

namespace Seamsim.Tests.Host;

/// <summary>From boot to a module that is ready, and what stops it.</summary>
public sealed class BringUpTests
{
    private const ulong MiB = 1UL << 20, GiB = 1UL << 30;

    [Test]
    public void The_leaves_come_in_Linux_order()
    {
        KvmFixture f = new(platform: new FakePlatform(packages: 2, cpusPerPackage: 2));
        IEnumerable<(SeamcallLeaf, int)> calls = f.Module.Trace.Where(call => call.Leaf != SeamcallLeaf.TDH_SYS_RD);
        Assert.That(calls, Is.EqualTo(((SeamcallLeaf, int)[])
        [
            (SeamcallLeaf.TDH_SYS_INIT, 0), (SeamcallLeaf.TDH_SYS_LP_INIT, 0), (SeamcallLeaf.TDH_SYS_LP_INIT, 1),
            (SeamcallLeaf.TDH_SYS_LP_INIT, 2), (SeamcallLeaf.TDH_SYS_LP_INIT, 3), (SeamcallLeaf.TDH_SYS_CONFIG, 0),
            (SeamcallLeaf.TDH_SYS_KEY_CONFIG, 0), (SeamcallLeaf.TDH_SYS_KEY_CONFIG, 2),
            (SeamcallLeaf.TDH_SYS_TDMR_INIT, 0),
        ]));
        Assert.That(f.Platform.FakeCpus.All(cpu => cpu.Stubs.Contains(Seamsim.Host.Stub.Wbinvd)), Is.True);
        Assert.That(f.Kvm.TdxEnabled, Is.True);
        Assert.That(f.Kernel.Tdx.Info.Version, Is.EqualTo("1.5.01"));
        Assert.That(f.Kernel.Tdx.Info.MaxVcpusPerTd, Is.EqualTo(0xFFFF), "old modules do not have the field");
    }

    [Test]
    public void SYS_CONFIG_gets_an_aligned_array_of_aligned_TDMR_INFOs_and_the_global_KeyID()
    {
        FakePlatform platform = new(1, 1, (0, 2 * GiB), (4 * GiB, GiB));
        List<ulong> infos = [];
        ulong rcx = 0, rdx = 0, r8 = 0, firstBase = 1, secondBase = 0;
        platform.Module.Answers[SeamcallLeaf.TDH_SYS_CONFIG] = cpu =>
        {
            (rcx, rdx, r8) = (cpu.Gpr(1), cpu.Gpr(2), cpu.Gpr(8));
            infos.Add(platform.Qword(rcx));
            infos.Add(platform.Qword(rcx + 8));
            (firstBase, secondBase) = (platform.Qword(infos[0]), platform.Qword(infos[1]));
            return TdxStatus.Success;
        };
        _ = new KvmFixture(platform: platform);
        Assert.Multiple(() =>
        {
            Assert.That((rcx % 512, rdx, r8), Is.EqualTo((0UL, 2UL, 17UL)));
            Assert.That(infos.All(info => info % 512 == 0), Is.True);
            Assert.That((firstBase, secondBase), Is.EqualTo((0UL, 4 * GiB)));
        });
    }

    [Test]
    public void TDMR_INIT_is_called_until_the_module_says_the_region_is_done()
    {
        FakePlatform platform = new(1, 1, (0, 3 * GiB));
        ulong done = 0;
        platform.Module.Answers[SeamcallLeaf.TDH_SYS_TDMR_INIT] = cpu =>
        {
            done += GiB / 4;
            cpu.Gpr(2) = done & ~(GiB - 1);
            return TdxStatus.Success;
        };
        KvmFixture f = new(platform: platform);
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_SYS_TDMR_INIT), Is.EqualTo(12));
        Assert.That(f.Kernel.Tdx.State, Is.EqualTo(TdxState.Initialized));
    }

    [TestCase(true,  Errno.EIO)]
    [TestCase(false, Errno.Ok)]
    public void A_failing_bring_up_fails_the_load_of_Linux_6_16_only(bool upstream, Errno expected)
    {
        FakePlatform platform = new();
        platform.Module.Answers[SeamcallLeaf.TDH_SYS_CONFIG] = _ => TdxStatus.InvalidTdmr;
        KvmFixture f = new(upstream ? KvmOptions.Linux616 : KvmOptions.PostedSeries, platform);
        Assert.That(f.LoadError, Is.EqualTo(expected));
        Assert.That(f.Kernel.Tdx.State, Is.EqualTo(TdxState.Error));
        if (!upstream)
            Assert.That(f.Kvm.CreateVm(5).Error, Is.EqualTo(Errno.EINVAL));
    }

    [Test]
    public void An_error_is_sticky_and_the_PAMTs_go_back()
    {
        FakePlatform platform = new();
        platform.Module.Answers[SeamcallLeaf.TDH_SYS_KEY_CONFIG] = _ => TdxStatus.KeyGenerationFailed;
        KvmFixture f = new(KvmOptions.PostedSeries, platform);
        Assert.That(f.Platform.Run(() => f.Kernel.Tdx.Enable(f.Cpu)), Is.EqualTo(Errno.EINVAL));
        Assert.That(
            f.Kernel.Pages.TryAllocateBlock(900 * MiB, 4096, 0, ulong.MaxValue, out _),
                Is.True, "all RAM is free again");
        // Sapphire Rapids: pages written under another key are cleared with MOVDIR64B before reuse.
        Assert.That(platform.FakeCpus[0].Cleared, Has.Count.EqualTo(1024 + 2 + 1));
    }

    [Test]
    public void A_module_that_is_not_loaded_leaves_KVM_without_TDX()
    {
        FakePlatform platform = new();
        platform.Module.IsLoaded = false;
        KvmFixture f = new(platform: platform);
        Assert.That((f.LoadError, f.Kvm.TdxEnabled), Is.EqualTo((Errno.Ok, false)));
        Assert.That(platform.LogLines, Does.Contain("virt/tdx: module not loaded"));
    }

    [TestCase(0x87U, 0UL, false)]
    [TestCase(0x87U, 1UL << 32 | 16, true)]
    public void Without_two_private_KeyIDs_TDX_is_off_before_any_SEAMCALL(uint msr, ulong value, bool speaks)
    {
        FakePlatform platform = new();
        platform.Msrs[msr] = value;
        KvmFixture f = new(platform: platform);
        Assert.That((f.LoadError, f.Kvm.TdxEnabled, platform.Module.Trace.Count), Is.EqualTo((Errno.Ok, false, 0)));
        Assert.That(platform.LogLines.Any(line => line.Contains("too few private KeyIDs")), Is.EqualTo(speaks));
    }

    [Test]
    public void Hibernation_excludes_TDX()
    {
        FakePlatform platform = new();
        HostKernel kernel = new(platform);
        kernel.Tdx.HibernationAvailable = true;
        Assert.That(platform.Run(() => kernel.Tdx.BringUp(platform.Cpus[0], null)), Is.EqualTo(Errno.ENODEV));
        Assert.That(kernel.Tdx.KeyIds, Is.Null);
    }

    [Test]
    public void A_module_without_NO_RBP_MOD_is_refused()
    {
        FakePlatform platform = new();
        platform.Module.Sys[SysFields.TdxFeatures0.Value] = 0;
        KvmFixture f = new(platform: platform);
        Assert.That(f.LoadError, Is.EqualTo(Errno.EINVAL));
        Assert.That(platform.LogLines.Any(line => line.Contains("Upgrade the TDX module")), Is.True);
    }

    [Test]
    public void Too_many_TDMRs_or_reserved_areas_are_ENOSPC()
    {
        FakePlatform tdmrs = new(1, 1, (0, GiB), (2 * GiB, GiB));
        tdmrs.Module.Sys[SysFields.MaxTdmrs.Value] = 1;
        Assert.That(new KvmFixture(platform: tdmrs).LoadError, Is.EqualTo(Errno.ENOSPC));
        FakePlatform areas = new();
        areas.Module.Sys[SysFields.MaxReservedPerTdmr.Value] = 1;
        Assert.That(new KvmFixture(platform: areas).LoadError, Is.EqualTo(Errno.ENOSPC));
    }

    [Test]
    public void SYS_INIT_is_tried_once_even_when_it_fails()
    {
        FakePlatform platform = new(1, 3);
        platform.Module.Answers[SeamcallLeaf.TDH_SYS_INIT] = _ => TdxStatus.SysInitNotPending;
        KvmFixture f = new(KvmOptions.PostedSeries, platform);
        f.Platform.Run(() => f.Kernel.Tdx.InitializeCpus(f.Cpu));
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_SYS_INIT), Is.EqualTo(1));
    }

    [Test]
    public void Hot_added_memory_must_lie_in_TDX_memory()
    {
        KvmFixture f = new();
        Assert.That(f.Kernel.Tdx.HotAddMemory(f.Cpu, 512 * MiB, MiB), Is.EqualTo(Errno.Ok));
        Assert.That(f.Kernel.Tdx.HotAddMemory(f.Cpu, GiB, MiB), Is.EqualTo(Errno.EPERM));
        Assert.That(f.Kernel.Tdx.HotAddMemory(f.Cpu, GiB - MiB, 2 * MiB), Is.EqualTo(Errno.EPERM));
    }

    [Test]
    public void The_module_is_installed_on_every_processor_with_one_parameter_page()
    {
        FakePlatform platform = new(1, 2);
        HostKernel kernel = new(platform);
        ulong count = 0, firstPage = 0, sigStruct = 0, magic = 0;
        platform.Module.Answers[SeamcallLeaf.SEAMLDR_INSTALL] = cpu =>
        {
            ulong parameters = cpu.Gpr(1);
            count = platform.Qword(parameters + 120);
            sigStruct = platform.Qword(parameters + 8);
            firstPage = platform.Qword(parameters + 128);
            magic = platform.Qword(firstPage);
            return TdxStatus.Success;
        };
        byte[] image = new byte[5000];
        image[0] = 0x42;
        TdxModuleImage module = new(new byte[2048], image);
        Assert.That(platform.Run(() => kernel.Tdx.BringUp(platform.Cpus[0], module)), Is.EqualTo(Errno.Ok));
        Assert.That((count, magic), Is.EqualTo((2UL, 0x42UL)));
        Assert.That(sigStruct % 4096, Is.Zero);
        Assert.That(
            platform.Module.Trace.Take(3).Select(call => (call.Leaf, call.Cpu)),
            Is.EqualTo(((SeamcallLeaf, int)[])
                [
                    (SeamcallLeaf.SEAMLDR_INSTALL, 0), (SeamcallLeaf.SEAMLDR_INSTALL, 1), (SeamcallLeaf.TDH_SYS_INIT, 0),
                ]));
        TdxModuleImage tooBig = new(new byte[2048], new byte[497 * 4096]);
        Assert.That(
            platform.Run(() => new SeamLoader(kernel).Install(platform.Cpus[0], tooBig)), Is.EqualTo(Errno.E2BIG));
    }

    [Test]
    public void A_missing_processor_feature_leaves_KVM_without_TDX()
    {
        FakePlatform platform = new();
        platform.Cpuid[(7, 0)] = platform.Cpuid[(7, 0)] with { Ecx = 0 };
        KvmFixture f = new(platform: platform);
        Assert.That((f.LoadError, f.Kvm.TdxEnabled), Is.EqualTo((Errno.Ok, false)));
        Assert.That(platform.LogLines, Does.Contain("kvm_intel: tdx: MOVDIR64B is required for TDX"));
    }
}
