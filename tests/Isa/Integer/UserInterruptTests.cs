using Iced.Intel;
using Seamsim.Isa.Apic;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Integer;

/// <summary>User interrupts. SDM vol. 3A, chapter 8.</summary>
public sealed unsafe class UserInterruptTests
{
    private const ulong Descriptor = EngineRig.Data, Targets = EngineRig.Data + 0x100, Handler = EngineRig.Code + 0x100;
    private const byte Notification = 0xEC;

    private ModelRig model = null!;

    private EngineRig Rig => model.Rig;

    [SetUp]
    public void Begin()
    {
        model = new ModelRig(user: true);
        Rig.Lp->Cr4 |= 1 << 25;
        Rig.Core.ModeChanged();
        Assert.That(Rig.Core.TryWrmsr(0x986, Handler));
        Assert.That(Rig.Core.TryWrmsr(0x987, 128), "below the red zone");
        Assert.That(Rig.Core.TryWrmsr(0x988, ((ulong)Notification << 32) | 1), "UINV, and two targets");
        Assert.That(Rig.Core.TryWrmsr(0x989, Descriptor));
        Assert.That(Rig.Core.TryWrmsr(0x98A, Targets | 1));
        Rig.Core.TryWrmsr(0x1B, Rig.Core.Apic.BaseMsr | 0xC00);
        Rig.Core.TryWrmsr(0x80F, 0x1FF);
        Rig.Write(Targets, 1 | (5 << 8));
        Rig.Write(Targets + 8, Descriptor);
        Rig.Write(Descriptor, ((ulong)Rig.Core.Apic.Id << 32) | ((ulong)Notification << 16));
    }

    [TearDown]
    public void End() => model.Dispose();

    [Test]
    public void A_processor_interrupts_itself_and_returns()
    {
        Rig.Core.Rflags |= 0x201;
        Rig.LoadAt(Handler, 0x8F, 0xC3, 0xF3, 0x0F, 0x01, 0xEC); // pop rbx ; uiret
        Rig.Load(a =>
        {
            a.stui();
            a.xor(eax, eax);
            a.stc();
            a.senduipi(rax);
            a.nop();
            a.ud2();
        });
        Rig.Run();
        Assert.That(Rig.StoppedAtVector, Is.EqualTo(6));
        Assert.That(Rig.Lp->Gpr[3], Is.EqualTo(5), "the vector");
        Assert.That(Rig.Read(EngineRig.Rsp0 - 40), Is.EqualTo(EngineRig.Code + 12), "the UD2");
        Assert.That(Rig.Read(EngineRig.Rsp0 - 16), Is.EqualTo(EngineRig.Stack), "RSP is back");
        Assert.That(Rig.Read(EngineRig.Stack - 128 - 8), Is.EqualTo(EngineRig.Stack));
        Assert.That(Rig.Read(Descriptor) & 1, Is.Zero, "no notification is outstanding");
        Assert.That(Rig.Read(Descriptor + 8), Is.Zero);
    }

    [Test]
    public void With_UIF_clear_the_request_waits_in_UIRR()
    {
        Rig.Core.Rflags |= 0x200;
        Rig.Load(a =>
        {
            a.clui();
            a.xor(eax, eax);
            a.senduipi(rax);
            a.testui();
            a.ud2();
        });
        Rig.Run();
        Assert.That(Rig.StoppedAtVector, Is.EqualTo(6));
        Assert.That(Rig.Core.TryRdmsr(0x985, out ulong requests) ? requests : 0, Is.EqualTo(1UL << 5));
    }

    [Test]
    public void Without_interrupts_the_request_waits_in_the_descriptor()
    {
        Rig.Load(a =>
        {
            a.xor(eax, eax);
            a.senduipi(rax);
            a.senduipi(rax);
            a.ud2();
        });
        Rig.Run();
        Assert.That(Rig.StoppedAtVector, Is.EqualTo(6));
        Assert.That((Rig.Read(Descriptor) & 3, Rig.Read(Descriptor + 8)), Is.EqualTo((1UL, 1UL << 5)));
    }

    [TestCase("index", 13)]
    [TestCase("not valid", 13)]
    [TestCase("reserved", 13)]
    [TestCase("vector 64", 13)]
    [TestCase("not aligned", 13)]
    [TestCase("descriptor", 13)]
    [TestCase("no table", 6)]
    [TestCase("no CR4.UINTR", 6)]
    [TestCase("suppressed", -1)]
    public void A_check_of_SENDUIPI_that_fails_raises_its_exception(string what, int vector)
    {
        Rig.Lp->Gpr[0] = what == "index" ? 2UL : 0;
        switch (what)
        {
            case "not valid": Rig.Write(Targets, 5 << 8); break;
            case "reserved": Rig.Write(Targets, 3 | (5 << 8)); break;
            case "vector 64": Rig.Write(Targets, 1 | (64 << 8)); break;
            case "not aligned": Rig.Write(Targets + 8, Descriptor + 8); break;
            case "descriptor": Rig.Write(Descriptor, 4); break;
            case "no table": Rig.Core.TryWrmsr(0x98A, Targets); break;
            case "no CR4.UINTR": Rig.Lp->Cr4 &= ~(1UL << 25); break;
            case "suppressed": Rig.Write(Descriptor, 2); break;
        }
        Rig.Load(0xF3, 0x0F, 0xC7, 0xF0);
        Rig.Run(1);
        Assert.That(Rig.Lp->Rip == EngineRig.Code + 4 ? -1 : VectorAt(Rig.Lp->Rip),
            Is.EqualTo(vector));
        Assert.That(Rig.Core.PendingInterrupt, Is.EqualTo(-1));
    }

    [Test]
    public void Testui_shows_the_flag_in_CF_and_clears_the_others()
    {
        Rig.Core.Rflags |= 0x8D4;
        Rig.Load(0xF3, 0x0F, 0x01, 0xEF, 0xF3, 0x0F, 0x01, 0xED); // stui ; testui
        Rig.Run(2);
        Assert.That(Rig.Core.Rflags & 0x8D5, Is.EqualTo(1));
    }

    private static int VectorAt(ulong rip) => (int)(rip - EngineRig.Handlers) / 16;
}
