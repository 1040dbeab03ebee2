using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;
using Seamsim.Tests.Firmware.Module.Vp;

namespace Seamsim.Tests.Firmware.Module.Guest;

/// <summary>
/// TDCALL: dispatcher and the VP leaves. TDX Module 1.5 ABI, "Guest-Side (TDCALL) Interface Functions".
/// </summary>
[Category("Conformance")]
public class GuestLeafTests
{
    private const ulong Rip = 0x40_0000, NullId = ulong.MaxValue;

    private static TdxStatus RaxInvalid => TdxStatus.OperandInvalid.With(OperandId.Rax);

    private static TdxStatus RcxInvalid => TdxStatus.OperandInvalid.With(OperandId.Rcx);

    [TestCase(0x0100_0001UL, TestName = "RAX bit 24")]
    [TestCase(0x8000_0000_0000_0001UL, TestName = "RAX bit 63")]
    [TestCase(0x1_0001UL, TestName = "a version VP.INFO does not have")]
    [TestCase(0x2_0007UL, TestName = "a version VM.RD does not have")]
    [TestCase(13UL, TestName = "an unknown leaf")]
    [TestCase(0x7FFFUL, TestName = "a leaf far away")]
    public void A_bad_RAX_is_refused_and_the_guest_goes_on(ulong rax)
    {
        using VcpuTd t = Running();
        Assert.That(t.Tdcall(rax), Is.EqualTo(SeamEnd.Entered));
        Assert.That(new TdxStatus(t.Lp.Gpr(0)), Is.EqualTo(RaxInvalid));
        Assert.That(t[VmcsField.GuestRip], Is.EqualTo(Rip + 4));
    }

