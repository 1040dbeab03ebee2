using Seamsim.Isa.Apic;
using Seamsim.Isa.Models;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Models;

namespace Seamsim.Tests.Isa.Apic;

public sealed unsafe class LocalApicTests
{
    private const uint Tpr = 0x808, Ppr = 0x80A, Eoi = 0x80B, Svr = 0x80F, Esr = 0x828, Icr = 0x830, LvtTimer = 0x832,
        InitialCount = 0x838, CurrentCount = 0x839, Divide = 0x83E, SelfIpi = 0x83F, ApicBase = 0x1B, Deadline = 0x6E0;

    private TestPlatform platform = null!;
    private Core core = null!;
    private Core other = null!;

    [SetUp]
    public void PowerOn()
    {
        platform = new TestPlatform(new CpuParameters { Packages = 2, LpsPerPackage = 2 });
        (core, other) = (platform.Cores[0], platform.Cores[3]);
        foreach (Core lp in platform.Cores)
            lp.TryWrmsr(Svr, 0x1FF);
    }

    [TearDown]
    public void PowerOff() => platform.Dispose();

    [Test]
    public void Firmware_hands_over_in_x2APIC_mode_and_there_is_no_way_back()
    {
        Assert.That(Read(core, ApicBase), Is.EqualTo(0xFEE00D00));
        Assert.That(Read(other, ApicBase), Is.EqualTo(0xFEE00C00));
        Assert.That(core.TryWrmsr(ApicBase, 0xFEE00900), Is.False);
        Assert.That(core.TryWrmsr(ApicBase, 0xFEE00000), Is.False);
    }

    [Test]
    public void A_fixed_interrupt_reaches_the_addressed_processor_only()
    {
        Assert.That(core.TryWrmsr(Icr, ((ulong)other.Apic.Id << 32) | 0x31), Is.True);
        Assert.That(platform.Cores.Select(c => c.PendingInterrupt), Is.EqualTo(new[] { -1, -1, -1, 0x31 }));
        Assert.That(other.Lp->Leave, Is.Not.Zero);
    }

    [Test]
    public void The_highest_priority_comes_first_and_blocks_its_own_class_until_EOI()
    {
        foreach (ulong vector in new ulong[] { 0x41, 0x52, 0x55 })
            core.TryWrmsr(SelfIpi, vector);
        Assert.That(core.AcknowledgeInterrupt(), Is.EqualTo(0x55));
        Assert.That(core.PendingInterrupt, Is.EqualTo(-1), "0x52 is of the class in service");
        Assert.That(Read(core, Ppr), Is.EqualTo(0x50));
        core.TryWrmsr(SelfIpi, 0x61);
        Assert.That(core.AcknowledgeInterrupt(), Is.EqualTo(0x61), "a higher class nests");
        core.TryWrmsr(Eoi, 0);
        core.TryWrmsr(Eoi, 0);
        Assert.That(core.AcknowledgeInterrupt(), Is.EqualTo(0x52));
        core.TryWrmsr(Eoi, 0);
        Assert.That(core.AcknowledgeInterrupt(), Is.EqualTo(0x41));
    }

    [Test]
    public void CR8_is_the_task_priority()
    {
        core.TryWrmsr(SelfIpi, 0x41);
        core.Lp->Cr8 = 4;
        Assert.That(core.PendingInterrupt, Is.EqualTo(-1));
        Assert.That(Read(core, Tpr), Is.EqualTo(0x40));
        core.TryWrmsr(Tpr, 0x3F);
        Assert.That((core.Lp->Cr8, core.PendingInterrupt), Is.EqualTo((3UL, 0x41)));
    }

    [Test]
    public void A_disabled_APIC_takes_no_fixed_interrupt_but_an_NMI()
    {
        other.TryWrmsr(Svr, 0xFF);
        core.TryWrmsr(Icr, ((ulong)other.Apic.Id << 32) | 0x31);
        core.TryWrmsr(Icr, ((ulong)other.Apic.Id << 32) | (4 << 8));
        other.TryWrmsr(Svr, 0x1FF);
        Assert.That((other.PendingInterrupt, other.PendingNmi), Is.EqualTo((-1, true)));
    }

    [Test]
    public void INIT_and_start_up_to_all_but_self()
    {
        core.TryWrmsr(Icr, (3 << 18) | (1 << 14) | (5 << 8));
        core.TryWrmsr(Icr, (3 << 18) | (1 << 14) | (6 << 8) | 0x9A);
        Assert.That(platform.Cores.Select(c => c.PendingInit), Is.EqualTo(new[] { false, true, true, true }));
        Assert.That(platform.Cores.Select(c => c.PendingStartUp), Is.EqualTo(new[] { -1, 0x9A, 0x9A, 0x9A }));
    }

