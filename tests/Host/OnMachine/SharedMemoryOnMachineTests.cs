using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Host.OnMachine;

/// <summary>Guests that use addresses with the shared bit, with four- and five-level EPT.</summary>
[TestFixture(48)]
[TestFixture(52)]
internal sealed class SharedMemoryOnMachineTests(int gpaw)
{
    private const ulong Page = 0x18_0000, FromGuest = 0x1122_3344_5566_7788, FromHost = 0x99AA_BBCC_DDEE_FF00;

    [Test]
    public void MapGPA_shares_a_page_both_sides_see_and_takes_it_back_as_zeros()
    {
        using MachineFixture f = new();
        (KvmTdx td, VcpuTdx vcpu) = Boot(f, g =>
        {
            g.Vmcall(Ghci.MapGpa, g.SharedBit | Page, 0x1000);
            g.Report(r10);
            g.A.mov(rax, FromGuest);
            g.A.mov(__qword_ptr[TestGuest.SharedWindow + Page], rax);
            g.A.mov(eax, 1);
            g.Report(rax); // the host looks, and writes
            g.A.mov(rax, __qword_ptr[TestGuest.SharedWindow + Page + 8]);
            g.Report(rax);
            g.Vmcall(Ghci.MapGpa, Page, 0x1000);
            g.Report(r10);
            g.A.mov(rcx, Page);
            g.A.mov(eax, 6); // TDG.MEM.PAGE.ACCEPT
            g.A.tdcall();
            g.Report(rax);
            g.A.mov(rax, __qword_ptr[Page]);
            g.Report(rax);
        });
        MapGpa(f, td, vcpu, isPrivate: false);
        Assert.That(TestGuest.NextReport(f, vcpu), Is.EqualTo(Ghci.Success));
        Assert.That(TestGuest.NextReport(f, vcpu), Is.EqualTo(1));
        ulong address = td.Memory.Find(Page)!.UserAddress + Page;
        byte[] seen = new byte[8];
        Assert.That(f.User.TryRead(address, seen), Is.True);
        Assert.That(BitConverter.ToUInt64(seen), Is.EqualTo(FromGuest), "the host reads what the guest wrote");
        f.User.TryWrite(address + 8, BitConverter.GetBytes(FromHost));
        Assert.That(TestGuest.NextReport(f, vcpu), Is.EqualTo(FromHost), "the guest reads what the host wrote");

        MapGpa(f, td, vcpu, isPrivate: true);
        Assert.That(
            TestGuest.NextReports(f, vcpu, 3), Is.EqualTo((ulong[])[Ghci.Success, 0, 0]),
            "MapGPA, ACCEPT, and the page is zero");
        f.Destroy(td);
        Assert.That(f.PagesInUse, Is.Zero);
    }

