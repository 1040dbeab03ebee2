using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;

namespace Seamsim.Tests.Host.OnMachine;

/// <summary>Bring-up of a real machine as the kernel log and the module tell it.</summary>
internal sealed class BringUpOnMachineTests
{
    [Test]
    public void The_kernel_boots_once()
    {
        using MachineFixture f = new();
        Assert.That(
            f.Machine.KernelLog.Count(line => line == "virt/tdx: BIOS enabled: private KeyID range [32, 64)"),
            Is.EqualTo(1));
        Assert.That(f.Machine.KernelLog, Has.Some.EqualTo("virt/tdx: module initialized"));
    }

    [Test]
    public void The_TDMRs_cover_RAM_and_every_PAMT_is_in_a_reserved_area()
    {
        using MachineFixture f = new();
        Tdmr tdmr = f.Kernel.Tdx.Tdmrs.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((tdmr.Base, tdmr.End), Is.EqualTo((0UL, 1UL << 30)));
            Assert.That(
                tdmr.Reserved.Exists(area => area.Offset <= tdmr.PamtBlock
                    && tdmr.PamtBlock + tdmr.PamtBytes <= area.Offset + area.Size), Is.True);
            Assert.That(tdmr.PamtBytes, Is.EqualTo((1UL << 30 >> 8) + (3UL << 12)), "16 bytes a page, three levels");
        }
    }

    [Test]
    public void Linux_6_16_as_it_is_refuses_a_module_without_TOPOLOGY_ENUM()
    {
        using MachineFixture f = new(KvmOptions.Linux616 with { RequireTopologyEnum = true });
        Assert.That(f.LoadError, Is.EqualTo(Errno.EINVAL));
        Assert.That(f.Machine.KernelLog[^1], Does.Contain("TOPOLOGY_ENUM"));
    }
}
