using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;
using Seamsim.Tests.Firmware.Module.Vp;

namespace Seamsim.Tests.Firmware.Module.Exits;

/// <summary>What becomes of each VM exit of a TD. TDX Module 1.5 Base, "TD VM exits".</summary>
[Category("Conformance")]
public class TdExitTests
{
    private const ulong Rip = 0x40_0000;
    private const uint Ud = 0x80000306, Gp = 0x80000B0D, Ve = 0x80000314, Df = 0x80000B08;

    [TestCase(ExitReason.ExternalInterrupt, 0x0UL)]
    [TestCase(ExitReason.InitSignal, 0x0UL)]
    [TestCase(ExitReason.TaskSwitch, 0x0UL)]
    [TestCase(ExitReason.BusLock, 0x0UL)]
    [TestCase(ExitReason.InstructionTimeout, 0x0UL)]
    [TestCase(ExitReason.OtherSmi, 0x0UL)]
    [TestCase(ExitReason.IoSmi, 0x0UL)]
    [TestCase(ExitReason.TripleFault, 0x4000000100000000UL)]
    [TestCase(ExitReason.EntryFailureMachineCheck, 0x6000000500000000UL)]
    [TestCase(ExitReason.Rdtsc, 0x6000000200000000UL)]
    [TestCase(ExitReason.Pause, 0x6000000200000000UL)]
    [TestCase(ExitReason.VirtualizedEoi, 0x6000000200000000UL)]
    [TestCase(ExitReason.GdtrOrIdtrAccess, 0x6000000200000000UL)]
    [TestCase(ExitReason.StartupIpi, 0x6000000200000000UL)]
    [TestCase(ExitReason.MovDr, 0x6000000200000000UL)]
    public void An_exit_reaches_the_host_with_its_status(ExitReason reason, ulong status)
    {
        using VcpuTd t = Running();
        Assert.That(t.Exit(reason), Is.EqualTo(SeamEnd.SeamRet));
        Assert.That(t.Lp.Gpr(0), Is.EqualTo(status | (ulong)reason));
        Assert.That(t.Td.Tdr.Fatal, Is.EqualTo((status & 1UL << 61) != 0));
    }

    [TestCase(ExitReason.Rdtsc)]
    [TestCase(ExitReason.Pause)]
    [TestCase(ExitReason.PageModificationLogFull)]
    [TestCase(ExitReason.MonitorTrapFlag)]
    public void In_a_debug_TD_a_debuggers_exit_is_no_error(ExitReason reason)
    {
        using VcpuTd t = Running(TdAttributes.Debug);
        Assert.That(t.Exit(reason), Is.EqualTo(SeamEnd.SeamRet));
        Assert.That(t.Lp.Gpr(0), Is.EqualTo((ulong)reason));
    }

    [TestCase(ExitReason.EntryFailureMsrLoading, TestName = "MSR loading is not used")]
    [TestCase(ExitReason.PageModificationLogFull, TestName = "PML is not used")]
    [TestCase(ExitReason.EptMisconfiguration, TestName = "private memory cannot be misconfigured")]
    [TestCase(ExitReason.ExceptionOrNmi, TestName = "an exception nobody asked for")]
    public void An_exit_that_cannot_happen_stops_the_module(ExitReason reason)
    {
        using VcpuTd t = Running();
        Assert.That(t.Exit(reason, interruption: 0x80000306), Is.EqualTo(SeamEnd.Shutdown));
    }

    [Test]
    public void A_modifier_no_production_TD_may_show_stops_the_module_and_a_debug_TD_may_show_it()
    {
        const uint pendingMtf = 1u << 28;
        using (VcpuTd t = Running())
            Assert.That(t.ExitRaw((uint)ExitReason.TaskSwitch | pendingMtf), Is.EqualTo(SeamEnd.Shutdown));
        using (VcpuTd t = Running(TdAttributes.Debug))
            Assert.That(t.ExitRaw((uint)ExitReason.TaskSwitch | pendingMtf), Is.EqualTo(SeamEnd.SeamRet));
    }

    [TestCase(0x80000202u, 0x0UL, TestName = "NMI")]
    [TestCase(0x80000312u, 0x6000000500000000UL, TestName = "machine check")]
    public void NMIs_are_the_hosts_and_machine_checks_end_the_TD(uint interruption, ulong status)
    {
        using VcpuTd t = Running();
        t.Exit(ExitReason.ExceptionOrNmi, interruption: interruption);
        Assert.That(t.Lp.Gpr(0), Is.EqualTo(status));
        Assert.That(t.Lp.Gpr(9), Is.EqualTo(interruption));
    }

