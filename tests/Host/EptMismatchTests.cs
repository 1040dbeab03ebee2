using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host;

/// <summary>A VMM that tells INIT_VM one GPA width and the vCPUs another.</summary>
public sealed class EptMismatchTests
{
    // INIT_VM, SET_CPUID2 (0 = never said), rule | does the VM survive
    [TestCase(48, 48, TdpLevelRule.GuestPhysicalAddress,      true)]
    [TestCase(52, 52, TdpLevelRule.GuestPhysicalAddress,      true)]
    [TestCase(48, 52, TdpLevelRule.GuestPhysicalAddress,      false)]
    [TestCase(52, 48, TdpLevelRule.GuestPhysicalAddress,      false)]
    [TestCase(48,  0, TdpLevelRule.GuestPhysicalAddress,      true)]
    [TestCase(52,  0, TdpLevelRule.GuestPhysicalAddress,      false)]
    [TestCase(48,  0, TdpLevelRule.GuestPhysicalAddressOrMax, false)]
    [TestCase(48, 48, TdpLevelRule.MaxPhysicalAddress,        false)]
    public void The_VM_dies_at_the_first_root_load(int initVm, int vcpuBits, TdpLevelRule rule, bool survives)
    {
        KvmFixture f = new(KvmOptions.Linux616 with { TdpLevelRule = rule });
        KvmTdx td = f.InitializedTd(initVm);
        f.AddMemory(td, 0, 1 << 20);
        VcpuTdx vcpu = (VcpuTdx)td.CreateVcpu(0).Vcpu!;
        f.SetCpuid(vcpu, KvmFixture.X2Apic, KvmFixture.MaxExtended, KvmFixture.Sizes(vcpuBits, 52));
        f.Command(vcpu, TdxCommand.InitVcpu, 0);
        int before = SharedEptWrites(f);

        Errno error = f.MemRegion(vcpu, f.User.Map(4096), 0, 1);
        Assert.Multiple(() =>
        {
            Assert.That(error, Is.EqualTo(survives ? Errno.Ok : Errno.EIO));
            Assert.That(td.IsDead, Is.EqualTo(!survives));
            Assert.That(SharedEptWrites(f) - before, Is.EqualTo(survives ? 1 : 0));
        });
    }

    [Test]
    public void Without_initial_memory_the_first_KVM_RUN_kills_the_VM()
    {
        KvmFixture f = new();
        KvmTdx td = f.InitializedTd(48);
        VcpuTdx vcpu = f.InitializedVcpu(td, 52);
        Assert.That(f.Command(td, TdxCommand.FinalizeVm, 0), Is.EqualTo(Errno.Ok));
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.EIO));
        Assert.That(td.IsDead, Is.True);
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_VP_ENTER), Is.Zero);
    }

    private static int SharedEptWrites(KvmFixture f) => f.Module.Calls.Count(
        call => call.Leaf == SeamcallLeaf.TDH_VP_WR && call.Rdx == TdFields.SharedEptPointer.Value);
}
