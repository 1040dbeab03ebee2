using Seamsim.Isa;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Modes;

/// <summary>Interrupts and exceptions through gates. SDM vol. 3A, 6.10 to 6.14, tables 6-4 and 6-5.</summary>
public sealed unsafe class EventTests
{
    private const string Int40 = "CD40 F4", Ud2 = "0F0B";

    // INT n clears EXT, an exception on the way of an exception sets it; IDT is bit 1.
    private static readonly ModeRow[] Rows =
    [
        new("beyond the IDT",                  "CDFF", 13, 0x7FA, 0, r => r.Lp->IdtrLimit = 0x7F7),
        new("gate type",                       Int40, 13, 0x202, 0, r => r.SetIdt(0x40, ModeRig.Code0, 0x4000, 0x8C)),
        new("gate level",                      Int40, 13, 0x202, 3, r => r.SetIdt(0x40, ModeRig.Code0, 0x4000, 0x8E)),
        new("gate not present",                Int40, 11, 0x202, 3, r => r.SetIdt(0x40, ModeRig.Code0, 0x4000, 0x6E)),
        new("level beats present",             Int40, 13, 0x202, 3, r => r.SetIdt(0x40, ModeRig.Code0, 0x4000, 0x0E)),
        new("null code selector",              Int40, 13, 0, 0, r => r.SetIdt(0x40, 0, 0x4000, 0xEE)),
        new("code selector beyond the GDT",    Int40, 13, ModeRig.Beyond, 0, r => r.SetIdt(0x40, ModeRig.Beyond, 0x4000, 0xEE)),
        new("code selector is data",           Int40, 13, ModeRig.Data0, 0, r => r.SetIdt(0x40, ModeRig.Data0, 0x4000, 0xEE)),
        new("handler in an outer level",       Int40, 13, ModeRig.Code3 & ~3, 0, r => r.SetIdt(0x40, ModeRig.Code3, 0x4000, 0xEE)),
        new("handler not present",             Int40, 11, ModeRig.AbsentCode, 0, r => r.SetIdt(0x40, ModeRig.AbsentCode, 0x4000, 0xEE)),
        new("handler beyond the limit",        Int40, 13, 0, 0, r => r.SetIdt(0x40, ModeRig.Code16, 0x14000, 0xEE)),
        new("an exception sets EXT",           Ud2, 13, 0x33, 0, r => r.SetIdt(6, ModeRig.Code0, 0x4000, 0x8C)),
        new("an exception, gate not present",  Ud2, 11, 0x33, 0, r => r.SetIdt(6, ModeRig.Code0, 0x4000, 0x0E)),
        new("an exception needs no gate level", Ud2, 6, null, 3, r => r.SetIdt(6, ModeRig.Code0, ModeRig.Handler(6), 0x8E)),
        new("INT3 needs the gate level",       "CC", 13, 0x1A, 3, r => r.SetIdt(3, ModeRig.Code0, 0x4000, 0x8E)),
        new("INTO needs the gate level",       "70FE CE", 13, 0x22, 3, r => { r.SetIdt(4, ModeRig.Code0, 0x4000, 0x8E); r.Core.Rflags = 2; r.Load("B07F 0401 CE"); }),
        new("INT1 needs no gate level",        "F1", 1, null, 3, r => r.SetIdt(1, ModeRig.Code0, ModeRig.Handler(1), 0x8E)),
        new("INT1 sets EXT",                   "F1", 11, 0x0B, 3, r => r.SetIdt(1, ModeRig.Code0, 0x4000, 0x0E)),
        new("INTO without overflow",           "31C0 CE F4", -1),
        new("BOUND inside",                    "620500000300 F4", -1, null, 0, r => r.Write(ModeRig.Data, 0x5_FFFFFFFB)),
        new("BOUND below",                     "B8FAFFFFFF 620500000300 F4", 5, null, 0, r => r.Write(ModeRig.Data, 0x5_FFFFFFFB)),
        new("BOUND above",                     "B806000000 620500000300 F4", 5, null, 0, r => r.Write(ModeRig.Data, 0x5_FFFFFFFB)),
        new("divide error and no handler: double fault", "F6F0", 8, 0, 0, r => r.SetIdt(0, ModeRig.Code0, 0x4000, 0x0E)),
        new("undefined opcode and no handler: serial", Ud2, 11, 0x33, 0, r => r.SetIdt(6, ModeRig.Code0, 0x4000, 0x0E)),
        new("#NP and no handler: double fault", Int40, 8, 0, 0, r => { r.SetIdt(0x40, ModeRig.Code0, 0, 0x6E); r.SetIdt(11, ModeRig.Code0, 0, 0x0E); }),
        new("RSM outside SMM",                 "0FAA", 6),
    ];

    [Test]
    public void A_gate_is_checked_in_the_manuals_order_and_told_by_idt_and_ext()
    {
        foreach (ModeRow row in Rows)
            row.Check();
    }