    [TestCase(ExitReason.OtherSmi, 0x6000000500000000UL)]
    [TestCase(ExitReason.InstructionTimeout, 0x6000000200000000UL)]
    public void A_qualification_bit_makes_an_event_fatal(ExitReason reason, ulong status)
    {
        using VcpuTd t = Running();
        t.Exit(reason, qualification: 1);
        Assert.That(t.Lp.Gpr(0), Is.EqualTo(status | (ulong)reason));
    }

    [TestCase(ExitReason.Getsec, Ud)]
    [TestCase(ExitReason.Rsm, Ud)]
    [TestCase(ExitReason.Vmclear, Ud)]
    [TestCase(ExitReason.Vmlaunch, Ud)]
    [TestCase(ExitReason.Vmptrld, Ud)]
    [TestCase(ExitReason.Vmptrst, Ud)]
    [TestCase(ExitReason.Vmread, Ud)]
    [TestCase(ExitReason.Vmresume, Ud)]
    [TestCase(ExitReason.Vmwrite, Ud)]
    [TestCase(ExitReason.Vmxoff, Ud)]
    [TestCase(ExitReason.Vmxon, Ud)]
    [TestCase(ExitReason.Invept, Ud)]
    [TestCase(ExitReason.Invvpid, Ud)]
    [TestCase(ExitReason.Vmfunc, Ud)]
    [TestCase(ExitReason.Encls, Ud)]
    [TestCase(ExitReason.Enclv, Ud)]
    [TestCase(ExitReason.EnqcmdsPasidTranslation, Ud)]
    [TestCase(ExitReason.Seamcall, Ud)]
    [TestCase(ExitReason.EnqcmdPasidTranslation, Gp)]
    [TestCase(ExitReason.Rdpmc, Gp)]
    [TestCase(ExitReason.Hlt, Ve)]
    [TestCase(ExitReason.Invd, Ve)]
    [TestCase(ExitReason.Vmcall, Ve)]
    [TestCase(ExitReason.IoInstruction, Ve)]
    [TestCase(ExitReason.Mwait, Ve)]
    [TestCase(ExitReason.Monitor, Ve)]
    [TestCase(ExitReason.WbinvdOrWbnoinvd, Ve)]
    [TestCase(ExitReason.ApicWrite, Ve)]
    [TestCase(ExitReason.Pconfig, Ve)]
    public void An_instruction_raises_its_exception_in_the_TD(ExitReason reason, uint injected)
    {
        using VcpuTd t = Running();
        Assert.That(t.Exit(reason, qualification: 0x77, length: 3), Is.EqualTo(SeamEnd.Entered));
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(injected));
        Assert.That(t[VmcsField.GuestRip], Is.EqualTo(Rip), "a fault names its instruction");
        Assert.That(t[VmcsField.GuestRflags] & 1 << 16, Is.Not.Zero, "RF");
        Assert.That(t.VeInfo.IsValid, Is.EqualTo(injected == Ve));
    }

    [Test]
    public void A_VE_tells_reason_qualification_and_instruction()
    {
        using VcpuTd t = Running();
        t[VmcsField.ExitInstructionInformation] = 0x55;
        t.Exit(ExitReason.IoInstruction, qualification: 0x03F8_0008, length: 1);
        Assert.That(t.VeInfo.Fetch(), Is.EqualTo(new VeDetails
        {
            Reason = 30, Qualification = 0x03F8_0008, InstructionLength = 1, InstructionInformation = 0x55,
        }));
    }

    [Test]
    public void A_VE_before_the_last_one_was_fetched_is_a_double_fault()
    {
        using VcpuTd t = Running();
        t.Exit(ExitReason.Hlt, length: 1);
        t.Exit(ExitReason.Hlt, length: 1);
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(Df));
    }

    [Test]
    public void An_interrupted_delivery_is_repeated_and_a_fault_in_it_combines()
    {
        using VcpuTd t = Running();
        t[VmcsField.IdtVectoringInformation] = 0x80000B0E;
        t[VmcsField.IdtVectoringErrorCode] = 6;
        t.Exit(ExitReason.TaskSwitch);
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(0x80000B0E), "kept for the next entry");
        Assert.That(t[VmcsField.EntryExceptionErrorCode], Is.EqualTo(6));

        t.Run();
        t.Wait();
        t.Exit(ExitReason.Hlt, length: 1);
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(Df), "#VE while delivering #PF");

        t[VmcsField.IdtVectoringInformation] = Df;
        t.Exit(ExitReason.Getsec, length: 1);
        Assert.That(t.Lp.Gpr(0), Is.EqualTo(0x4000000100000002), "a third fault disables the virtual CPU");
        Assert.That(t.Tdvps.State, Is.EqualTo(VcpuState.Disabled));
    }

    [Test]
    public void A_software_interrupt_is_repeated_with_its_length_and_an_NMI_with_NMIs_open()
    {
        using VcpuTd t = Running();
        t[VmcsField.IdtVectoringInformation] = 0x80000480;
        t.Exit(ExitReason.TaskSwitch, length: 2);
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(0x80000480));
        Assert.That(t[VmcsField.EntryInstructionLength], Is.EqualTo(2));
        t.Run();
        t[VmcsField.IdtVectoringInformation] = 0x80000202;
        t[VmcsField.GuestInterruptibilityState] = 8;
        t.Exit(ExitReason.TaskSwitch);
        Assert.That(t[VmcsField.GuestInterruptibilityState], Is.Zero);
    }

    [Test]
    public void The_registers_of_an_asynchronous_exit_say_what_the_host_may_know_and_nothing_else()
    {
        using VcpuTd t = Running();
        for (int i = 0; i < 16; i++)
            if (i != 4)
                t.Lp.Gpr(i) = 0x5EC0 + (ulong)i;
        t.Lp.VmptrldTransferVmcs();
        ulong seamcall = t.Lp.Vmread(VmcsField.GuestRip);
        t.Exit(ExitReason.ExternalInterrupt, qualification: 0x1_2345_6789, interruption: 0x800000EC);
        ulong[] expected = new ulong[16];
        (expected[0], expected[1], expected[9]) = (1, 0x2345_6789, 0x800000EC);
        for (int i = 0; i < 16; i++)
            if (i != 4)
                Assert.That(t.Lp.Gpr(i), Is.EqualTo(expected[i]), $"register {i}");
        Assert.That(t.Tdvps.Gpr(15), Is.EqualTo(0x5ECF), "they are the TD's, and kept");
        Assert.That(t.Tdvps.LastTdExit, Is.EqualTo(LastTdExit.AsyncFault));
        Assert.That(t.Tdvps.State, Is.EqualTo(VcpuState.Ready));
        Assert.That(t.Lp.Vmread(VmcsField.GuestRip), Is.EqualTo(seamcall + 4), "behind SEAMCALL");
    }

    [Test]
    public void A_TD_exit_leaves_no_MSR_and_no_debug_register_of_the_TD()
    {
        using VcpuTd t = Running();
        (t.Lp.Cpu.Msrs[0xC0000081], t.Lp.Cpu.Msrs[0xC0000102], t.Lp.Cpu.Msrs[0x48]) = (0x1111, 0x2222, 5);
        t.Lp.WriteDr(0, 0x4444);
        t.Exit(ExitReason.ExternalInterrupt, interruption: 0x800000EC);
        Assert.That((t.Lp.Cpu.Msrs[0xC0000081], t.Lp.Cpu.Msrs[0xC0000102]), Is.EqualTo((0UL, 0UL)));
        Assert.That(t.Lp.Cpu.Msrs[0xC0000084], Is.EqualTo(0x20200));
        Assert.That(t.Lp.Cpu.Msrs[0x48], Is.Zero, "the host's IA32_SPEC_CTRL");
        Assert.That(t.Lp.ReadDr(0), Is.Zero);
        t.Run();
        Assert.That((t.Lp.Cpu.Msrs[0xC0000081], t.Lp.Cpu.Msrs[0xC0000102]), Is.EqualTo((0x1111UL, 0x2222UL)));
        Assert.That(t.Lp.Cpu.Msrs[0x48], Is.EqualTo(5));
        Assert.That(t.Lp.ReadDr(0), Is.EqualTo(0x4444));
    }

    [Test]
    public void A_dead_TD_exits_without_being_looked_at()
    {
        using VcpuTd t = Running();
        Tdr tdr = t.Td.Tdr;
        tdr.Fatal = true;
        t.Lp.Gpr(15) = 0x5EC0;
        t.Exit(ExitReason.Hlt, length: 1);
        Assert.That(t.Lp.Gpr(0), Is.EqualTo(0x600000050000000C));
        Assert.That(t.Tdvps.Gpr(15), Is.Not.EqualTo(0x5EC0));
        Assert.That(t.Lp.Read<ushort>(t.Td.Pamt(t.Tdvpr).Address), Is.Zero, "the holds end even so");
    }

    [Test]
    public void A_bus_lock_is_remembered_until_the_next_exit_to_the_host()
    {
        using VcpuTd t = Running();
        t.ExitRaw((uint)ExitReason.Hlt | 1u << 26, length: 1);
        t.Exit(ExitReason.ExternalInterrupt, interruption: 0x800000EC);
        Assert.That(t.Lp.Gpr(0), Is.EqualTo(1 | 1UL << 26));
        t.Run();
        t.Wait();
        t.Exit(ExitReason.ExternalInterrupt, interruption: 0x800000EC);
        Assert.That(t.Lp.Gpr(0), Is.EqualTo(1));
    }

    [Test]
    public void A_private_access_to_nothing_is_the_hosts_and_GLA_bits_are_not()
    {
        using VcpuTd t = Running();
        t[VmcsField.GuestPhysicalAddress] = 0x4020_0123;
        t.Exit(ExitReason.EptViolation, qualification: 0x1FFF);
        Assert.That(
            (t.Lp.Gpr(0), t.Lp.Gpr(1), t.Lp.Gpr(2), t.Lp.Gpr(8)), Is.EqualTo((48UL, 0x007FUL, 0UL, 0x4020_0000UL)));
    }

    [TestCase(0UL, true, TestName = "pending pages raise #VE")]
    [TestCase(1UL, false, TestName = "or exit with the pending qualification")]
    public void A_pending_page_is_the_guests_unless_it_said_otherwise(ulong tdCtls, bool raisesVe)
    {
        using VcpuTd t = new();
        t.Td.AugPage(0x4020_0000);
        VcpuLeafTests.MakeRunnable(t);
        Tdcs tdcs = t.Tdcs;
        tdcs.TdCtls = tdCtls;
        t.Run();
        t.Wait();
        t[VmcsField.GuestPhysicalAddress] = 0x4020_0123;
        t[VmcsField.GuestLinearAddress] = 0x7777;
        SeamEnd end = t.Exit(ExitReason.EptViolation, qualification: 0x81);
        Assert.That(end, Is.EqualTo(raisesVe ? SeamEnd.Entered : SeamEnd.SeamRet));
        if (raisesVe)
            Assert.That(t.VeInfo.Fetch() is { Reason: 48, Gpa: 0x4020_0123, Gla: 0x7777, Qualification: 0x81 });
        else
            Assert.That(t.Lp.Gpr(2), Is.EqualTo(6), "PENDING_EPT_VIOLATION");
    }

    [Test]
    public void Shared_memory_is_the_hosts()
    {
        using VcpuTd t = Running();
        t[VmcsField.GuestPhysicalAddress] = 1UL << 47 | 0xC000;
        t.Exit(ExitReason.EptViolation, qualification: 2);
        Assert.That((t.Lp.Gpr(0), t.Lp.Gpr(8)), Is.EqualTo((48UL, 1UL << 47 | 0xC000)));
        t.Run();
        t.Wait();
        t.Exit(ExitReason.EptMisconfiguration);
        Assert.That((t.Lp.Gpr(0), t.Lp.Gpr(8)), Is.EqualTo((49UL, 1UL << 47 | 0xC000)));
    }

    [Test]
    public void An_address_above_the_shared_bit_is_a_page_fault_of_the_guest()
    {
        using VcpuTd t = Running();
        t[VmcsField.GuestPhysicalAddress] = 1UL << 48;
        t[VmcsField.GuestLinearAddress] = 0x7777;
        Assert.That(t.Exit(ExitReason.EptViolation, qualification: 0x182), Is.EqualTo(SeamEnd.Entered));
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(0x80000B0E));
        Assert.That(t[VmcsField.EntryExceptionErrorCode], Is.EqualTo(0xB), "present, write, reserved");
        Assert.That(t.Lp.ReadCr(2), Is.EqualTo(0x7777));
    }

    [Test]
    public void Seven_faults_at_one_RIP_are_listed_and_progress_clears_the_list()
    {
        using VcpuTd t = Running();
        t[VmcsField.GuestPhysicalAddress] = 0x4020_0000;
        for (int i = 0; i < 7; i++)
        {
            t.Exit(ExitReason.EptViolation, qualification: 1);
            Assert.That(t.Tdvps.EpfListIndex, Is.EqualTo(i < 6 ? 0 : 1), $"fault {i + 1}");
            if (i < 6)
                t.Run();
        }
        Assert.That(t.Enter(), Is.EqualTo(new TdxStatus(48)), "not entered while the page is missing");
        t.Lp.Vmptrld(t.Tdvps.Page(Tdvps.VmcsPage));
        t[VmcsField.GuestRip] = Rip + 0x1000;
        t.Lp.VmptrldTransferVmcs();
        new EpfLog(t.Lp, t.Tdvps).Reset();
        Assert.That(t.Enter(), Is.Null);
    }

    private static VcpuTd Running(ulong attributes = 0)
    {
        VcpuTd t = VpEnterTests.Runnable(attributes);
        t[VmcsField.GuestRip] = Rip;
        t.Run();
        t.Wait();
        return t;
    }
}
