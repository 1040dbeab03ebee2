using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host.CpuidPolicies;

/// <summary>P0 and P1: the 8-KiB structure, derived XFAM, GPA width from EAX[7:0], v19's guard.</summary>
public sealed class BeforeSeriesTests
{
    private const uint Significant = KvmUapi.CpuidFlagSignificantIndex;
    private static readonly CpuidValue Ones = new(1, 1, 1, 1);

    [Test]
    public void Kvm_tdx_init_vm_had_8184_bytes_before_the_CPUID_array()
    {
        KvmTdxInitVm init = new()
        {
            Attributes = 0xA1, Xfam = 0xA2, MrConfigId = Filled(1), MrOwner = Filled(2), MrOwnerConfig = Filled(3),
        };
        byte[] bytes = init.ToBytes([new KvmCpuidEntry2(9, 0, 0, default)], InitVmLayout.BeforeSeries);
        Assert.Multiple(() =>
        {
            Assert.That(bytes, Has.Length.EqualTo(8192 + 40));
            Assert.That((byte[])[bytes[0], bytes[7], bytes[8], bytes[55]], Is.EqualTo((byte[])[0xA1, 0, 1, 1]));
            Assert.That((byte[])[bytes[56], bytes[103], bytes[104], bytes[151]], Is.EqualTo((byte[])[2, 2, 3, 3]));
            Assert.That(bytes[152..8184], Is.All.Zero, "reserved[1004]");
            Assert.That((bytes[8184], bytes[8188], bytes[8192]), Is.EqualTo(((byte)1, (byte)0, (byte)9)));
            KvmTdxInitVm back = KvmTdxInitVm.Parse(bytes, InitVmLayout.BeforeSeries);
            Assert.That((back.Attributes, back.Xfam, back.ReservedIsZero), Is.EqualTo((0xA1UL, 0UL, true)));
            Assert.That(back.MrOwnerConfig, Is.EqualTo(Filled(3)));
        });
    }

    [TestCase(152)]
    [TestCase(256)]
    [TestCase(8183)]
    [TestCase(8188)]
    public void Reserved_words_and_padding_must_be_0(int at)
    {
        PolicyRig rig = new("P0");
        byte[] bytes = new KvmTdxInitVm().ToBytes([rig.Sizes()], InitVmLayout.BeforeSeries);
        bytes[at] = 1;
        rig.F.Data(bytes);
        Assert.That(rig.F.Command(rig.F.NewTd(), TdxCommand.InitVm, rig.F.DataAddress), Is.EqualTo(Errno.EINVAL));
    }

