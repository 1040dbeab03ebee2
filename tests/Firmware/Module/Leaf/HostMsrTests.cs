using Seamsim.Firmware.Abi;
using Seamsim.Isa.Vmx;
using Seamsim.Tests.Firmware.Module.Vp;

namespace Seamsim.Tests.Firmware.Module.Leaf;

/// <summary>What the module replaces of the VMM's from SEAMCALL to SEAMRET. TDX module 1.5.01, SEAMCALL entry.</summary>
[Category("Conformance")]
public class HostMsrTests
{
    private const uint SpecCtrl = 0x48, DebugCtl = 0x1D9, LamEnable = 0x276;

    [Test]
    public void The_module_runs_with_its_own_MSRs_and_gives_the_hosts_back()
    {
        using ModulePlatform platform = new();
        BareLp lp = platform.Machine.Lps[0];
        (lp.Cpu.Msrs[SpecCtrl], lp.Cpu.Msrs[LamEnable]) = (1, 1);
        lp.CurrentVmcs!.Fields[VmcsField.GuestDebugctl] = 1 << 13 | 1;
        List<(ulong SpecCtrl, ulong Lam, ulong DebugCtl)> inside = [];
        lp.SeamopsHandler = (_, _, _) =>
        {
            inside.Add((lp.Cpu.Msrs[SpecCtrl], lp.Cpu.Msrs[LamEnable], lp.Cpu.Msrs[DebugCtl]));
            return default;
        };
        platform.Do("TDH.SYS.INIT");
        Assert.That(inside, Is.EqualTo(new[] { (0x14UL, 0UL, 1UL << 13) }));
        Assert.That((lp.Cpu.Msrs[SpecCtrl], lp.Cpu.Msrs[LamEnable]), Is.EqualTo((1UL, 1UL)));
    }

    [Test]
    public void A_refused_call_gives_them_back_too()
    {
        using ModulePlatform platform = new();
        BareLp lp = platform.Machine.Lps[0];
        (lp.Cpu.Msrs[SpecCtrl], lp.Cpu.Msrs[LamEnable]) = (5, 1);
        Assert.That(platform.Seamcall("TDH.MNG.CREATE").Status, Is.EqualTo(TdxStatus.SysNotReady));
        Assert.That((lp.Cpu.Msrs[SpecCtrl], lp.Cpu.Msrs[LamEnable]), Is.EqualTo((5UL, 1UL)));
    }

    [Test]
    public void A_processor_without_the_registers_is_left_alone()
    {
        using ModulePlatform platform = new();
        BareLp lp = platform.Machine.Lps[0];
        lp.Cpu.Msrs.Remove(SpecCtrl);
        lp.Cpu.Msrs.Remove(LamEnable);
        platform.Do("TDH.SYS.INIT");
        Assert.That(lp.Cpu.Msrs.Keys, Has.No.Member(SpecCtrl).And.No.Member(LamEnable));
    }

    [Test]
    public void The_TD_runs_with_its_own_speculation_control_and_the_host_gets_its_own_after_the_exit()
    {
        using VcpuTd t = VpEnterTests.Runnable();
        (t.Lp.Cpu.Msrs[SpecCtrl], t.Lp.Cpu.Msrs[LamEnable]) = (1, 1);
        t.Run();
        Assert.That((t.Lp.Cpu.Msrs[SpecCtrl], t.Lp.Cpu.Msrs[LamEnable]), Is.EqualTo((0UL, 0UL)));
        t.Wait();
        t.Exit(ExitReason.ExternalInterrupt, interruption: 0x800000EC);
        Assert.That((t.Lp.Cpu.Msrs[SpecCtrl], t.Lp.Cpu.Msrs[LamEnable]), Is.EqualTo((1UL, 1UL)));
    }

    [Test]
    public void The_debug_store_area_is_the_hosts_again_after_the_exit_and_the_syscall_MSRs_are_reset()
    {
        const uint dsArea = 0x600, fmask = 0xC0000084;
        using VcpuTd t = VpEnterTests.Runnable();
        (t.Lp.Cpu.Msrs[dsArea], t.Lp.Cpu.Msrs[fmask]) = (0x5000, 0x700);
        t.Run();
        Assert.That(t.Lp.Cpu.Msrs[dsArea], Is.Zero, "the TD's own");
        t.Lp.Cpu.Msrs[dsArea] = 0x9000;
        t.Wait();
        t.Exit(ExitReason.ExternalInterrupt, interruption: 0x800000EC);
        Assert.That((t.Lp.Cpu.Msrs[dsArea], t.Lp.Cpu.Msrs[fmask]), Is.EqualTo((0x5000UL, 0x20200UL)));
        t.Run();
        Assert.That(t.Lp.Cpu.Msrs[dsArea], Is.EqualTo(0x9000), "the TD finds what it wrote");
    }
}
