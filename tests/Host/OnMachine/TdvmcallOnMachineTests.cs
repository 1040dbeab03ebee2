using Iced.Intel;
using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Host.OnMachine;

/// <summary>TDG.VP.VMCALL by guests that execute it, and what comes out of KVM_RUN.</summary>
internal sealed class TdvmcallOnMachineTests
{
    [TestCase(1, 0xABUL)]
    [TestCase(2, 0xABCDUL)]
    [TestCase(4, 0xABCDEF01UL)]
    public void OUT_and_IN_become_port_exits_of_their_size(int size, ulong value)
    {
        (Action<Assembler> write, Action<Assembler> read) = size switch
        {
            1 => ((Action<Assembler>)(a => a.@out(dx, al)), (Action<Assembler>)(a => a.@in(al, dx))),
            2 => (a => a.@out(dx, ax), a => a.@in(ax, dx)),
            _ => (a => a.@out(dx, eax), a => a.@in(eax, dx)),
        };
        using MachineFixture f = new();
        (_, VcpuTdx vcpu) = f.Boot(TestGuest.Write(g =>
        {
            g.A.mov(dx, 0x50);
            g.A.mov(rax, 0x1111_1111_0000_0000 | value);
            write(g.A);
            g.A.mov(rax, ~0UL);
            read(g.A);
            g.Report(rax);
        }));
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.Ok));
        KvmRun run = vcpu.RunPage;
        Assert.That(
            (run.ExitReason, run.U8(KvmRunOffsets.IoDirection), run.U8(KvmRunOffsets.IoSize),
                run.U16(KvmRunOffsets.IoPort), run.U64(KvmRun.IoDataOffset)),
            Is.EqualTo((KvmExit.Io, (byte)1, (byte)size, (ushort)0x50, value)));
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.Ok));
        Assert.That(run.U8(KvmRunOffsets.IoDirection), Is.Zero);
        run.Put64(KvmRun.IoDataOffset, value + 1);
        ulong expected = size switch
        {
            1 => 0xFFFF_FFFF_FFFF_FF00 | (value + 1),
            2 => 0xFFFF_FFFF_FFFF_0000 | (value + 1),
            _ => value + 1,
        };
        Assert.That(TestGuest.NextReport(f, vcpu), Is.EqualTo(expected));
    }

    [Test]
    public void WRMSR_and_RDMSR_of_an_MSR_the_module_leaves_to_the_host_reach_KVMs_copy()
    {
        using MachineFixture f = new();
        (_, VcpuTdx vcpu) = f.Boot(TestGuest.Write(g =>
        {
            g.A.mov(ecx, 0x1FC); // MSR_POWER_CTL
            g.A.mov(eax, 0x801);
            g.A.mov(edx, 0x4);
            g.A.wrmsr();
            g.A.xor(eax, eax);
            g.A.xor(edx, edx);
            g.A.rdmsr();
            g.A.shl(rdx, 32);
            g.A.or(rax, rdx);
            g.Report(rax);
        }));
        Assert.That(TestGuest.NextReport(f, vcpu), Is.EqualTo(0x4_0000_0801));
    }

    [TestCase(31UL, 0x1A0UL, 0UL, 0UL, Ghci.Success, TestName = "RDMSR of IA32_MISC_ENABLE is allowed")]
    [TestCase(31UL, 0x174UL, 0UL, 0UL, Ghci.InvalidOperand, TestName = "RDMSR of IA32_SYSENTER_CS is not KVM's")]
    [TestCase(32UL, 0x1BUL, 0UL, 0UL, Ghci.InvalidOperand, TestName = "WRMSR of IA32_APIC_BASE is refused")]
    [TestCase(30UL, 5UL, 1UL, 0x51UL, Ghci.InvalidOperand, TestName = "an I/O of 5 bytes is refused")]
    [TestCase(30UL, 1UL, 2UL, 0x51UL, Ghci.InvalidOperand, TestName = "an I/O in direction 2 is refused")]
    [TestCase(48UL, 10UL, 0UL, 0x8000_1000_0000UL, Ghci.InvalidOperand, TestName = "an MMIO of 10 bytes is refused")]
    [TestCase(48UL, 4UL, 0UL, 0x1000_0000UL, Ghci.InvalidOperand, TestName = "an MMIO at a private address is refused")]
    [TestCase(0x10000UL, 2UL, 0UL, 0UL, Ghci.InvalidOperand, TestName = "there is no TDVMCALL info leaf 2")]
    [TestCase(0x10002UL, 0x1000UL, 0x1000UL, 0UL, Ghci.InvalidOperand, TestName = "a quote buffer must be shared")]
    [TestCase(0x10004UL, 31UL, 0UL, 0UL, Ghci.InvalidOperand, TestName = "vector 31 notifies of nothing")]
    [TestCase(0x10001UL, 0x8000_0018_0000UL, 0UL, 0UL, Ghci.InvalidOperand, TestName = "MapGPA of nothing is refused")]
    [TestCase(0x10001UL, 0x8000_0018_0800UL, 0x1000UL, 0UL, Ghci.AlignError, TestName = "MapGPA wants whole pages")]
    [TestCase(0x12345UL, 0UL, 0UL, 0UL, Ghci.SubFuncUnsupported, TestName = "an unknown sub-function is unsupported")]
    public void KVM_answers_itself(ulong function, ulong r12, ulong r13, ulong r14, ulong expected)
    {
        using MachineFixture f = new();
        (_, VcpuTdx vcpu) = f.Boot(TestGuest.Write(g =>
        {
            g.Vmcall(function, r12, r13, r14);
            g.A.mov(rbp, r10);
            g.Report(rax);
            g.Report(rbp);
        }));
        Assert.That(
            TestGuest.NextReports(f, vcpu, 2), Is.EqualTo((ulong[])[0, expected]), "RAX of TDCALL, R10 of KVM");
    }

    [Test]
    public void The_TDVMCALL_info_of_leaf_0_is_all_zeros()
    {
        using MachineFixture f = new();
        (_, VcpuTdx vcpu) = f.Boot(TestGuest.Write(g =>
        {
            g.Vmcall(Ghci.GetTdVmCallInfo, 0, 7, 7, 7);
            g.A.mov(rax, r10);
            g.A.or(rax, r11);
            g.A.or(rax, r12);
            g.A.or(rax, r13);
            g.A.or(rax, r14);
            g.Report(rax);
        }));
        Assert.That(TestGuest.NextReport(f, vcpu), Is.Zero);
    }

    [Test]
    public void The_TDVMCALL_info_of_leaf_1_is_user_spaces()
    {
        using MachineFixture f = new();
        (_, VcpuTdx vcpu) = f.Boot(TestGuest.Write(g =>
        {
            g.Vmcall(Ghci.GetTdVmCallInfo, 1);
            g.A.mov(rbp, r10);
            g.A.add(r11, r14);
            g.A.mov(rdi, r11);
            g.Report(rbp);
            g.Report(rdi);
        }));
        f.Run(vcpu);
        KvmRun run = vcpu.RunPage;
        Assert.That(
            (run.ExitReason, run.U64(KvmRunOffsets.TdxNr), run.U64(KvmRunOffsets.TdxInfoLeaf)),
            Is.EqualTo((KvmExit.Tdx, Ghci.GetTdVmCallInfo, 1UL)));
        run.Put64(KvmRunOffsets.TdxInfoR11, 2);
        run.Put64(KvmRunOffsets.TdxInfoR14, 0x40);
        Assert.That(TestGuest.NextReports(f, vcpu, 2), Is.EqualTo((ulong[])[0, 0x42]));
    }

    [Test]
    public void CPUID_by_TDVMCALL_is_KVMs_copy()
    {
        using MachineFixture f = new();
        (_, VcpuTdx vcpu) = f.Boot(TestGuest.Write(g =>
        {
            g.Vmcall(10, 0x8000_0008);
            g.Report(r12);
        }));
        Assert.That(TestGuest.NextReport(f, vcpu), Is.EqualTo(48UL << 16), "as the fixture's KVM_SET_CPUID2 said");
    }

    [Test]
    public void HLT_comes_out_and_the_vCPU_goes_on_behind_it()
    {
        using MachineFixture f = new();
        (_, VcpuTdx vcpu) = f.Boot(TestGuest.Write(g =>
        {
            g.A.hlt();
            g.A.mov(eax, 0x77);
            g.Report(rax);
        }));
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.Ok));
        Assert.That(vcpu.RunPage.ExitReason, Is.EqualTo(KvmExit.Hlt));
        Assert.That(TestGuest.NextReport(f, vcpu), Is.EqualTo(0x77));
    }

    [Test]
    public void A_quote_request_carries_its_buffer_and_the_answer()
    {
        using MachineFixture f = new();
        (_, VcpuTdx vcpu) = f.Boot(TestGuest.Write(g =>
        {
            for (int i = 0; i < 2; i++)
            {
                g.Vmcall(Ghci.GetQuote, g.SharedBit | 0x18_0000, 0x2000);
                g.Report(r10);
            }
        }));
        f.Run(vcpu);
        KvmRun run = vcpu.RunPage;
        Assert.That(
            (run.ExitReason, run.U64(KvmRunOffsets.TdxNr), run.U64(KvmRunOffsets.TdxQuoteGpa),
                run.U64(KvmRunOffsets.TdxQuoteSize)),
            Is.EqualTo((KvmExit.Tdx, Ghci.GetQuote, 0x18_0000UL, 0x2000UL)));
        Assert.That(TestGuest.NextReport(f, vcpu), Is.EqualTo(Ghci.SubFuncUnsupported), "nobody answered");
        f.Run(vcpu);
        run.Put64(KvmRunOffsets.TdxRet, Ghci.Success);
        Assert.That(TestGuest.NextReport(f, vcpu), Is.EqualTo(Ghci.Success));
    }

    [Test]
    public void A_fatal_error_comes_out_with_its_code_and_the_vCPU_could_go_on()
    {
        using MachineFixture f = new();
        (_, VcpuTdx vcpu) = f.Boot(TestGuest.Write(g =>
        {
            g.Vmcall(Ghci.ReportFatalError, 0x0BAA_AAAD_0000_0000);
            g.Report(r10);
        }));
        f.Run(vcpu);
        KvmRun run = vcpu.RunPage;
        Assert.That(
            (run.ExitReason, run.U32(KvmRunOffsets.SystemEventType), run.U32(KvmRunOffsets.SystemEventNdata),
                run.U64(KvmRunOffsets.SystemEventData), run.U64(KvmRunOffsets.SystemEventData + 96),
                run.U64(KvmRunOffsets.SystemEventData + 104)),
            Is.EqualTo((KvmExit.SystemEvent, 7U, 16U, 77UL, 0x0BAA_AAAD_0000_0000UL, 0UL)));
        Assert.That(TestGuest.NextReport(f, vcpu), Is.Zero);
    }

    [Test]
    public void A_string_OUT_is_a_VE_that_names_it()
    {
        const ulong oneByte = 0, isString = 1UL << 4;
        using MachineFixture f = new();
        (_, VcpuTdx vcpu) = f.Boot(TestGuest.Write(g =>
        {
            g.NoteVirtualizationExceptions();
            g.A.mov(dx, 0x50);
            g.A.mov(esi, 0x8000);
            g.A.outsb();
            g.ReportVirtualizationException();
        }));
        ulong[] ve = TestGuest.NextReports(f, vcpu, 3);
        Assert.That((ve[0], ve[1]), Is.EqualTo((30UL, oneByte | isString | (0x50UL << 16))));
    }

    [Test]
    public void A_TD_that_has_run_all_this_leaves_no_page()
    {
        using MachineFixture f = new();
        (KvmTdx td, VcpuTdx vcpu) = f.Boot(TestGuest.Write(g => g.A.hlt()));
        f.Run(vcpu);
        f.Destroy(td);
        Assert.That(f.PagesInUse, Is.Zero);
        Assert.That(f.Kernel.Tdx.KeyIds!.InUse, Is.Zero);
        Assert.That(f.Calls.Where(call => call.Leaf == SeamcallLeaf.TDH_MEM_PAGE_REMOVE), Is.Not.Empty);
    }
}
