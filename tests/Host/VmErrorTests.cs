using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host;

/// <summary>Every error row of the VM-scope commands, in the order KVM checks; "beats" rows pin that order.</summary>
public sealed class VmErrorTests
{
    private const ulong BadPointer = 0xDEAD_0000;

    [Test]
    public void A_bad_command_pointer_is_EFAULT()
    {
        KvmFixture f = new();
        Assert.That(
            f.Platform.Run(() => f.NewTd().MemoryEncryptOp(f.Cpu, f.User, BadPointer)), Is.EqualTo(Errno.EFAULT));
    }

    [Test]
    public void A_command_that_cannot_be_copied_back_is_EFAULT()
    {
        KvmFixture f = new();
        ulong readOnly = f.User.MapBytes(new KvmTdxCmd(4, 0, 0, 0).ToBytes(), writable: false);
        Assert.That(f.Platform.Run(() => f.NewTd().MemoryEncryptOp(f.Cpu, f.User, readOnly)), Is.EqualTo(Errno.EFAULT));
    }

    [TestCase(0U)]
    [TestCase(77U)]
    public void A_nonzero_hw_error_beats_everything_behind_it(uint id)
    {
        KvmFixture f = new();
        Assert.That(f.Raw(f.NewTd(), id, BadPointer, hwError: 5), Is.EqualTo(Errno.EINVAL));
        Assert.That(f.HwError, Is.EqualTo(5), "not copied back");
    }

    [TestCase(2U)]
    [TestCase(6U)]
    [TestCase(99U)]
    public void An_unknown_command_is_EINVAL(uint id)
    {
        KvmFixture f = new();
        Assert.That(f.Raw(f.NewTd(), id, 0), Is.EqualTo(Errno.EINVAL));
    }

    [Test]
    public void Capabilities_check_flags_then_pointer_then_room()
    {
        KvmFixture f = new();
        KvmTdx td = f.NewTd();
        Assert.Multiple(() =>
        {
            Assert.That(f.Command(td, TdxCommand.Capabilities, BadPointer, flags: 1), Is.EqualTo(Errno.EINVAL));
            Assert.That(f.Command(td, TdxCommand.Capabilities, BadPointer), Is.EqualTo(Errno.EFAULT));
        });
        (Errno error, byte[] bytes) = f.Capabilities(td, room: 3);
        Assert.That(error, Is.EqualTo(Errno.E2BIG));
        Assert.That(BitConverter.ToUInt32(bytes, 2048), Is.EqualTo(3), "the needed count is not told");
        Assert.That(bytes.AsSpan(2056).IndexOfAnyExcept((byte)0), Is.EqualTo(-1), "nothing is copied");
    }

    [Test]
    public void Capabilities_show_what_may_be_configured()
    {
        KvmFixture f = new();
        (Errno error, byte[] bytes) = f.Capabilities(f.InitializedTd());
        List<KvmCpuidEntry2> entries = KvmCpuid2.ParseEntries(bytes.AsSpan(2056), 4);
        Assert.Multiple(() =>
        {
            Assert.That(error, Is.EqualTo(Errno.Ok), "allowed in any state");
            Assert.That(BitConverter.ToUInt64(bytes, 0), Is.EqualTo(TdAttributes.SeptVeDisable));
            Assert.That(BitConverter.ToUInt64(bytes, 8), Is.EqualTo(0x602E7));
            Assert.That(entries.All(entry => entry.Flags == 0), Is.True);
            Assert.That(entries[0].Index, Is.Zero, "no sub-leaf is shown as 0");
            Assert.That(entries[2].Value, Is.EqualTo(new CpuidValue(0, 1 << 16, 1 << 13, 0)), "no TSX, no WAITPKG");
            Assert.That(entries[3].Value.Eax, Is.EqualTo(0x00FF0000));
        });
    }

