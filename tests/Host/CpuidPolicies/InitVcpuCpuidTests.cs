using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host.CpuidPolicies;

/// <summary>P2 and P5: INIT_VCPU is the only writer of the vCPU's CPUID.</summary>
public sealed class InitVcpuCpuidTests
{
    private const uint Significant = KvmUapi.CpuidFlagSignificantIndex;
    private static readonly KvmCpuidEntry2 Own = new(0x4000_0001, 0, 0, new CpuidValue(0x80, 0, 0, 0));

    [Test]
    public void P2_reads_the_named_leaves_cuts_them_returns_and_installs_them()
    {
        PolicyRig rig = new("P2");
        rig.F.Module.TdCpuid[(7, 0)] = new CpuidValue(2, 0, 1 << 13 | 1 << 8, 0);
        rig.InitVm(Own);
        VcpuTdx vcpu = rig.NewVcpu();
        KvmCpuidEntry2[] asked =
        [
            .. PolicyRig.Minimal, new(7, 0, Significant, new CpuidValue(9, 9, 9, 9)), rig.Sizes(),
            Own with { Value = default }, new(0x21, 0, Significant, default), new(0x19, 0, 0, default),
        ];
        (Errno error, List<KvmCpuidEntry2> answer) = rig.InitVcpu(vcpu, asked);
        Assert.That(error, Is.EqualTo(Errno.Ok));
        Assert.Multiple(() =>
        {
            Assert.That(
                answer.Select(e => e.Function), Is.EqualTo((uint[])[1, 0x8000_0000, 7, 0x8000_0008, 0x4000_0001]),
                "0x21 is unknown to KVM, 0x19 to the module too");
            Assert.That(answer[2].Value.Ecx, Is.EqualTo(1 << 8), "bit 13 is unknown to KVM");
            Assert.That(answer[3].Value.Eax >> 16, Is.EqualTo(48));
            Assert.That(answer[4], Is.EqualTo(Own), "the entry put aside");
            Assert.That(vcpu.Cpuid, Is.EquivalentTo(answer));
            Assert.That(
                rig.F.Module.Calls.Last(call => call.Leaf == SeamcallLeaf.TDH_VP_INIT).Rdx, Is.EqualTo(0x1234), "RCX");
        });
    }

    [Test]
    public void P2_merges_the_hypervisors_leaves_also_unasked()
    {
        PolicyRig rig = new("P2");
        rig.InitVm(Own);
        VcpuTdx vcpu = rig.NewVcpu();
        (_, List<KvmCpuidEntry2> answer) = rig.InitVcpu(vcpu, [.. PolicyRig.Minimal, rig.Sizes()]);
        Assert.That(answer, Has.Count.EqualTo(3));
        Assert.That(vcpu.Cpuid, Does.Contain(Own));
    }

    [Test]
    public void P2_without_leaf_1_has_no_x2APIC_and_no_vCPU()
    {
        PolicyRig rig = new("P2");
        rig.InitVm();
        VcpuTdx vcpu = rig.NewVcpu();
        Assert.That(rig.InitVcpu(vcpu, KvmUser.MaxExtended, rig.Sizes()).Error, Is.EqualTo(Errno.EINVAL));
        Assert.That((vcpu.IsInitialized, vcpu.Cpuid.Count), Is.EqualTo((false, 0)), "no mark");
        Assert.That(rig.InitVcpu(vcpu, [.. PolicyRig.Minimal, rig.Sizes()]).Error, Is.EqualTo(Errno.Ok));
    }

    private static IEnumerable<TestCaseData> P5Rows()
    {
        yield return Row("as the TD has it", e => e, Errno.Ok);
        yield return Row("a bit more", e => e with { Value = e.Value with { Ecx = e.Value.Ecx ^ 1 } }, Errno.EINVAL);
        yield return Row("another EAX", e => e with { Value = e.Value with { Eax = e.Value.Eax + 1 } }, Errno.EINVAL);
        yield return Row("OSXSAVE", e => e with { Value = e.Value with { Ecx = e.Value.Ecx ^ (1 << 27) } }, Errno.Ok);
        yield return Row("APIC id", e => e with { Value = e.Value with { Ebx = e.Value.Ebx ^ (5 << 24) } }, Errno.Ok);
    }