    [Test]
    public void TDCALL_outside_64_bit_mode_is_a_general_protection_fault()
    {
        using VcpuTd t = Running();
        t.Lp.Gpr(0) = 1;
        t.Exit(ExitReason.Tdcall, length: 4);
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(0x80000B0D));
        Assert.That((t[VmcsField.GuestRip], t.Lp.Gpr(0)), Is.EqualTo((Rip, 1UL)));
    }

    [Test]
    public void VP_INFO_tells_the_configuration()
    {
        using VcpuTd t = Running(TdAttributes.SeptVeDisable);
        t.Lp.Gpr(11) = 0xBAD;
        t.Tdcall(1);
        Assert.That(
            (t.Lp.Gpr(0), t.Lp.Gpr(1), t.Lp.Gpr(2), t.Lp.Gpr(8), t.Lp.Gpr(9), t.Lp.Gpr(10), t.Lp.Gpr(11)),
            Is.EqualTo((0UL, 48UL, TdAttributes.SeptVeDisable, 1UL | 4UL << 32, 0UL, 1UL, 0UL)));
    }

    [Test]
    public void VEINFO_GET_fetches_once()
    {
        using VcpuTd t = Running();
        t.VeInfo.Store(
            new VeDetails
            {
                Reason = 48, Qualification = 2, Gla = 3, Gpa = 4, InstructionLength = 5, InstructionInformation = 6,
            },
            0);
        t.Tdcall(3);
        Assert.That(
            (t.Lp.Gpr(0), t.Lp.Gpr(1), t.Lp.Gpr(2), t.Lp.Gpr(8), t.Lp.Gpr(9), t.Lp.Gpr(10)),
            Is.EqualTo((0UL, 48UL, 2UL, 3UL, 4UL, 5UL | 6UL << 32)));
        t.Tdcall(3, rcx: 1, rdx: 1, r8: 1);
        Assert.That(new TdxStatus(t.Lp.Gpr(0)), Is.EqualTo(TdxStatus.NoValidVeInfo));
        Assert.That(
            (t.Lp.Gpr(1), t.Lp.Gpr(2), t.Lp.Gpr(8), t.Lp.Gpr(9), t.Lp.Gpr(10)), Is.EqualTo((0UL, 0UL, 0UL, 0UL, 0UL)));
    }

    [Test]
    public void CPUIDVE_SET_knows_two_bits()
    {
        using VcpuTd t = Running();
        t.Tdcall(5, 3);
        Assert.That((t.Tdvps.CpuidSupervisorVe, t.Tdvps.CpuidUserVe), Is.EqualTo((true, true)));
        t.Tdcall(5, 4);
        Assert.That(new TdxStatus(t.Lp.Gpr(0)), Is.EqualTo(RcxInvalid));
        Assert.That((t.Tdvps.CpuidSupervisorVe, t.Tdvps.CpuidUserVe), Is.EqualTo((true, true)), "nothing changed");
    }

    [TestCase(1UL, false, TestName = "RAX cannot be passed")]
    [TestCase(2UL, false, TestName = "RCX cannot be passed")]
    [TestCase(0x10UL, false, TestName = "RSP cannot be passed")]
    [TestCase(1UL << 32, false, TestName = "bit 32")]
    [TestCase(1UL << 63, false, TestName = "bit 63")]
    [TestCase(0x20UL, true, TestName = "RBP cannot be passed by a TD that keeps it")]
    public void VMCALL_refuses_a_bad_mask_without_an_exit(ulong mask, bool noRbpMod)
    {
        using VcpuTd t = Running();
        Tdcs tdcs = t.Tdcs;
        tdcs.ConfigFlags = noRbpMod ? ConfigFlags.NoRbpMod : 0;
        Assert.That(t.Tdcall(0, mask), Is.EqualTo(SeamEnd.Entered));
        Assert.That(new TdxStatus(t.Lp.Gpr(0)), Is.EqualTo(RcxInvalid));
    }

    [TestCase(0x0000UL)]
    [TestCase(0xFC00UL)]
    [TestCase(0xFFECUL)]
    [TestCase(0x0028UL)]
    public void VMCALL_passes_the_chosen_registers_and_the_answer_comes_back_in_them(ulong mask)
    {
        using VcpuTd t = Running();
        for (int i = 2; i < 16; i++)
            if (i != 4)
                t.Lp.Gpr(i) = 0xA0 + (ulong)i;
        ulong r8 = t.Lp.Gpr(8), rdx = t.Lp.Gpr(2);
        Assert.That(t.Tdcall(0, mask, rdx, r8), Is.EqualTo(SeamEnd.SeamRet));
        Assert.That((t.Lp.Gpr(0), t.Lp.Gpr(1)), Is.EqualTo((77UL, mask)));
        for (int i = 2; i < 16; i++)
            if (i != 4)
                Assert.That(
                    t.Lp.Gpr(i), Is.EqualTo((mask >> i & 1) != 0 ? 0xA0 + (ulong)i : 0), $"to the host: register {i}");
        Assert.That(t.Tdvps.LastTdExit, Is.EqualTo(LastTdExit.TdVmcall));

        for (int i = 2; i < 16; i++)
            if (i != 4)
                t.Lp.Gpr(i) = 0xB0 + (ulong)i;
        t.Run();
        Assert.That((t.Lp.Gpr(0), t.Lp.Gpr(1)), Is.EqualTo((0UL, mask)), "RAX 0, RCX unchanged");
        for (int i = 2; i < 16; i++)
            if (i != 4)
                Assert.That(
                    t.Lp.Gpr(i), Is.EqualTo(((mask >> i & 1) != 0 ? 0xB0UL : 0xA0UL) + (ulong)i),
                    $"to the guest: register {i}");
        Assert.That(t[VmcsField.GuestRip], Is.EqualTo(Rip + 4));
    }

    [Test]
    public void A_TD_that_keeps_RBP_leaves_the_hosts_alone()
    {
        using VcpuTd t = VpEnterTests.Runnable();
        Tdcs tdcs = t.Tdcs;
        tdcs.ConfigFlags = ConfigFlags.NoRbpMod;
        t.Lp.Gpr(5) = 0x1234;
        t.Run();
        t.Lp.Gpr(5) = 0x5678;
        t.Tdcall(0, 0xFC00);
        Assert.That(t.Lp.Gpr(5), Is.EqualTo(0x1234));
        t.Lp.Gpr(5) = 0x9999;
        t.Run();
        Assert.That(t.Lp.Gpr(5), Is.EqualTo(0x5678));
    }

    [Test]
    public void A_lock_the_host_wants_is_busy_for_the_guest_and_a_timeout_for_the_host()
    {
        using VcpuTd t = RunningWithPage(0x4020_0000);
        const ushort hostPriority = 2;
        t.Lp.Write(t.Tdcs.RtmrLock, hostPriority);
        t.Tdcall(2, 0x4020_0000, 0);
        Assert.That(new TdxStatus(t.Lp.Gpr(0)), Is.EqualTo(TdxStatus.OperandBusy.With(OperandId.Rtmr)));
        Assert.That(t.Tdvps.HpLockBusy, Is.True);

        t.Td.Machine.Tsc += 1_000_000_000; // half a second at 2 GHz; the limit is one second
        Assert.That(t.Tdcall(2, 0x4020_0000, 0), Is.EqualTo(SeamEnd.Entered));
        t.Td.Machine.Tsc += 1_100_000_000;
        Assert.That(t.Tdcall(2, 0x4020_0000, 0), Is.EqualTo(SeamEnd.SeamRet));
        Assert.That(t.Lp.Gpr(0), Is.EqualTo(TdxStatus.HostPriorityBusyTimeout.With(77).Value));
        Assert.That(t.Tdvps.LastTdExit, Is.EqualTo(LastTdExit.AsyncTrap));
        Assert.That(t[VmcsField.GuestRip], Is.EqualTo(Rip + 12), "trap-like");

        t.Run(flags: 1UL << 52);
        Assert.That(
            t.Lp.Gpr(0), Is.EqualTo(TdxStatus.OperandBusy.With(OperandId.Rtmr).Value | 1UL << 60), "with the hint");
    }

    [Test]
    public void Another_result_resets_the_busy_timer()
    {
        using VcpuTd t = RunningWithPage(0x4020_0000);
        t.Lp.Write<ushort>(t.Tdcs.RtmrLock, 2);
        t.Tdcall(2, 0x4020_0000, 0);
        Assert.That(t.Tdvps.HpLockBusy, Is.True);
        t.Tdcall(1);
        Assert.That(t.Tdvps.HpLockBusy, Is.False);
    }

    [Test]
    public void An_exit_to_the_host_resets_the_busy_timer_too()
    {
        using VcpuTd t = RunningWithPage(0x4020_0000);
        t.Lp.Write<ushort>(t.Tdcs.RtmrLock, 2);
        t.Tdcall(2, 0x4020_0000, 0);
        Assert.That(t.Tdvps.HpLockBusy, Is.True);
        Assert.That(t.Tdcall(0, 0), Is.EqualTo(SeamEnd.SeamRet));
        Assert.That(t.Tdvps.HpLockBusy, Is.False);
    }

    [Test]
    public void An_accept_of_nothing_is_an_EPT_violation_exit_at_the_same_RIP()
    {
        using VcpuTd t = Running();
        Assert.That(t.Tdcall(6, 0x4020_0000), Is.EqualTo(SeamEnd.SeamRet));
        Assert.That((t.Lp.Gpr(0), t.Lp.Gpr(8)), Is.EqualTo((48UL, 0x4020_0000UL)));
        Assert.That(t.Lp.Gpr(2) & 0xF, Is.EqualTo(1), "ACCEPT");
        Assert.That(t[VmcsField.GuestRip], Is.EqualTo(Rip));
        Assert.That(t.Tdvps.Gpr(0), Is.EqualTo(6), "RAX is still the leaf");
    }

    [Test]
    public void Metadata_leaves_refuse_RCX_before_the_identifier()
    {
        foreach (ulong leaf in new ulong[] { 7, 8, 9, 10 })
        {
            using VcpuTd t = Running();
            t.Tdcall(leaf, rcx: 1, rdx: 1UL << 24, r8: 0x55);
            Assert.That(new TdxStatus(t.Lp.Gpr(0)), Is.EqualTo(RcxInvalid), $"leaf {leaf}");
            Assert.That(t.Lp.Gpr(8), Is.Zero, "R8");
            t.Tdcall(leaf, rcx: 0, rdx: 1UL << 24, r8: 0x55);
            Assert.That(new TdxStatus(t.Lp.Gpr(0)), Is.EqualTo(TdxStatus.MetadataFieldIdIncorrect), $"leaf {leaf}");
        }
    }

    [Test]
    public void VM_RD_reads_ATTRIBUTES_and_enumerates_in_version_1()
    {
        using VcpuTd t = Running(TdAttributes.SeptVeDisable);
        t.Tdcall(7, rdx: 0x1110000300000000);
        Assert.That(
            (t.Lp.Gpr(0), t.Lp.Gpr(8), t.Lp.Gpr(2)),
            Is.EqualTo((0UL, TdAttributes.SeptVeDisable, 0x1110000300000000UL)));
        t.Tdcall(7 | 1 << 16, rdx: 0x1110000300000000);
        Assert.That(t.Lp.Gpr(2), Is.Not.EqualTo(0x1110000300000000).And.Not.EqualTo(NullId), "the next one");
        t.Tdcall(7 | 1 << 16, rdx: NullId);
        Assert.That(new TdxStatus(t.Lp.Gpr(0)), Is.EqualTo(TdxStatus.MetadataFirstFieldIdInContext));
        Assert.That(t.Lp.Gpr(2), Is.Not.EqualTo(NullId));
        t.Tdcall(7, rdx: NullId);
        Assert.That(new TdxStatus(t.Lp.Gpr(0)), Is.EqualTo(TdxStatus.MetadataFieldIdIncorrect),
            "version 0 has no null id");
    }

    [Test]
    public void VM_WR_changes_what_the_guest_may_and_returns_the_old_value()
    {
        using VcpuTd t = Running();
        Tdcs tdcs = t.Tdcs;
        tdcs.ConfigFlags = ConfigFlags.FlexiblePendingVe;
        t.Lp.Gpr(9) = 1;
        t.Tdcall(8, rdx: 0x1110000300000017, r8: 1);
        Assert.That((t.Lp.Gpr(0), t.Lp.Gpr(8), tdcs.TdCtls), Is.EqualTo((0UL, 0UL, 1UL)));
        tdcs.ConfigFlags = 0;
        t.Lp.Gpr(9) = 1;
        t.Tdcall(8, rdx: 0x1110000300000017, r8: 0);
        Assert.That(new TdxStatus(t.Lp.Gpr(0)), Is.EqualTo(TdxStatus.MetadataFieldValueNotValid));
        t.Lp.Gpr(9) = 1;
        t.Tdcall(8, rdx: 0x1110000300000000, r8: 1);
        Assert.That(new TdxStatus(t.Lp.Gpr(0)), Is.EqualTo(TdxStatus.MetadataFieldNotWritable), "ATTRIBUTES");
    }

    [Test]
    public void VP_RD_reads_VCPU_INDEX_and_always_enumerates_and_VP_WR_sets_CPUID_control()
    {
        using VcpuTd t = Running();
        t.Tdcall(9, rdx: 0xA020000200000002);
        Assert.That((t.Lp.Gpr(0), t.Lp.Gpr(8)), Is.EqualTo((0UL, 0UL)));
        Assert.That(t.Lp.Gpr(2), Is.EqualTo(0xA020000000000007), "CPUID_SUPERVISOR_VE is next");
        t.Tdcall(9, rdx: NullId);
        Assert.That(new TdxStatus(t.Lp.Gpr(0)), Is.EqualTo(TdxStatus.MetadataFirstFieldIdInContext));
        t.Lp.Gpr(9) = 0xFF;
        t.Tdcall(10, rdx: 0xA020000000000007, r8: 1);
        Assert.That((t.Lp.Gpr(0), t.Tdvps.CpuidSupervisorVe), Is.EqualTo((0UL, true)));
        t.Tdcall(9, rdx: 0x1020000300000000);
        Assert.That(new TdxStatus(t.Lp.Gpr(0)), Is.EqualTo(TdxStatus.MetadataFieldNotReadable), "a saved register");
    }

    [Test]
    public void SYS_RD_reads_the_vendor()
    {
        using VcpuTd t = Running();
        t.Tdcall(11, rdx: 0x0800000200000000);
        Assert.That((t.Lp.Gpr(0), t.Lp.Gpr(8)), Is.EqualTo((0UL, 0x8086UL)));
    }

    private static VcpuTd RunningWithPage(ulong gpa)
    {
        VcpuTd t = new();
        t.Td.AddPage(gpa);
        return Start(t);
    }

    private static VcpuTd Running(ulong attributes = 0) => Start(new VcpuTd(attributes: attributes));

    private static VcpuTd Start(VcpuTd t)
    {
        VcpuLeafTests.MakeRunnable(t);
        t[VmcsField.GuestRip] = Rip;
        t.Run();
        t.Wait();
        return t;
    }
}