    private static IEnumerable<TestCaseData> InitVmRows()
    {
        KvmCpuidEntry2 sizes = KvmFixture.Sizes(48);
        static TestCaseData Row(string name, Func<KvmFixture, KvmTdx, Errno> call, Errno expected) =>
            new TestCaseData(call, expected).SetArgDisplayNames(name, expected.ToString());
        yield return Row("good", (f, td) => f.InitVm(td, sizes), Errno.Ok);
        yield return Row("twice", (f, td) => { f.InitVm(td, sizes); return f.InitVm(td, sizes); }, Errno.EINVAL);
        yield return Row(
            "flags beat the pointer", (f, td) => f.Command(td, TdxCommand.InitVm, BadPointer, 1), Errno.EINVAL);
        yield return Row("bad pointer", (f, td) => f.Command(td, TdxCommand.InitVm, BadPointer), Errno.EFAULT);
        yield return Row(
            "too many entries beat reserved", (f, td) => InitRaw(f, td, count: 257, reserved: 1), Errno.E2BIG);
        yield return Row("entries unreadable", (f, td) => AtEnd(f, td), Errno.EFAULT);
        yield return Row("reserved", (f, td) => InitRaw(f, td, reserved: 1), Errno.EINVAL);
        yield return Row("padding", (f, td) => InitRaw(f, td, padding: 1), Errno.EINVAL);
        yield return Row(
            "attributes", (f, td) => f.InitVm(td, new KvmTdxInitVm { Attributes = 1, Xfam = 3 }, sizes), Errno.EINVAL);
        yield return Row(
            "xfam", (f, td) => f.InitVm(td, new KvmTdxInitVm { Xfam = 3 | 1UL << 14 }, sizes), Errno.EINVAL);
        yield return Row("no address sizes", (f, td) => f.InitVm(td), Errno.EINVAL);
        yield return Row("width 0", (f, td) => f.InitVm(td, KvmFixture.Sizes(0)), Errno.EINVAL);
        yield return Row("width 46", (f, td) => f.InitVm(td, KvmFixture.Sizes(46)), Errno.EINVAL);
        yield return Row("TSX", (f, td) => f.InitVm(td, sizes, Leaf7(1 << 4, 0)), Errno.EINVAL);
        yield return Row("WAITPKG", (f, td) => f.InitVm(td, sizes, Leaf7(0, 1 << 5)), Errno.EINVAL);
        yield return Row("a leaf without slot", (f, td) => f.InitVm(td, sizes, new(2, 0, 0, default)), Errno.EINVAL);
        yield return Row("a duplicate", (f, td) => f.InitVm(td, sizes, sizes), Errno.EINVAL);
        yield return Row("any bit of a slot", (f, td) => f.InitVm(td, sizes, Leaf7(0, 1U << 31)), Errno.Ok);
    }

    [TestCaseSource(nameof(InitVmRows))]
    public void Init_vm(Delegate call, Errno expected)
    {
        KvmFixture f = new();
        KvmTdx td = f.NewTd();
        int pages = f.Kernel.Pages.PagesInUse;
        Assert.That(((Func<KvmFixture, KvmTdx, Errno>)call)(f, td), Is.EqualTo(expected));
        Assert.That(f.HwError, Is.Zero);
        if (expected != Errno.Ok && td.State == TdState.Uninitialized)
            Assert.That(f.Kernel.Tdx.KeyIds!.InUse, Is.Zero);
        Assert.That(pages, Is.GreaterThan(0));
    }

