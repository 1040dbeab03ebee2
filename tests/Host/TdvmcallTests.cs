using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host;

/// <summary>Exits of a TD: what KVM answers itself and what comes out to user space.</summary>
public sealed class TdvmcallTests
{
    private const ulong Ok = 0, Invalid = 0x8000_0000_0000_0000, Align = Invalid + 2, Unsupported = Invalid + 3;
    private const ulong Shared = 1UL << 47;

    // R11, R12, R13, R14, R15 | R10, R11 afterwards
    [TestCase(10UL, 1UL, 0UL, 0UL, 0UL, Ok, 10UL)]
    [TestCase(30UL, 3UL, 1UL, 0x3F8UL, 0UL, Invalid, 30UL)]
    [TestCase(30UL, 1UL, 2UL, 0x3F8UL, 0UL, Invalid, 30UL)]
    [TestCase(31UL, 0x1A0UL, 0UL, 0UL, 0UL, Ok, 1UL)]
    [TestCase(31UL, 0x12345UL, 0UL, 0UL, 0UL, Invalid, 31UL)]
    [TestCase(32UL, 0x1B0UL, 7UL, 0UL, 0UL, Invalid, 32UL)]
    [TestCase(32UL, 0xC0000080UL, 7UL, 0UL, 0UL, Invalid, 32UL)]
    [TestCase(32UL, 0x6E0UL, 7UL, 0UL, 0UL, Ok, 32UL)]
    [TestCase(31UL, 0x808UL, 0UL, 0UL, 0UL, Invalid, 31UL)]
    [TestCase(48UL, 4UL, 1UL, 0x1000UL, 0UL, Invalid, 48UL)]
    [TestCase(48UL, 5UL, 1UL, Shared | 0x1000, 0UL, Invalid, 48UL)]
    [TestCase(0x10000UL, 0UL, 9UL, 9UL, 0UL, Ok, 0UL)]
    [TestCase(0x10000UL, 2UL, 0UL, 0UL, 0UL, Invalid, 0x10000UL)]
    [TestCase(0x10001UL, 0UL, 0UL, 0UL, 0UL, Unsupported, 0x10001UL)]
    [TestCase(0x10002UL, 0x1000UL, 0x1000UL, 0UL, 0UL, Invalid, 0x10002UL)]
    [TestCase(0x10004UL, 31UL, 0UL, 0UL, 0UL, Invalid, 0x10004UL)]
    [TestCase(0x10004UL, 256UL, 0UL, 0UL, 0UL, Invalid, 0x10004UL)]
    [TestCase(0x10005UL, 0UL, 0UL, 0UL, 0UL, Unsupported, 0x10005UL)]
    public void What_KVM_answers_itself(
        ulong r11, ulong r12, ulong r13, ulong r14, ulong r15, ulong code, ulong value)
    {
        ulong[] registers = Reenter(new KvmFixture(), FakeModule.Tdvmcall(0, r11, r12, r13, r14, r15), null);
        Assert.That((registers[0], registers[1]), Is.EqualTo((code, value)));
    }

    [TestCase(0UL, 0UL, Invalid)]
    [TestCase(ulong.MaxValue - 0xFFF, 0x2000UL, Invalid)]
    [TestCase(1UL << 48, 0x1000UL, Invalid)]
    [TestCase(Shared - 0x1000, 0x2000UL, Invalid)]
    [TestCase(0x1008UL, 0x1000UL, Align)]
    [TestCase(0x1000UL, 0x1001UL, Align)]
    public void MapGPA_checks_its_range(ulong gpa, ulong size, ulong code)
    {
        ulong[] registers = Reenter(
            new KvmFixture(), FakeModule.Tdvmcall(0, Ghci.MapGpa, gpa, size), null,
            td => td.EnableCap(KvmCap.ExitHypercall, 0, 1 << 12));
        Assert.That((registers[0], registers[1]), Is.EqualTo((code, gpa)));
    }

    [TestCase(0, Ok, 0UL)]
    [TestCase(2, Invalid, Shared | 0x20_0000)]
    public void MapGPA_goes_out_in_chunks_of_2_MiB(int failingChunk, ulong code, ulong value)
    {
        List<(ulong, ulong, ulong)> chunks = [];
        ulong[] registers = Reenter(
            new KvmFixture(), FakeModule.Tdvmcall(0, Ghci.MapGpa, Shared, 0x30_0000), run =>
            {
                Assert.That(run.ExitReason, Is.EqualTo(KvmExit.Hypercall));
                chunks.Add((run.U64(40), run.U64(48), run.U64(56)));
                run.Put64(KvmRunOffsets.HypercallRet, chunks.Count == failingChunk ? 22UL : 0);
            },
            td => td.EnableCap(KvmCap.ExitHypercall, 0, 1 << 12));
        Assert.That(chunks, Is.EqualTo(((ulong, ulong, ulong)[])[(0, 512, 0), (0x20_0000, 256, 0)]));
        Assert.That(registers[0], Is.EqualTo(code));
        if (failingChunk != 0)
            Assert.That(registers[1], Is.EqualTo(value));
    }