    [TestCase(257U, Errno.E2BIG)]
    [TestCase(uint.MaxValue, Errno.E2BIG)]
    [TestCase(256U, Errno.EFAULT)]
    public void Hostile_counts_get_an_errno(uint count, Errno expected)
    {
        PolicyRig rig = new("P1");
        byte[] bytes = new KvmTdxInitVm().ToBytes([], InitVmLayout.BeforeSeries);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8184), count);
        ulong address = rig.F.User.MapBytes(bytes);
        Assert.That(rig.F.Command(rig.F.NewTd(), TdxCommand.InitVm, address), Is.EqualTo(expected));
        Assert.That(
            rig.F.Command(rig.F.NewTd(), TdxCommand.InitVm, address + 4096), Is.EqualTo(Errno.EFAULT), "half mapped");
    }

    [Test]
    public void Measurement_values_reach_TD_PARAMS()
    {
        PolicyRig rig = new("P0");
        KvmTdxInitVm init = new() { MrConfigId = Filled(1), MrOwner = Filled(2), MrOwnerConfig = Filled(3) };
        Assert.That(rig.F.InitVm(rig.F.NewTd(), init, rig.Sizes()), Is.EqualTo(Errno.Ok));
        byte[] p = rig.F.Module.TdParams;
        Assert.That((p[80], p[127], p[128], p[176], p[223]), Is.EqualTo(((byte)1, (byte)1, (byte)2, (byte)3, (byte)3)));
    }

    [Test]
    public void CAPABILITIES_shows_the_modules_fixed_bits_and_raw_leaves()
    {
        PolicyRig rig = new("P0");
        (Errno error, byte[] bytes) = rig.F.Capabilities(rig.F.NewTd());
        Assert.Multiple(() =>
        {
            Assert.That(error, Is.EqualTo(Errno.Ok));
            Assert.That(BitConverter.ToUInt64(bytes, 0), Is.EqualTo(0x80000000_70000001));
            Assert.That(BitConverter.ToUInt64(bytes, 16), Is.EqualTo(0x6DBE7));
            Assert.That(BitConverter.ToUInt64(bytes, 24), Is.EqualTo(3));
            Assert.That(BitConverter.ToUInt32(bytes, 32), Is.EqualTo(3), "supported_gpaw");
            Assert.That(BitConverter.ToUInt32(bytes, 2048), Is.EqualTo(4));
            Assert.That(BitConverter.ToUInt32(bytes, 2056), Is.EqualTo(uint.MaxValue), "no sub-leaf");
        });
    }

    private static IEnumerable<TestCaseData> XfamRows()
    {
        yield return Xfam("nothing", 3);
        yield return Xfam("AVX", 7, new KvmCpuidEntry2(1, 0, 0, new CpuidValue(0, 0, 1 << 28, 0)));
        yield return Xfam("AVX512F", 0xE3, Seven(ebx: 1 << 16));
        yield return Xfam("PT", 0x103, Seven(ebx: 1 << 25));
        yield return Xfam("PKU", 0x203, Seven(ecx: 1 << 3));
        yield return Xfam("SHSTK", 0x1803, Seven(ecx: 1 << 7));
        yield return Xfam("IBT", 0x1803, Seven(edx: 1 << 20));
        yield return Xfam("AMX", 0x60003, Seven(edx: 1 << 24));
        yield return Xfam("UINTR, which KVM does not support", 3, Seven(edx: 1 << 5));
        yield return Xfam("components of leaf 0xD", 0x1A07,
            new KvmCpuidEntry2(0xD, 0, Significant, new CpuidValue(0x207, 0, 0, 0)),
            new KvmCpuidEntry2(0xD, 1, Significant, new CpuidValue(0, 0, 0x1800, 0)));
        yield return Xfam("components nobody has", 3,
            new KvmCpuidEntry2(0xD, 0, Significant, new CpuidValue(3, 0, 0, 1U << 30)));
        yield return Xfam("a leaf of another index", 3, new KvmCpuidEntry2(7, 1, Significant, ~default(CpuidValue)));
    }

    [TestCaseSource(nameof(XfamRows))]
    public void XFAM_is_derived_from_CPUID(KvmCpuidEntry2[] entries, ulong expected)
    {
        foreach (string policy in (string[])["P0", "P1"])
        {
            PolicyRig rig = new(policy);
            Assert.That(rig.InitVm(entries), Is.EqualTo(Errno.Ok));
            Assert.That(rig.XfamGiven, Is.EqualTo(expected), policy);
        }
    }

    [TestCase(false, 0x10000000UL)]
    [TestCase(true, 0x50000000UL)]
    public void Attributes_are_derived_only_as_an_option(bool derived, ulong expected)
    {
        foreach (ICpuidPolicy policy in (ICpuidPolicy[])
            [new PreV19Policy { DerivesAttributes = derived }, new V19Policy { DerivesAttributes = derived }])
        {
            PolicyRig rig = new(policy) { Attributes = TdAttributes.SeptVeDisable };
            Assert.That(rig.InitVm(Seven(ecx: 1U << 31)), Is.EqualTo(Errno.Ok));
            Assert.That(rig.AttributesGiven, Is.EqualTo(expected), "PKS");
        }
    }

    [TestCase(48, 0x1E)]
    [TestCase(52, 0x26)]
    [TestCase(46, 0x1E)]
    public void The_GPA_width_comes_from_EAX_7_0_and_so_does_the_level_of_the_shared_EPT(int bits, int eptp)
    {
        PolicyRig rig = new("P1");
        KvmTdx td = rig.F.NewTd();
        td.EnableCap(KvmCap.SplitIrqchip, 0, 24);
        KvmCpuidEntry2 sizes = KvmUser.Sizes(0, bits);
        Assert.That(rig.F.InitVm(td, sizes), Is.EqualTo(Errno.Ok));
        Assert.That(
            BitConverter.ToUInt64(rig.F.Module.TdParams, TdParams.EptpControls) & 0xFFF, Is.EqualTo((ulong)eptp));
        Assert.That(rig.Slot(0x8000_0008).Eax, Is.Zero, "not configurable: dropped");
        rig.F.AddMemory(td, 0, 1 << 20);
        VcpuTdx vcpu = (VcpuTdx)td.CreateVcpu(0).Vcpu!;
        Assert.That(rig.SetCpuid(vcpu, [.. PolicyRig.Minimal, sizes]), Is.EqualTo(Errno.Ok));
        Assert.That(rig.F.Command(vcpu, TdxCommand.InitVcpu, 0), Is.EqualTo(Errno.Ok));
        Assert.That(
            rig.F.MemRegion(vcpu, rig.F.User.Map(4096), 0, 1), Is.EqualTo(Errno.Ok), "the level fits the shared bit");
    }

    private static IEnumerable<TestCaseData> GuardRows()
    {
        yield return Guard("the same", Errno.Ok, Seven(ebx: 1 << 16));
        yield return Guard("a bit less", Errno.EINVAL, Seven());
        yield return Guard("a bit the module was never given", Errno.EINVAL, Seven(ebx: 1 << 16 | 1));
        yield return Guard("a leaf INIT_VM did not have", Errno.Ok, new KvmCpuidEntry2(2, 0, 0, Ones));
        yield return Guard("another sub-leaf", Errno.Ok, new KvmCpuidEntry2(7, 1, Significant, Ones));
        yield return Guard("leaf missing", Errno.Ok);
    }

    [TestCaseSource(nameof(GuardRows))]
    public void V19_compares_the_leaves_both_have(KvmCpuidEntry2[] entries, Errno expected)
    {
        PolicyRig rig = new("P1");
        rig.InitVm(Seven(ebx: 1 << 16));
        VcpuTdx vcpu = rig.NewVcpu();
        Assert.That(rig.SetCpuid(vcpu, [.. PolicyRig.Minimal, rig.Sizes(), .. entries]), Is.EqualTo(expected));
        rig = new PolicyRig("P0");
        rig.InitVm(Seven(ebx: 1 << 16));
        Assert.That(
            rig.SetCpuid(rig.NewVcpu(), [.. PolicyRig.Minimal, rig.Sizes(), .. entries]), Is.EqualTo(Errno.Ok), "P0");
    }

    [Test]
    public void A_failed_INIT_VM_leaves_nothing_to_compare_with()
    {
        PolicyRig rig = new("P1");
        rig.F.Module.Answers[SeamcallLeaf.TDH_MNG_INIT] = _ => TdxStatus.OperandInvalid;
        Assert.That(rig.InitVm(Seven(ebx: 1 << 16)), Is.EqualTo(Errno.EINVAL));
        VcpuTdx vcpu = rig.NewVcpu();
        Assert.That(rig.SetCpuid(vcpu, Seven()), Is.EqualTo(Errno.Ok));
    }

    private static KvmCpuidEntry2 Seven(uint ebx = 0, uint ecx = 0, uint edx = 0) =>
        new(7, 0, Significant, new CpuidValue(0, ebx, ecx, edx));

    private static TestCaseData Xfam(string name, ulong expected, params KvmCpuidEntry2[] entries) =>
        new TestCaseData(entries, expected).SetArgDisplayNames(name);

    private static TestCaseData Guard(string name, Errno expected, params KvmCpuidEntry2[] entries) =>
        new TestCaseData(entries, expected).SetArgDisplayNames(name);

    private static byte[] Filled(byte value) => [.. Enumerable.Repeat(value, 48)];
}
