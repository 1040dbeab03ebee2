using Seamsim.Firmware.Module;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;
using Seamsim.Tests.Firmware.Module.Vp;

namespace Seamsim.Tests.Firmware.Module.Exits;

/// <summary>Single-step mitigation. TDX Module 1.5 Base, "Single-Step and Zero-Step Attacks Mitigation".</summary>
[Category("Conformance")]
public class SteppingDefenceTests
{
    private const ulong Rip = 0x40_0000;
    private const uint Interrupt = 0x800000EC;

    [Test]
    public void An_interrupt_right_after_entry_is_hidden_for_1_to_32_instructions()
    {
        using VcpuTd t = JustEntered();
        t.Lp.WriteCr(8, 2);
        Assert.That(t.Exit(ExitReason.ExternalInterrupt, interruption: Interrupt), Is.EqualTo(SeamEnd.Entered));
        Assert.That(t[VmcsField.ProcBasedControls] & ProcControls.MonitorTrapFlag, Is.Not.Zero);
        Assert.That(t.Lp.ReadCr(8), Is.EqualTo(15), "the host's interrupts wait");
        Assert.That(t.Lp.Cpu.Msrs[0x83F], Is.EqualTo(0xEC), "the acknowledged one goes back");
        Assert.That(t[VmcsField.GuestInterruptibilityState] & 2, Is.EqualTo(2), "MOV-SS blocking");

        uint steps = t.Context.Steps;
        Assert.That(steps, Is.InRange(1, 32));
        for (uint i = 0; i < steps; i++)
        {
            Assert.That(t.Context.Stepping, Is.True, $"step {i}");
            t[VmcsField.GuestInterruptibilityState] = 0;
            Assert.That(t.Exit(ExitReason.MonitorTrapFlag), Is.EqualTo(SeamEnd.Entered));
        }
        Assert.That(t.Context.Stepping, Is.False);
        Assert.That(t[VmcsField.ProcBasedControls] & ProcControls.MonitorTrapFlag, Is.Zero);
        Assert.That(t.Lp.ReadCr(8), Is.EqualTo(2));
        Assert.That(
            t.Exit(ExitReason.ExternalInterrupt, interruption: Interrupt), Is.EqualTo(SeamEnd.SeamRet),
            "now it is the host's");
        Assert.That((t.Lp.Gpr(0), t.Lp.Gpr(9)), Is.EqualTo((1UL, (ulong)Interrupt)));
    }

    [TestCase(0x21UL, 0UL, TestName = "far ahead")]
    [TestCase(0xFFFF_FFFF_FFFF_FFDFUL, 0UL, TestName = "far behind")]
    [TestCase(0x0UL, 5000UL, TestName = "long after entry")]
    public void An_interrupt_after_progress_goes_to_the_host_at_once(ulong distance, ulong cycles)
    {
        using VcpuTd t = JustEntered();
        t[VmcsField.GuestRip] = Rip + distance;
        t.Td.Machine.Tsc += cycles;
        Assert.That(t.Exit(ExitReason.ExternalInterrupt, interruption: Interrupt), Is.EqualTo(SeamEnd.SeamRet));
    }

    [TestCase(0x20UL)]
    [TestCase(0xFFFF_FFFF_FFFF_FFE0UL)]
    public void Thirty_two_bytes_are_still_suspicious(ulong distance)
    {
        using VcpuTd t = JustEntered();
        t[VmcsField.GuestRip] = Rip + distance;
        Assert.That(t.Exit(ExitReason.ExternalInterrupt, interruption: Interrupt), Is.EqualTo(SeamEnd.Entered));
    }

    [Test]
    public void An_exit_that_is_no_event_is_handled_at_once()
    {
        using VcpuTd t = JustEntered();
        Assert.That(t.Exit(ExitReason.TaskSwitch), Is.EqualTo(SeamEnd.SeamRet));
        Assert.That(t.Context.Stepping, Is.False);
    }