    [Test]
    public void An_IN_takes_its_value_from_user_space()
    {
        ulong[] registers = Reenter(new KvmFixture(), FakeModule.Tdvmcall(0, 30, 2, 0, 0x3FD, 0), run =>
        {
            Assert.That(run.ExitReason, Is.EqualTo(KvmExit.Io));
            Assert.That(
                (run.U8(32), run.U8(33), run.U16(34), run.U32(36)), Is.EqualTo(((byte)0, (byte)2, (ushort)0x3FD, 1U)));
            run.Put64((int)run.U64(40), 0xABCDEF);
        });
        Assert.That((registers[0], registers[1]), Is.EqualTo((Ok, 0xCDEFUL)));
    }

    [Test]
    public void An_MMIO_write_goes_out_without_the_shared_bit()
    {
        FakeModule.Answer write = FakeModule.Tdvmcall(0, 48, 4, 1, Shared | 0x5000, 0x1_2345_6789);
        ulong[] registers = Reenter(new KvmFixture(), write, run =>
        {
            Assert.That(run.ExitReason, Is.EqualTo(KvmExit.Mmio));
            Assert.That(
                (run.U64(32), run.U64(40), run.U32(48), run.U8(52)),
                Is.EqualTo((0x5000UL, 0x2345_6789UL, 4U, (byte)1)));
        });
        Assert.That(registers[0], Is.EqualTo(Ok));
    }

    [TestCase(0x10002UL, Shared | 0x1000, Unsupported)]
    [TestCase(0x10004UL, 64UL, Unsupported)]
    [TestCase(0x10000UL, 1UL, Ok)]
    public void A_TDX_exit_carries_a_default_answer(ulong r11, ulong r12, ulong code)
    {
        ulong[] registers = Reenter(new KvmFixture(), FakeModule.Tdvmcall(0, r11, r12, 0x1000), run =>
        {
            Assert.That(run.ExitReason, Is.EqualTo(KvmExit.Tdx));
            Assert.That((run.U64(40), run.U64(56)), Is.EqualTo((r11, r12 & ~Shared)));
        });
        Assert.That(registers[0], Is.EqualTo(code));
    }

    [Test]
    public void A_fatal_error_comes_out_with_all_registers()
    {
        KvmFixture f = new();
        Reenter(f, FakeModule.Tdvmcall(0, Ghci.ReportFatalError, 0x0BAA_AAAD_0000_0000, 0, 5), run =>
        {
            Assert.That((run.ExitReason, run.U32(32), run.U32(36)), Is.EqualTo((KvmExit.SystemEvent, 7U, 16U)));
            Assert.That(
                (run.U64(40), run.U64(40 + (12 * 8)), run.U64(40 + (14 * 8))),
                Is.EqualTo((77UL, 0x0BAA_AAAD_0000_0000UL, 5UL)));
        });
    }

    [TestCase(1UL, Ok)]
    [TestCase(99UL, unchecked((ulong)-1000L))]
    public void A_vendor_hypercall_is_KVMs(ulong number, ulong answer) =>
        Assert.That(Reenter(new KvmFixture(), FakeModule.Tdvmcall(number, 5), null)[0], Is.EqualTo(answer));

    [TestCase(1UL, 0UL, true)]
    [TestCase(0UL, 0UL, true)]
    [TestCase(0UL, 1UL, false)]
    public void A_HLT_comes_out_unless_an_interrupt_waits_that_is_not_blocked(ulong blocked, ulong details, bool exits)
    {
        KvmFixture f = new();
        (_, VcpuTdx vcpu) = f.RunnableTd();
        f.Module.Answers[SeamcallLeaf.TDH_VP_RD] = cpu =>
        {
            cpu.Gpr(8) = details;
            return TdxStatus.Success;
        };
        f.Module.Exits.Enqueue(FakeModule.Tdvmcall(0, 12, blocked));
        f.Module.Exits.Enqueue(_ => new TdxStatus(0x4000_0001_0000_0002));
        f.Run(vcpu);
        Assert.That(vcpu.RunPage.ExitReason, Is.EqualTo(exits ? KvmExit.Hlt : KvmExit.Shutdown));
    }

    // VP.ENTER status | KVM's exit, with the module's status values and with the literals of Linux 6.16
    [TestCase(0x4000_0001_0000_0002UL, KvmExit.Shutdown, KvmExit.Shutdown)]
    [TestCase(0x6000_0002_0000_0002UL, KvmExit.Shutdown, KvmExit.InternalError)]
    [TestCase(0x6000_0002_8000_0021UL, KvmExit.FailEntry, KvmExit.InternalError)]
    [TestCase(0x6000_0005_0000_0012UL, KvmExit.InternalError, KvmExit.InternalError)]
    [TestCase(0xC000_0704_0000_0000UL, KvmExit.InternalError, KvmExit.InternalError)]
    [TestCase(0x6000_000A_0000_0000UL, KvmExit.InternalError, KvmExit.InternalError)]
    [TestCase(0x0000_0000_0000_000AUL, KvmExit.InternalError, KvmExit.InternalError)]
    public void An_exit_for_user_space(ulong status, KvmExit expected, KvmExit literal)
    {
        foreach (bool literals in (bool[])[false, true])
        {
            KvmFixture f = new(KvmOptions.Linux616 with { LiteralStatusValues = literals });
            (_, VcpuTdx vcpu) = f.RunnableTd();
            f.Module.Exits.Enqueue(_ => new TdxStatus(status));
            Assert.That(f.Run(vcpu), Is.EqualTo(Errno.Ok));
            Assert.That(vcpu.RunPage.ExitReason, Is.EqualTo(literals ? literal : expected));
        }
    }

