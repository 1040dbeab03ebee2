using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host.CpuidPolicies;

/// <summary>Pointers and counts no honest program would use, under every policy: an errno and no mark.</summary>
public sealed class HostileUapiTests
{
    private static IEnumerable<string> Policies => CpuidPolicyCatalog.All.Select(policy => policy.Id);

    [TestCaseSource(nameof(Policies))]
    public void Pointers_to_nowhere(string policy)
    {
        PolicyRig rig = new(policy);
        ulong end = rig.F.User.Map(8192) + 8192 - 4;
        ulong readOnly = rig.F.User.MapBytes(Room(64), writable: false);
        foreach (ulong address in (ulong[])[0, 0x10, end, ulong.MaxValue, ulong.MaxValue - 2047, 1UL << 63])
        {
            KvmTdx td = rig.F.NewTd();
            Assert.That(rig.F.Command(td, TdxCommand.Capabilities, address), Is.EqualTo(Errno.EFAULT), $"{address:x}");
            Assert.That(rig.F.Command(td, TdxCommand.InitVm, address), Is.EqualTo(Errno.EFAULT), $"{address:x}");
            Assert.That(td.State, Is.EqualTo(TdState.Uninitialized));
        }
        Assert.That(
            rig.F.Command(rig.F.NewTd(), TdxCommand.Capabilities, readOnly), Is.EqualTo(Errno.EFAULT), "read-only");
        Assert.That(rig.F.Module.Pages, Is.Empty);
    }

    [TestCaseSource(nameof(Policies))]
    public void Too_little_room_and_far_too_much(string policy)
    {
        PolicyRig rig = new(policy);
        KvmTdx td = rig.F.NewTd();
        Assert.That(rig.F.Capabilities(td, room: 3).Error, Is.EqualTo(Errno.E2BIG));
        Assert.That(rig.F.Capabilities(td, room: 3).Bytes[2048], Is.EqualTo(3), "nothing is written");
        Assert.That(rig.F.Capabilities(td, room: uint.MaxValue).Error, Is.EqualTo(Errno.Ok));
        Assert.That(rig.F.Capabilities(td, flags: 1).Error, Is.EqualTo(Errno.EINVAL));
    }

    [TestCaseSource(nameof(Policies))]
    public void Counts_beyond_256_in_INIT_VM_and_KVM_SET_CPUID2(string policy)
    {
        PolicyRig rig = new(policy);
        Assert.That(rig.InitVm(new KvmCpuidEntry2[256]), Is.EqualTo(Errno.E2BIG));
        Assert.That(rig.InitVm(), Is.EqualTo(Errno.Ok));
        VcpuTdx vcpu = rig.NewVcpu();
        Assert.That(rig.SetCpuid(vcpu, new KvmCpuidEntry2[257]), Is.EqualTo(Errno.E2BIG));
        Assert.That(vcpu.SetCpuid2(rig.F.User, 0x10), Is.EqualTo(Errno.EFAULT));
        Assert.That(vcpu.Cpuid, Is.Empty);
    }

    private static byte[] Room(uint room)
    {
        byte[] bytes = new byte[4096];
        BitConverter.TryWriteBytes(bytes.AsSpan(KvmTdxCapabilities.NrConfigsOffset), room);
        return bytes;
    }
}
