using Seamsim.Isa;
using Seamsim.Isa.State;

namespace Seamsim.Tests.Isa.Engine;

public sealed unsafe class DeliveryTests
{
    // name | code | vector | error code (null: none is pushed). Hand-derived from SDM vol. 3A, chapter 6.
    private static readonly (string Name, byte[] Code, int Vector, ulong? Error)[] Faults =
    [
        ("div by zero",            [0x31, 0xC9, 0xF7, 0xF1],                    0, null),
        ("idiv overflow",          [0xB8, 0, 0, 0, 0x80, 0x99, 0xB9, 0xFF, 0xFF, 0xFF, 0xFF, 0xF7, 0xF9], 0, null),
        ("ud2",                    [0x0F, 0x0B],                                6, null),
        ("lock on a register",     [0xF0, 0x01, 0xC0],                          6, null),
        ("non-canonical load",     [0x48, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x48, 0x8B, 0x00], 13, 0UL),
        ("non-canonical stack",    [0x48, 0xBC, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x50], 8, 0UL),
        ("null to ss in ring 0 with rpl 3", [0xB8, 3, 0, 0, 0, 0x8E, 0xD0],     13, 0UL),
        ("ds beyond the gdt",      [0xB8, 0x80, 0, 0, 0, 0x8E, 0xD8],           13, 0x80UL),
        ("mov to reserved cr",     [0x0F, 0x22, 0xE8],                          6, null),
        ("write to absent page",   [0xC7, 0x04, 0x25, 0, 0, 0x50, 0, 1, 0, 0, 0], 14, 2UL),
    ];

    [Test]
    public void A_fault_reaches_its_vector_with_its_error_code_and_names_the_instruction()
    {
        foreach ((string name, byte[] code, int vector, ulong? error) in Faults)
        {
            using EngineRig rig = new EngineRig().Load(code);
            rig.ChangePte(0x500000, 1);
            rig.SetGate(8, EngineRig.Handler(8), 0x8E, ist: 1);
            rig.Run(100);
            Assert.That(rig.StoppedAtVector, Is.EqualTo(vector), name);
            if (error is { } expected)
                Assert.That(rig.Read(rig.Lp->Gpr[4]), Is.EqualTo(expected), name);
            int words = error is null ? 5 : 6;
            Assert.That(rig.Lp->Gpr[4] & 15, Is.EqualTo(words == 6 ? 0 : 8), name + ": the frame begins on 16 bytes");
        }
    }

    [Test]
    public void An_interrupt_from_user_mode_switches_to_the_stack_in_the_tss_and_back()
    {
        using EngineRig rig = new EngineRig(user: true).Load(0xCD, 0x40, 0xB0, 0x55, 0xF4); // int 0x40 ; mov al ; hlt (#GP)
        rig.LoadAt(EngineRig.Handler(0x40), 0x48, 0xCF); // iretq
        rig.Run(2);
        Assert.That((rig.Lp->Rip, rig.Core.Cpl, rig.Lp->Gpr[4]), Is.EqualTo((EngineRig.Code + 2, 3, EngineRig.Stack)));
        Assert.That(rig.Read(EngineRig.Rsp0 - 8), Is.EqualTo(EngineRig.UserData));
        Assert.That(rig.Read(EngineRig.Rsp0 - 16), Is.EqualTo(EngineRig.Stack));
        rig.Run(100);
        Assert.That((rig.StoppedAtVector, rig.Lp->Gpr[0]), Is.EqualTo((13, 0x55UL)), "HLT is privileged");
    }

    [Test]
    public void A_gate_below_the_caller_is_a_general_protection_fault_for_int_n_only()
    {
        using EngineRig rig = new EngineRig(user: true).Load(0xCD, 0x40);
        rig.SetGate(0x40, EngineRig.Handler(0x40), 0x8E);
        rig.Run(100);
        Assert.That((rig.StoppedAtVector, rig.Read(rig.Lp->Gpr[4])), Is.EqualTo((13, (0x40UL * 8) + 2)));
    }

    [Test]
    public void A_page_fault_without_a_usable_stack_becomes_a_double_fault_on_its_own_stack()
    {
        using EngineRig rig = new EngineRig().Load(0x50); // push rax
        rig.SetGate(8, EngineRig.Handler(8), 0x8E, ist: 1);
        rig.ChangePte(EngineRig.Stack - 0x1000, 1);
        rig.Run(100);
        Assert.That((rig.StoppedAtVector, rig.Lp->Gpr[4]), Is.EqualTo((8, EngineRig.Ist1 - 48)));
    }

    [Test]
    public void A_fault_while_the_double_fault_is_delivered_shuts_the_processor_down()
    {
        using EngineRig rig = new EngineRig().Load(0x0F, 0x0B);
        rig.Lp->IdtrLimit = 0;
        Assert.That(rig.Run(100), Is.EqualTo(RunEnd.Shutdown));
        Assert.That(rig.Run(100), Is.EqualTo(RunEnd.Shutdown), "and it stays there");
    }

    [Test]
    public void Tf_traps_after_the_instruction()
    {
        using EngineRig rig = new EngineRig().Load(0x90, 0x90, 0xF4);
        rig.Core.Rflags |= 0x100;
        rig.Run(100);
        Assert.That((rig.StoppedAtVector, rig.Read(rig.Lp->Gpr[4])), Is.EqualTo((1, EngineRig.Code + 1)));
        Assert.That(rig.Lp->Dr6 & 0x4000, Is.Not.Zero);
    }

    [Test]
    public void Syscall_and_sysret_change_level_without_memory()
    {
        using EngineRig rig = new EngineRig(user: true).Load(0x0F, 0x05, 0x90); // syscall
        rig.LoadAt(0x110000, 0x48, 0x0F, 0x07); // sysretq
        rig.Lp->Efer |= 1;
        rig.Lp->Lstar = 0x110000;
        rig.Lp->Star = (0x0008UL << 32) | (0x001BUL << 48);
        rig.Lp->Fmask = 0x200;
        rig.Core.Rflags = 0x202;
        rig.Run(1);
        Assert.That((rig.Lp->Rip, rig.Core.Cpl, rig.Core.Rflags, rig.Lp->Gpr[1]),
            Is.EqualTo((0x110000UL, 0, 2UL, EngineRig.Code + 2)));
        rig.Run(1);
        Assert.That((rig.Lp->Rip, rig.Core.Cpl, rig.Core.Rflags), Is.EqualTo((EngineRig.Code + 2, 3, 0x202UL)));
    }
}