    [Test]
    public void An_instruction_exit_ends_the_stepping_and_NMIs_seen_meanwhile_are_sent_again()
    {
        using VcpuTd t = JustEntered();
        t.Lp.Cpu.Msrs[0x802] = 7;
        t.Lp.Cpu.Msrs[0x830] = 0;
        t.Exit(ExitReason.ExceptionOrNmi, interruption: 0x80000202);
        Assert.That(t.Context.NmiSeen, Is.True);
        Assert.That(t.Exit(ExitReason.Hlt, length: 1), Is.EqualTo(SeamEnd.Entered));
        Assert.That(t.Context.Stepping, Is.False);
        Assert.That(t.Lp.Cpu.Msrs[0x830], Is.EqualTo(7UL << 32 | 0x4400), "an NMI to oneself");
        Assert.That(t.Context.NmiSeen, Is.False);
    }

    [Test]
    public void Without_a_local_APIC_the_TD_cannot_go_on()
    {
        using VcpuTd t = JustEntered();
        t.Lp.Cpu.Msrs[0x1B] = 0xFEE00000;
        Assert.That(t.Exit(ExitReason.ExternalInterrupt, interruption: Interrupt), Is.EqualTo(SeamEnd.SeamRet));
        Assert.That(t.Lp.Gpr(0), Is.EqualTo(0xE000000700000001));
        Assert.That(t.Td.Tdr.Fatal, Is.True);
    }

    [Test]
    public void A_TD_that_dies_while_it_is_stepped_leaves_the_host_its_interrupts()
    {
        using VcpuTd t = JustEntered();
        t.Lp.Cpu.Msrs[0x802] = 7;
        t.Lp.Cpu.Msrs[0x830] = 0;
        t.Lp.WriteCr(8, 2);
        t.Exit(ExitReason.ExceptionOrNmi, interruption: 0x80000202);
        Tdr tdr = t.Td.Tdr;
        tdr.Fatal = true;
        Assert.That(t.Exit(ExitReason.MonitorTrapFlag), Is.EqualTo(SeamEnd.SeamRet));
        Assert.That(t.Lp.ReadCr(8), Is.EqualTo(2));
        Assert.That(t.Context.Stepping, Is.False, "the next virtual CPU here starts afresh");
        Assert.That(t.Lp.Cpu.Msrs[0x830], Is.EqualTo(7UL << 32 | 0x4400), "the NMI is not lost");
    }

    [Test]
    public void A_code_breakpoint_or_STI_blocking_at_the_next_instruction_is_respected()
    {
        using (VcpuTd t = JustEntered())
        {
            t.Lp.WriteDr(0, Rip);
            t[VmcsField.GuestDr7] = 0x402;
            t.Exit(ExitReason.ExternalInterrupt, interruption: Interrupt);
            Assert.That(t[VmcsField.GuestInterruptibilityState], Is.Zero);
        }
        using (VcpuTd t = JustEntered())
        {
            t[VmcsField.GuestInterruptibilityState] = 1;
            t.Exit(ExitReason.ExternalInterrupt, interruption: Interrupt);
            Assert.That(t[VmcsField.GuestInterruptibilityState], Is.EqualTo(1));
        }
    }

    [Test]
    public void The_number_of_steps_comes_from_the_shift_register_of_the_LP()
    {
        HashSet<uint> seen = [];
        using VcpuTd t = JustEntered();
        for (int i = 0; i < 40; i++)
        {
            Assert.That(t.Exit(ExitReason.ExternalInterrupt, interruption: Interrupt), Is.EqualTo(SeamEnd.Entered));
            seen.Add(t.Context.Steps);
            t.Exit(ExitReason.TaskSwitch);
            t.Run();
        }
        Assert.That(seen, Has.Count.GreaterThan(8).And.All.InRange(1, 32));
    }

    private static VcpuTd JustEntered()
    {
        VcpuTd t = VpEnterTests.Runnable();
        t.Lp.Cpu.Msrs[0x80B] = 0;
        t.Lp.Cpu.Msrs[0x83F] = 0;
        t[VmcsField.GuestRip] = Rip;
        t.Run();
        return t;
    }
}