    // The inner stack's error codes carry EXT for an exception: SS in the TSS | vector | error
    private static readonly (ushort Ss, int Vector, uint Error)[] Stacks =
    [
        (0, 10, 1), (ModeRig.Beyond, 10, ModeRig.Beyond | 1), (ModeRig.Data1, 10, ModeRig.Data1 | 1), (ModeRig.Free, 12, ModeRig.Free | 1),
    ];

    [Test]
    public void A_bad_inner_stack_is_told_with_ext()
    {
        foreach ((ushort ss, int vector, uint error) in Stacks)
        {
            using ModeRig rig = new ModeRig(3).Load(Ud2);
            rig.Descriptor(ModeRig.Free, 0, 0xFFFFF, 0x12, 12);
            rig.Write32(ModeRig.Tss + 8, ss);
            rig.SetIdt(vector, ModeRig.Conforming, ModeRig.Handler(vector), 0xEE);
            rig.Run(0);
            rig.Run(1);
            Assert.That((rig.Lp->Rip, rig.Read(rig.Esp)), Is.EqualTo(((ulong)ModeRig.Handler(vector), error)), $"SS {ss:X}");
        }
    }

    [Test]
    public void Interrupt_gates_mask_and_trap_gates_do_not_and_16_bit_gates_push_words()
    {
        foreach ((byte access, bool masks, uint bytes) in ((byte, bool, uint)[])[(0xEE, true, 12), (0xEF, false, 12), (0xE6, true, 6), (0xE7, false, 6)])
        {
            using ModeRig rig = new ModeRig().Load(Int40);
            rig.SetIdt(0x40, ModeRig.Code0, 0x4000, access);
            rig.Core.Rflags = 0x4302 & ~0x100UL;
            rig.Run(1);
            Assert.That((rig.Core.Rflags, rig.Esp), Is.EqualTo((masks ? 2UL : 0x202UL, ModeRig.Stack - bytes)), $"{access:X}");
        }
    }

    [Test]
    public void A_third_fault_shuts_down_after_the_double_fault()
    {
        using ModeRig rig = new ModeRig().Load("F6F0");
        rig.SetIdt(0, ModeRig.Code0, 0, 0x0E);
        rig.SetIdt(8, ModeRig.Code0, 0, 0x0E);
        Assert.That(rig.Core.Run(10, ulong.MaxValue), Is.EqualTo(RunEnd.Shutdown));
    }

    [Test]
    public void Faults_without_end_use_up_the_budget()
    {
        using EngineRig rig = new EngineRig().Load(0x0F, 0x0B);
        rig.SetGate(6, EngineRig.Code, 0xEE, ist: 1);
        Assert.That(rig.Run(1000), Is.EqualTo(RunEnd.Budget), "the handler of #UD is the UD2 itself, on a stack of its own");
    }

    [Test]
    public void Real_mode_takes_the_vector_table_and_pushes_no_error_code()
    {
        using ModeRig rig = new ModeRig().Real(0x1000).Load("CD40");
        rig.Core.Rflags = 0x40202;
        rig.Run(1);
        Assert.That((rig.Lp->Cs.Selector, rig.Lp->Rip, rig.Esp), Is.EqualTo(((ushort)0x300, 0x400UL, 0xFFAu)));
        Assert.That((rig.Read16(0x20FFA), rig.Read16(0x20FFC), rig.Read16(0x20FFE)), Is.EqualTo(((ushort)2, (ushort)0x1000, (ushort)0x202)));
        Assert.That(rig.Core.Rflags, Is.EqualTo(2UL), "IF, TF and AC go");
    }

    [Test]
    public void An_ist_stack_is_taken_without_a_change_of_level()
    {
        using EngineRig rig = new EngineRig().Load(0xCD, 0x40);
        rig.SetGate(0x40, EngineRig.Handler(0x40), 0xEE, ist: 1);
        rig.Run(1);
        Assert.That((rig.Lp->Gpr[4], rig.Lp->Ss.Selector, rig.Core.Cpl), Is.EqualTo((EngineRig.Ist1 - 40, EngineRig.KernelData, 0)));
    }

    [Test]
    public void Compatibility_mode_code_is_interrupted_into_64_bit_code()
    {
        using EngineRig rig = new EngineRig().Load(0xCD, 0x40);
        rig.Lp->Cs = new Segment { Selector = EngineRig.Code32, Limit = uint.MaxValue, AccessRights = 0xC09B };
        rig.Core.ModeChanged();
        rig.Run(1);
        Assert.That((rig.Core.LongMode64, rig.Read(rig.Lp->Gpr[4]), rig.Read(rig.Lp->Gpr[4] + 8)), Is.EqualTo((true, EngineRig.Code + 2, (ulong)EngineRig.Code32)));
    }
}