    [Test]
    public void An_entry_without_significant_index_that_fills_two_slots_is_EINVAL()
    {
        FakePlatform platform = new();
        CpuidValue mask = new(0xFF, 0, 0, 0);
        FakeModule.SetConfigs(
            platform.Module.Sys, new CpuidConfig(4, 0, mask), new CpuidConfig(4, 1, mask),
            new CpuidConfig(0x8000_0008, CpuidConfig.NoSubLeaf, default));
        KvmFixture f = new(platform: platform);
        Assert.That(
            f.InitVm(f.NewTd(), KvmFixture.Sizes(48), new KvmCpuidEntry2(4, 0, 0, mask)), Is.EqualTo(Errno.EINVAL));
        Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(48), new KvmCpuidEntry2(4, 0, 1, mask)), Is.EqualTo(Errno.Ok));
    }

    [Test]
    public void Init_vm_of_52_bits_needs_five_level_EPT()
    {
        FakePlatform platform = new();
        platform.Msrs[0x48C] &= ~(1UL << 7);
        KvmFixture f = new(platform: platform);
        Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(52)), Is.EqualTo(Errno.EINVAL));
        Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(48)), Is.EqualTo(Errno.Ok));
    }

    [Test]
    public void Init_vm_after_a_vCPU_was_created_is_EBUSY()
    {
        KvmFixture f = new(KvmOptions.PostedSeries);
        KvmTdx td = f.NewTd();
        td.EnableCap(KvmCap.SplitIrqchip, 0, 24);
        td.CreateVcpu(0);
        Assert.That(f.InitVm(td, KvmFixture.Sizes(48)), Is.EqualTo(Errno.EBUSY));
    }

    [TestCase(null, Errno.Ok)]
    [TestCase(1, Errno.EBUSY)]
    [TestCase(0, Errno.EINVAL)]
    public void The_cgroup_limits_TDs(int? limit, Errno second)
    {
        KvmFixture f = new(KvmOptions.Linux616 with { CgroupLimit = limit });
        Errno first = f.InitVm(f.NewTd(), KvmFixture.Sizes(48));
        Assert.That(first, Is.EqualTo(limit == 0 ? Errno.EINVAL : Errno.Ok));
        Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(48)), Is.EqualTo(second));
        Assert.That(f.Kernel.Tdx.KeyIds!.InUse, Is.EqualTo(limit switch { null => 2, 0 => 0, _ => 1 }));
    }

    private static IEnumerable<TestCaseData> ModuleRows()
    {
        static TestCaseData Row(
            SeamcallLeaf leaf, TdxStatus status, Errno expected, bool dead = false, bool hw = false) =>
            new(leaf, status.Value, expected, dead, hw);
        yield return Row(SeamcallLeaf.TDH_MNG_CREATE, TdxStatus.RndNoEntropy, Errno.EAGAIN);
        yield return Row(SeamcallLeaf.TDH_MNG_CREATE, TdxStatus.HkidNotFree, Errno.EIO);
        yield return Row(SeamcallLeaf.TDH_MNG_KEY_CONFIG, TdxStatus.KeyGenerationFailed, Errno.EIO, dead: true);
        yield return Row(SeamcallLeaf.TDH_MNG_ADDCX, TdxStatus.RndNoEntropy, Errno.EAGAIN);
        yield return Row(SeamcallLeaf.TDH_MNG_ADDCX, TdxStatus.TdcxNumIncorrect, Errno.EIO);
        yield return Row(
            SeamcallLeaf.TDH_MNG_INIT, TdxStatus.OperandInvalid.With(OperandId.CpuidConfig), Errno.EINVAL, hw: true);
        yield return Row(SeamcallLeaf.TDH_MNG_INIT, TdxStatus.IncorrectMsrValue.With(0x10A), Errno.EIO);
        yield return Row(SeamcallLeaf.TDH_MNG_RD, TdxStatus.MetadataFieldIdIncorrect, Errno.EIO);
    }

    [TestCaseSource(nameof(ModuleRows))]
    public void A_refusal_of_the_module_tears_down_what_was_built(
        SeamcallLeaf leaf, ulong status, Errno expected, bool dead, bool hwError)
    {
        KvmFixture f = new();
        KvmTdx td = f.NewTd();
        f.Module.Answers[leaf] = _ => new TdxStatus(status);
        int pages = f.Kernel.Pages.PagesInUse;
        Assert.That(f.InitVm(td, KvmFixture.Sizes(48)), Is.EqualTo(expected));
        Assert.Multiple(() =>
        {
            Assert.That(f.HwError, Is.EqualTo(hwError ? status : 0));
            Assert.That(td.IsDead, Is.EqualTo(dead));
            Assert.That(td.State, Is.EqualTo(TdState.Uninitialized));
            Assert.That(f.Kernel.Tdx.KeyIds!.InUse, Is.Zero);
            Assert.That(f.Module.Pages, Is.Empty);
            // The user buffer's pages may have appeared meanwhile.
            Assert.That(f.Kernel.Pages.PagesInUse, Is.LessThanOrEqualTo(pages + 2));
        });
    }

    [Test]
    public void A_package_without_online_processor_stops_INIT_VM()
    {
        KvmFixture f = new(platform: new FakePlatform(2, 1));
        Assert.That(f.Platform.Run(() => f.Kernel.Cpus.Offline(f.Cpu, f.Platform.Cpus[1])), Is.EqualTo(Errno.Ok));
        Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(48)), Is.EqualTo(Errno.EIO));
        Assert.That(f.Platform.LogLines.Any(line => line.Contains("All packages need to have online CPU")), Is.True);
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_MNG_CREATE), Is.Zero);
    }

    [Test]
    public void Finalize_needs_a_KeyID_and_no_premapped_page_and_happens_once()
    {
        KvmFixture f = new();
        Assert.That(f.Command(f.NewTd(), TdxCommand.FinalizeVm, 0), Is.EqualTo(Errno.EINVAL));
        KvmTdx td = f.InitializedTd();
        f.AddMemory(td, 0, 1 << 20);
        VcpuTdx vcpu = f.InitializedVcpu(td);
        f.Module.Answers[SeamcallLeaf.TDH_MEM_PAGE_ADD] = _ => TdxStatus.OperandBusy.With(OperandId.Tdr);
        Assert.That(f.MemRegion(vcpu, f.User.Map(4096), 0, 1), Is.EqualTo(Errno.EBUSY));
        Assert.That(td.Private.Premapped, Is.EqualTo(1));
        Assert.That(f.Command(td, TdxCommand.FinalizeVm, 0), Is.EqualTo(Errno.EINVAL));
        f.Platform.Run(() => td.Private.Zap(f.Cpu, 0));
        Assert.That(td.Private.Premapped, Is.Zero, "BLOCK finds no page: only the mirror had it");
        Assert.That(f.Command(td, TdxCommand.FinalizeVm, 0, flags: 7), Is.EqualTo(Errno.Ok), "flags are not looked at");
        Assert.That(f.Command(td, TdxCommand.FinalizeVm, 0), Is.EqualTo(Errno.EINVAL));
    }

    [TestCase(0x8000_0200_0000_0080UL, Errno.EBUSY, false)]
    [TestCase(0xC000_0609_0000_0000UL, Errno.EIO, true)]
    public void Finalize_tells_RAX(ulong status, Errno expected, bool dead)
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd();
        f.Module.Answers[SeamcallLeaf.TDH_MR_FINALIZE] = _ => new TdxStatus(status);
        Assert.That(f.Command(td, TdxCommand.FinalizeVm, 0), Is.EqualTo(expected));
        Assert.That((f.HwError, td.IsDead), Is.EqualTo((status, dead)));
        if (dead)
            Assert.That(f.Raw(td, 0, 0), Is.EqualTo(Errno.EIO), "a dead VM answers -EIO to everything");
    }

    [Test]
    public void TD_PARAMS_hold_what_was_asked_for()
    {
        KvmFixture f = new(KvmOptions.Linux616 with { DefaultTscKhz = 2_100_000 });
        KvmTdxInitVm init = new()
        {
            Attributes = TdAttributes.SeptVeDisable, Xfam = 0xE7, MrOwner = [.. Enumerable.Repeat((byte)9, 48)],
        };
        KvmCpuidEntry2 model = new(1, 0, 0, new CpuidValue(0x806F8, 0x10 << 16, 1 << 7, 0));
        Assert.That(f.InitVm(f.NewTd(), init, KvmFixture.Sizes(52), model), Is.EqualTo(Errno.Ok));
        byte[] p = f.Module.TdParams;
        Assert.Multiple(() =>
        {
            Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(p), Is.EqualTo(TdAttributes.SeptVeDisable));
            Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(p.AsSpan(8)), Is.EqualTo(0xE7));
            Assert.That(BinaryPrimitives.ReadUInt16LittleEndian(p.AsSpan(16)), Is.EqualTo(1), "as many vCPUs as CPUs");
            Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(p.AsSpan(24)), Is.EqualTo(0x26));
            Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(p.AsSpan(32)), Is.EqualTo(1 | 4), "GPAW, NO_RBP_MOD");
            Assert.That(BinaryPrimitives.ReadUInt16LittleEndian(p.AsSpan(40)), Is.EqualTo(84));
            Assert.That((p[127], p[128], p[175], p[176]), Is.EqualTo(((byte)0, (byte)9, (byte)9, (byte)0)));
            Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(p.AsSpan(256)), Is.EqualTo(0x806F8));
            Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(p.AsSpan(256 + 48)), Is.Zero, "EAX[23:16] is KVM's");
        });
    }

    private static KvmCpuidEntry2 Leaf7(uint ebx, uint ecx) => new(7, 0, 1, new CpuidValue(0, ebx, ecx, 0));

    private static Errno InitRaw(KvmFixture f, KvmTdx td, uint count = 1, byte reserved = 0, byte padding = 0)
    {
        byte[] bytes = new KvmTdxInitVm { Xfam = 3 }.ToBytes([KvmFixture.Sizes(48)]);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(256), count);
        bytes[255] = reserved;
        bytes[260] = padding;
        f.Data(bytes);
        return f.Command(td, TdxCommand.InitVm, f.DataAddress);
    }

    private static Errno AtEnd(KvmFixture f, KvmTdx td)
    {
        byte[] bytes = new KvmTdxInitVm { Xfam = 3 }.ToBytes([KvmFixture.Sizes(48)]);
        ulong page = f.User.Map(4096);
        f.User.TryWrite(page + 4096 - 264, bytes.AsSpan(0, 264));
        return f.Command(td, TdxCommand.InitVm, page + 4096 - 264);
    }
}