    [Test]
    public void Logical_destinations_name_a_cluster_and_its_members()
    {
        core.TryWrmsr(Icr, (0b1010UL << 32) | (1 << 11) | 0x33); // cluster 0, members 1 and 3
        Assert.That(platform.Cores.Select(c => c.PendingInterrupt), Is.EqualTo(new[] { -1, 0x33, -1, 0x33 }));
    }

    [Test]
    public void An_illegal_vector_is_an_error_and_no_interrupt()
    {
        core.TryWrmsr(Icr, ((ulong)other.Apic.Id << 32) | 0x0F);
        core.TryWrmsr(Esr, 0);
        Assert.That((Read(core, Esr), other.PendingInterrupt), Is.EqualTo((0x20UL, -1)));
    }

    [TestCase(0x802u, 1UL)]
    [TestCase(0x80Bu, 1UL)]
    [TestCase(0x808u, 0x100UL)]
    [TestCase(0x80Fu, 0x2000UL)]
    [TestCase(0x809u, 0UL)]
    [TestCase(0x804u, 0UL)]
    [TestCase(0x830u, 0x2000UL)]
    public void A_reserved_register_or_bit_is_a_fault(uint msr, ulong value) =>
        Assert.That(core.TryWrmsr(msr, value), Is.False);

    [Test]
    public void INTR_PENDING_shows_what_waits()
    {
        Assert.That(Read(core, 0x9A), Is.Zero);
        core.TryWrmsr(SelfIpi, 0x40);
        Assert.That(Read(core, 0x9A), Is.EqualTo(1));
        core.PendingNmi = true;
        Assert.That(Read(core, 0x9A), Is.EqualTo(3));
    }

    [Test]
    public void The_TSC_deadline_fires_once_when_the_TSC_gets_there()
    {
        IEventQueue events = new LocalApicEvents();
        core.TryWrmsr(LvtTimer, (2 << 17) | 0x50);
        core.TryWrmsr(Deadline, 500);
        Assert.That(events.NextDue(core), Is.EqualTo(500));
        events.Deliver(core, 499);
        Assert.That(core.PendingInterrupt, Is.EqualTo(-1));
        core.Lp->Cycles = 500;
        events.Deliver(core, 500);
        Assert.That((core.PendingInterrupt, Read(core, Deadline), events.NextDue(core)),
            Is.EqualTo((0x50, 0UL, ulong.MaxValue)));
    }

    [Test]
    public void The_periodic_timer_counts_crystal_ticks_and_comes_again()
    {
        IEventQueue events = new LocalApicEvents();
        core.TryWrmsr(LvtTimer, (1 << 17) | 0x51);
        core.TryWrmsr(Divide, 0xB); // by 1; 80 TSC ticks a crystal tick
        core.TryWrmsr(InitialCount, 10);
        Assert.That(events.NextDue(core), Is.EqualTo(800));
        core.Lp->Cycles = 400;
        Assert.That(Read(core, CurrentCount), Is.EqualTo(5));
        events.Deliver(core, 800);
        Assert.That((core.AcknowledgeInterrupt(), events.NextDue(core)), Is.EqualTo(((byte)0x51, 1600UL)));
    }

    [Test]
    public void A_masked_timer_runs_out_silently()
    {
        IEventQueue events = new LocalApicEvents();
        core.TryWrmsr(LvtTimer, (1 << 16) | 0x51);
        core.TryWrmsr(InitialCount, 1);
        events.Deliver(core, 1_000_000);
        Assert.That((core.PendingInterrupt, events.NextDue(core)), Is.EqualTo((-1, ulong.MaxValue)));
    }

    [Test]
    public void In_xAPIC_mode_each_core_sees_its_own_registers_in_one_page()
    {
        LpOverride legacy = new(IsMsr: true, 0xBD, 0, 0, Mask: 1, Value: 0);
        using TestPlatform xapic = new(new CpuParameters(), model =>
        {
            model.Override(0, legacy);
            model.Override(1, legacy);
        });
        Assert.That(xapic.Memory.Mmio.TryFind(0xFEE00020, out IMmioDevice window, out ulong offset), Is.True);
        Assert.That(window.Read(xapic.Cores[0], offset, 4), Is.Zero);
        Assert.That(window.Read(xapic.Cores[1], offset, 4), Is.EqualTo(1UL << 24));
        Assert.That(xapic.Cores[0].TryRdmsr(0x802, out _), Is.False);

        window.Write(xapic.Cores[1], 0xF0, 4, 0x1FF);
        window.Write(xapic.Cores[0], 0x310, 4, 1UL << 24);
        window.Write(xapic.Cores[0], 0x300, 4, 0x77);
        Assert.That(xapic.Cores[1].PendingInterrupt, Is.EqualTo(0x77));
    }

    private static ulong Read(Core core, uint msr)
    {
        Assert.That(core.TryRdmsr(msr, out ulong value), Is.True, $"MSR {msr:X}");
        return value;
    }
}
