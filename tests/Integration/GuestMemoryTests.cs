using Iced.Intel;
using Seamsim.Host.Guests;
using Seamsim.Host.Kvm;
using Seamsim.Isa;
using Seamsim.Isa.Vmx;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Integration;

/// <summary>Guest, module, KVM and VMM agree about what is private and what is shared.</summary>
[TestFixture]
internal sealed class GuestMemoryTests
{
    private const ulong SharedBit = 1UL << 47, Page = 0x30_0000, FromVmm = 0x1122_3344_5566_7788;

    // The guest sees guest-physical 2..4 MiB, shared, at linear 8..10 MiB.
    private const uint Window = 0x80_0000 + ((uint)Page - 0x20_0000);

    [Test]
    public void Memory_added_on_demand_is_accepted_by_the_guest_page_by_page()
    {
        using TdRig rig = new("accept");
        rig.Run();
        Assert.That(rig.Output, Does.StartWith("accepted 4 pages"));
        Assert.That(rig.Vmm.Td!.Private.PageCount, Is.EqualTo(rig.Vmm.InitialPages + 4));
    }

    [TestCase(true, TestName = "{m}(after MapGPA)")]
    [TestCase(false, TestName = "{m}(without asking: the VMM converts the page)")]
    public void Guest_and_VMM_read_what_the_other_wrote_to_shared_memory(bool maps)
    {
        using TdRig rig = new(BuiltInGuests.Build("shared", g => Share(g, maps)), memoryBytes: 4UL << 20);
        MemorySlot slot = rig.Vmm.Td!.Memory.Find(Page)!;
        Assert.That(slot.User.TryPin(slot.UserAddress + (Page - slot.Gpa), out Hpa shared));
        rig.Machine.HostMemory.Write(shared, BitConverter.GetBytes(FromVmm));
        rig.Run();
        byte[] answer = new byte[8];
        rig.Machine.HostMemory.Read(shared + 8, answer);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(rig.Output, Is.EqualTo("shared: 1122334455667788\n"));
            Assert.That(BitConverter.ToUInt64(answer), Is.EqualTo(~FromVmm));
            Assert.That(rig.Vmm.Td.Memory.IsPrivate(Page), Is.False);
            Assert.That(rig.Vmm.Td.TdVcpus.First().Exits, Contains.Key((int)ExitReason.EptViolation));
        }
    }

    private static void Share(GuestCode g, bool maps)
    {
        const ulong leaf = 0xE3; // present, writable, accessed, dirty, 2 MiB
        const int mapGpa = 0x10001, vmcallRegisters = 0xFC00;
        Assembler a = g.A;
        a.mov(rax, SharedBit | 0x20_0000 | leaf);
        a.mov(__qword_ptr[(ulong)GuestLayout.PageTables + 0x2000 + (4 * 8)], rax);
        a.mov(rax, cr3);
        a.mov(cr3, rax);
        if (maps)
        {
            a.xor(r10d, r10d);
            a.mov(r11d, mapGpa);
            a.mov(r12, SharedBit | Page);
            a.mov(r13d, 0x1000);
            a.mov(ecx, vmcallRegisters);
            a.xor(eax, eax);
            a.tdcall();
            a.mov(rax, r10);
            g.FailUnlessZero("MapGPA");
        }
        a.mov(r8, __qword_ptr[(ulong)Window]);
        a.mov(rax, r8);
        a.not(rax);
        a.mov(__qword_ptr[(ulong)Window + 8], rax);
        g.Print("shared: ");
        g.PrintHex(r8);
        g.Print("\n");
        g.Exit(0);
    }
}