    [Test]
    public void Touching_a_private_page_through_the_shared_bit_asks_user_space_to_convert_it()
    {
        using MachineFixture f = new();
        (KvmTdx td, VcpuTdx vcpu) = Boot(f, g =>
        {
            g.A.mov(rax, FromGuest);
            g.A.mov(__qword_ptr[TestGuest.SharedWindow + Page], rax);
            g.A.mov(eax, 1);
            g.Report(rax);
            g.A.mov(rax, __qword_ptr[Page]); // private, not accepted: SEPT_VE_DISABLE makes this an exit
            g.Report(rax);
        });
        Assert.That(MemoryFault(f, vcpu), Is.EqualTo((0UL, Page, 4096UL)));
        f.Run(() => td.SetMemoryAttributes(f.Cpu, Page, 4096, isPrivate: false));
        Assert.That(TestGuest.NextReport(f, vcpu), Is.EqualTo(1));
        Assert.That(MemoryFault(f, vcpu), Is.EqualTo((1UL << 3, Page, 4096UL)), "now the private use is the odd one");
        f.Run(() => td.SetMemoryAttributes(f.Cpu, Page, 4096, isPrivate: true));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(f.Run(vcpu), Is.EqualTo(Errno.EIO), "used before it was accepted");
            Assert.That(td.IsDead, Is.True);
            Assert.That(f.Machine.KernelLog, Has.Some.Contains("Guest access before accepting 0x180000"));
        }
        f.Destroy(td);
        Assert.That(f.PagesInUse, Is.Zero);
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(4)]
    [TestCase(8)]
    public void A_shared_address_without_memory_is_a_VE_and_its_MMIO_comes_out(int size)
    {
        ulong mask = size == 8 ? ulong.MaxValue : (1UL << (8 * size)) - 1;
        const ulong offset = 0x5008, eptViolation = 48, write = 2;
        using MachineFixture f = new();
        (KvmTdx td, VcpuTdx vcpu) = Boot(f, g =>
        {
            g.NoteVirtualizationExceptions();
            g.A.mov(rax, FromGuest);
            g.A.mov(edi, (int)(TestGuest.MmioWindow + offset));
            g.A.mov(__qword_ptr[rdi], rax);
            g.ReportVirtualizationException();
            g.Vmcall(48, (ulong)size, 1, g.SharedBit | (TestGuest.MmioGpa + offset), FromGuest);
            g.Report(r10);
            g.Vmcall(48, (ulong)size, 0, g.SharedBit | (TestGuest.MmioGpa + offset));
            g.Report(r11);
        });
        ulong[] ve = TestGuest.NextReports(f, vcpu, 3);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ve[0], Is.EqualTo(eptViolation));
            Assert.That(ve[1] & 7, Is.EqualTo(write));
            Assert.That(ve[2], Is.EqualTo(TestGuest.MmioGpa + offset | 1UL << (gpaw - 1)), "with the shared bit");
        }
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.Ok));
        KvmRun run = vcpu.RunPage;
        Assert.That(
            (run.ExitReason, run.U64(KvmRunOffsets.MmioAddress), run.U32(KvmRunOffsets.MmioLength),
                run.U8(KvmRunOffsets.MmioIsWrite), run.U64(KvmRunOffsets.MmioData)),
            Is.EqualTo((KvmExit.Mmio, TestGuest.MmioGpa + offset, (uint)size, (byte)1, FromGuest & mask)));
        Assert.That(TestGuest.NextReport(f, vcpu), Is.EqualTo(Ghci.Success));
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.Ok));
        Assert.That(run.U8(KvmRunOffsets.MmioIsWrite), Is.Zero);
        run.Put64(KvmRunOffsets.MmioData, FromHost);
        Assert.That(TestGuest.NextReport(f, vcpu), Is.EqualTo(FromHost & mask));
        f.Destroy(td);
        Assert.That(f.PagesInUse, Is.Zero);
    }

    [Test]
    public void Code_in_shared_memory_kills_the_VM()
    {
        using MachineFixture f = new();
        (KvmTdx td, VcpuTdx vcpu) = Boot(f, g =>
        {
            g.A.mov(rax, TestGuest.SharedWindow + Page);
            g.A.jmp(rax);
        });
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.EIO));
        Assert.That(f.Machine.KernelLog, Has.Some.Contains("instruction fetch from shared memory"));
        f.Destroy(td);
        Assert.That(f.PagesInUse, Is.Zero);
    }

    [Test]
    public void A_page_the_TD_did_not_start_with_is_added_when_it_is_accepted()
    {
        using MachineFixture f = new();
        (_, VcpuTdx vcpu) = Boot(f, g =>
        {
            g.A.mov(rcx, Page);
            g.A.mov(eax, 6);
            g.A.tdcall();
            g.Report(rax);
        });
        f.Forget();
        Assert.That(TestGuest.NextReport(f, vcpu), Is.Zero);
        Assert.That(
            f.Leaves.Where(leaf => leaf is SeamcallLeaf.TDH_MEM_PAGE_AUG or SeamcallLeaf.TDH_MEM_SEPT_ADD),
            Is.EqualTo((SeamcallLeaf[])[SeamcallLeaf.TDH_MEM_PAGE_AUG]), "its tables are there");
    }

    private (KvmTdx Td, VcpuTdx Vcpu) Boot(MachineFixture f, Action<TestGuest> body) =>
        f.Boot(TestGuest.Write(body, gpaw), gpaw);

    private static (ulong Flags, ulong Gpa, ulong Size) MemoryFault(MachineFixture f, VcpuTdx vcpu)
    {
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.EFAULT));
        KvmRun run = vcpu.RunPage;
        Assert.That(run.ExitReason, Is.EqualTo(KvmExit.MemoryFault));
        return (run.U64(KvmRunOffsets.MemoryFaultFlags), run.U64(KvmRunOffsets.MemoryFaultGpa),
            run.U64(KvmRunOffsets.MemoryFaultSize));
    }

    private static void MapGpa(MachineFixture f, KvmTdx td, VcpuTdx vcpu, bool isPrivate)
    {
        Assert.That(f.Run(vcpu), Is.EqualTo(Errno.Ok));
        KvmRun run = vcpu.RunPage;
        Assert.That(
            (run.ExitReason, run.U64(KvmRunOffsets.HypercallNr), run.U64(KvmRunOffsets.HypercallArgs),
                run.U64(KvmRunOffsets.HypercallArgs + 8), run.U64(KvmRunOffsets.HypercallArgs + 16)),
            Is.EqualTo((KvmExit.Hypercall, KvmUapi.HypercallMapGpaRange, Page, 1UL, isPrivate ? 1UL << 4 : 0)));
        Assert.That(
            f.Run(() => td.SetMemoryAttributes(f.Cpu, Page, 4096, isPrivate)), Is.EqualTo(Errno.Ok));
        run.Put64(KvmRunOffsets.HypercallRet, 0);
    }
}
