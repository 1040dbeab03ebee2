using System.Text;
using Seamsim.Host;
using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Hosting;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Runs;

namespace Seamsim.Tests.Integration;

/// <summary>What the host does not get to see, and what it gets back.</summary>
[TestFixture]
internal sealed class SecrecyTests
{
    private const ulong PageFault = 14, ReservedBit = 8, Unused = 511UL << 30;

    [Test]
    public void The_host_reads_private_memory_as_ciphertext()
    {
        using TdRig rig = new("hello");
        GuestRegion texts = rig.Config.Guest.Regions.Single(region => region.Gpa == GuestLayout.Texts);
        byte[] seen = new byte[texts.Bytes.Length];
        rig.Machine.HostMemory.Read(rig.PrivatePage(GuestLayout.Texts), seen);
        Assert.That(rig.ReadPrivate(GuestLayout.Texts, seen.Length), Is.EqualTo(texts.Bytes.ToArray()), "with the key");
        Assert.That(seen, Is.Not.EqualTo(texts.Bytes.ToArray()));
        Assert.That(Encoding.ASCII.GetString(seen), Does.Not.Contain("TD"));
    }

    [Test]
    public void A_private_KeyID_in_the_host_page_tables_is_a_reserved_bit()
    {
        using Machine machine = new(new Platform { MemoryBytes = 1UL << 30 });
        KeyIdLayout keys = machine.Platform.Keys;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Touch(machine, new KeyId(1)), Is.EqualTo((-1, 0UL)), "KeyID 1 is for any software");
            Assert.That(Touch(machine, new KeyId((ushort)keys.FirstPrivate)), Is.EqualTo(((int)PageFault, ReservedBit)));
            Assert.That(Touch(machine, new KeyId((ushort)keys.LastPrivate)), Is.EqualTo(((int)PageFault, ReservedBit)));
        }
    }

    [Test]
    public void Teardown_leaves_no_page_in_the_PAMT()
    {
        using TdRig rig = new("accept");
        rig.Run();
        Assert.That(Inspection.PagesInUse(rig.Machine), Has.Count.GreaterThan(40));
        rig.Destroy();
        Assert.That(Inspection.PagesInUse(rig.Machine), Is.Empty);
    }

    /// <summary>CLFLUSH through a 1-GiB page with a KeyID: the exception, and the reserved bit of its error code.</summary>
    private static (int Exception, ulong Reserved) Touch(Machine machine, KeyId key)
    {
        const ulong flags = 0xE3;
        ulong entry = machine.Platform.Keys.WithKey(default, key).Value | flags;
        machine.HostMemory.Write(new Hpa(HostLayout.PageTables + 0x1000 + (511 * 8)), BitConverter.GetBytes(entry));
        int exception = machine.Execute(0, async cpu =>
        {
            machine.Cores[0].FlushTlb();
            cpu.Gpr(0) = Unused;
            await cpu.Execute(Stub.ClflushPage);
            return cpu.StubException;
        });
        if (exception < 0)
            return (exception, 0);
        byte[] error = new byte[8];
        machine.HostMemory.Read(new Hpa(BootState.StackTop(0) - 48), error);
        return (exception, BitConverter.ToUInt64(error) & ReservedBit);
    }
}