    [TestCaseSource(nameof(P5Rows))]
    public void P5_refuses_everything_when_a_leaf_differs(Delegate change, Errno expected)
    {
        PolicyRig rig = new("P5");
        rig.InitVm();
        VcpuTdx vcpu = rig.NewVcpu();
        KvmCpuidEntry2 changed = ((Func<KvmCpuidEntry2, KvmCpuidEntry2>)change)(rig.TdOf(1));
        Assert.That(
            rig.InitVcpu(vcpu, changed, rig.TdOf(0x8000_0000), rig.SizesOfTd, Own).Error, Is.EqualTo(expected));
        Assert.That(vcpu.Cpuid, Has.Count.EqualTo(expected == Errno.Ok ? 4 : 0));
        Assert.That(vcpu.IsInitialized, Is.EqualTo(expected == Errno.Ok));
    }

    [Test]
    public void P5_accepts_the_hypervisors_leaves_and_those_the_TD_asks_the_hypervisor_about()
    {
        PolicyRig rig = new("P5");
        rig.InitVm();
        VcpuTdx vcpu = rig.NewVcpu();
        KvmCpuidEntry2 cpuidHypercall = new(0x1F, 0, Significant, new CpuidValue(1, 2, 3, 4));
        Assert.That(
            rig.InitVcpu(vcpu, rig.TdOf(1), rig.TdOf(0x8000_0000), rig.SizesOfTd, Own, cpuidHypercall).Error,
            Is.EqualTo(Errno.Ok));
        Assert.That(vcpu.LookUpCpuid(0x1F, 0), Is.EqualTo(cpuidHypercall.Value));
    }

    [Test]
    public void P5_also_compares_the_GPA_width()
    {
        PolicyRig rig = new("P5");
        rig.InitVm();
        KvmCpuidEntry2 wrong = rig.SizesOfTd with { Value = rig.SizesOfTd.Value with { Eax = 0x34_3934 } };
        Assert.That(rig.InitVcpu(rig.NewVcpu(), rig.TdOf(1), rig.TdOf(0x8000_0000), wrong).Error,
            Is.EqualTo(Errno.EINVAL));
    }

    private static IEnumerable<TestCaseData> HostileRows()
    {
        yield return Hostile("unmapped", f => 0x10, Errno.EFAULT);
        yield return Hostile("wraps", f => ulong.MaxValue - 3, Errno.EFAULT);
        yield return Hostile("257 entries", f => Put(f, 257, 0), Errno.E2BIG);
        yield return Hostile("4 billion entries", f => Put(f, uint.MaxValue, 0), Errno.E2BIG);
        yield return Hostile("entries beyond the mapping", f => f.User.MapBytes(Header(256, 0)), Errno.EFAULT);
        yield return Hostile("padding", f => Put(f, 0, 1), Errno.EINVAL);
        yield return Hostile("no entries", f => Put(f, 0, 0), Errno.EINVAL);
        yield return Hostile("answer not writable", ReadOnly, Errno.EFAULT);
    }

    [TestCaseSource(nameof(HostileRows))]
    public void Hostile_INIT_VCPU_data_gets_an_errno(Delegate data, Errno expected)
    {
        PolicyRig rig = new("P2");
        rig.InitVm();
        VcpuTdx vcpu = rig.NewVcpu();
        ulong address = ((Func<KvmFixture, ulong>)data)(rig.F);
        Assert.That(rig.F.Command(vcpu, TdxCommand.InitVcpu, address), Is.EqualTo(expected));
        Assert.That((vcpu.IsInitialized, vcpu.Cpuid.Count), Is.EqualTo((false, 0)));
        Assert.That(rig.Td.IsDead, Is.False);
    }

    private static byte[] Header(uint count, uint padding) =>
        [.. new byte[8], .. BitConverter.GetBytes(count), .. BitConverter.GetBytes(padding)];

    private static ulong Put(KvmFixture f, uint count, uint padding)
    {
        f.Data(Header(count, padding));
        return f.DataAddress;
    }

    private static ulong ReadOnly(KvmFixture f) => f.User.MapBytes(
        KvmTdxInitVcpu.ToBytes(0, [.. PolicyRig.Minimal, KvmUser.Sizes(48)]), writable: false);

    private static TestCaseData Row(string name, Func<KvmCpuidEntry2, KvmCpuidEntry2> change, Errno expected) =>
        new TestCaseData(change, expected).SetArgDisplayNames(name);

    private static TestCaseData Hostile(string name, Func<KvmFixture, ulong> data, Errno expected) =>
        new TestCaseData(data, expected).SetArgDisplayNames(name);
}
