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

    [Test]
    public void A_page_made_private_again_is_no_longer_reached_through_the_shared_bit()
    {
        using TdRig rig = new(BuiltInGuests.Build("back", BackAndForth), memoryBytes: 4UL << 20);
        MemorySlot slot = rig.Vmm.Td!.Memory.Find(Page)!;
        Assert.That(slot.User.TryPin(slot.UserAddress + (Page - slot.Gpa), out Hpa shared));
        rig.Machine.HostMemory.Write(shared, BitConverter.GetBytes(FromVmm));
        rig.Run();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(rig.Output, Is.EqualTo("shared: 1122334455667788\nprivate: 0000000000000000\n"));
            Assert.That(rig.Vmm.Td.Memory.IsPrivate(Page), Is.False, "the last shared access asked for the page again");
        }
        rig.Destroy();
        Assert.That(Seamsim.Runs.Inspection.PagesInUse(rig.Machine), Is.Empty);
    }

    /// <summary>Shares a page, takes it back and accepts it, and at last reads through the shared bit once more.</summary>
    private static void BackAndForth(GuestCode g)
    {
        const int pageAccept = 6;
        OpenWindow(g);
        MapGpa(g, SharedBit | Page);
        g.A.mov(r8, __qword_ptr[(ulong)Window]);
        g.Print("shared: ");
        g.PrintHex(r8);
        MapGpa(g, Page);
        g.A.mov(ecx, (uint)Page);
        g.Tdcall(pageAccept);
        g.FailUnlessZero("TDG.MEM.PAGE.ACCEPT");
        g.A.mov(r8, __qword_ptr[Page]);
        g.Print("\nprivate: ");
        g.PrintHex(r8);
        g.Print("\n");
        g.A.mov(r8, __qword_ptr[(ulong)Window]);
        g.Exit(0);
    }

    private static void OpenWindow(GuestCode g)
    {
        const ulong leaf = 0xE3; // present, writable, accessed, dirty, 2 MiB
        g.A.mov(rax, SharedBit | 0x20_0000 | leaf);
        g.A.mov(__qword_ptr[(ulong)GuestLayout.PageTables + 0x2000 + (4 * 8)], rax);
        g.A.mov(rax, cr3);
        g.A.mov(cr3, rax);
    }

    private static void MapGpa(GuestCode g, ulong gpa)
    {
        const int mapGpa = 0x10001, vmcallRegisters = 0xFC00;
        g.A.xor(r10d, r10d);
        g.A.mov(r11d, mapGpa);
        g.A.mov(r12, gpa);
        g.A.mov(r13d, 0x1000);
        g.A.mov(ecx, vmcallRegisters);
        g.A.xor(eax, eax);
        g.A.tdcall();
        g.A.mov(rax, r10);
        g.FailUnlessZero("MapGPA");
    }

    private static void Share(GuestCode g, bool maps)
    {
        Assembler a = g.A;
        OpenWindow(g);
        if (maps)
            MapGpa(g, SharedBit | Page);
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