    [TestCase(0x8000_0200_0000_0092UL)]
    [TestCase(0x8000_0200_0000_00A9UL)]
    [TestCase(1UL)]
    [TestCase(6UL)]
    public void An_exit_that_only_means_try_again(ulong status)
    {
        KvmFixture f = new();
        (_, VcpuTdx vcpu) = f.RunnableTd();
        f.Module.Exits.Enqueue(_ => new TdxStatus(status));
        f.Module.Exits.Enqueue(_ => new TdxStatus(0x4000_0001_0000_0002));
        f.Run(vcpu);
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_VP_ENTER), Is.EqualTo(2));
    }

    [Test]
    public void A_private_fault_adds_missing_tables_and_the_page()
    {
        KvmFixture f = new();
        (KvmTdx td, VcpuTdx vcpu) = f.RunnableTd(52);
        f.Module.Exits.Enqueue(FakeModule.EptViolation(0x3123));
        f.Module.Exits.Enqueue(_ => new TdxStatus(0x4000_0001_0000_0002));
        f.Run(vcpu);
        Assert.That(
            f.Module.Calls.Where(c => c.Leaf == SeamcallLeaf.TDH_MEM_SEPT_ADD).Select(c => c.Rcx),
            Is.EqualTo((ulong[])[4, 3, 2, 1]), "five levels: four tables below the root");
        Assert.That(f.Module.Calls.Single(c => c.Leaf == SeamcallLeaf.TDH_MEM_PAGE_AUG).Rcx, Is.EqualTo(0x3000));
        Assert.That((td.Private.TableCount, td.Private.PageCount), Is.EqualTo((4, 1)));
    }

    [Test]
    public void A_busy_module_is_asked_again_without_VP_ENTER()
    {
        KvmFixture f = new();
        (_, VcpuTdx vcpu) = f.RunnableTd();
        int busy = 3;
        f.Module.Answers[SeamcallLeaf.TDH_MEM_PAGE_AUG] = cpu => busy-- > 0
            ? TdxStatus.OperandBusy.With(OperandId.SeptTree)
            : f.Module.Default(SeamcallLeaf.TDH_MEM_PAGE_AUG, cpu);
        f.Module.Exits.Enqueue(FakeModule.EptViolation(0x3000));
        f.Module.Exits.Enqueue(_ => new TdxStatus(0x4000_0001_0000_0002));
        f.Run(vcpu);
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_MEM_PAGE_AUG), Is.EqualTo(4));
        Assert.That(f.Module.Count(SeamcallLeaf.TDH_VP_ENTER), Is.EqualTo(2));
    }

    [Test]
    public void A_page_used_before_it_was_accepted_kills_the_VM()
    {
        KvmFixture f = new();
        (KvmTdx td, VcpuTdx vcpu) = f.RunnableTd();
        f.Module.Exits.Enqueue(FakeModule.EptViolation(0x3000, extended: 6));
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.EIO));
        Assert.That(td.IsDead, Is.True);
    }

    [Test]
    public void Private_use_of_a_page_that_is_not_private_is_a_memory_fault()
    {
        KvmFixture f = new();
        (_, VcpuTdx vcpu) = f.RunnableTd();
        f.Module.Exits.Enqueue(FakeModule.EptViolation(0x4000_0000));
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.EFAULT));
        Assert.That(
            (vcpu.RunPage.ExitReason, vcpu.RunPage.U64(32), vcpu.RunPage.U64(40)),
            Is.EqualTo((KvmExit.MemoryFault, 8UL, 0x4000_0000UL)));
    }

    /// <summary>Runs one TDVMCALL through KVM (and user space) and returns R10.. as the TD gets them back.</summary>
    private static ulong[] Reenter(
        KvmFixture f, FakeModule.Answer exit, Action<KvmRun>? user, Action<KvmTdx>? prepare = null)
    {
        (KvmTdx td, VcpuTdx vcpu) = f.RunnableTd();
        prepare?.Invoke(td);
        ulong[] registers = [];
        f.Module.Exits.Enqueue(exit);
        f.Module.Exits.Enqueue(cpu =>
        {
            registers = [.. Enumerable.Range(10, 6).Select(i => cpu.Gpr(i))];
            return new TdxStatus(0x4000_0001_0000_0002);
        });
        while (registers.Length == 0)
        {
            Assert.That(f.Run(vcpu), Is.EqualTo(Errno.Ok));
            if (registers.Length != 0)
                break;
            Assert.That(user, Is.Not.Null, "nothing was to come out to user space");
            user!(vcpu.RunPage);
        }
        return registers;
    }
}
