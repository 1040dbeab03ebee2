using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Modes;

/// <summary>Call gates. SDM vol. 3A, 5.8.3 to 5.8.5; vol. 2, "CALL", "JMP".</summary>
public sealed unsafe class CallGateTests
{
    private const string Call = "9A00000000A000", Jmp = "EA00000000A000", Call16 = "9A00000000A800";

    private static readonly ModeRow[] Rows =
    [
        new("gate below CPL",                    Call, 13, ModeRig.Gate, 3, r => r.SetGate(ModeRig.Gate, ModeRig.Code0, ModeRig.OtherCode, 0x8C)),
        new("gate below RPL",                    "9A00000000A300", 13, ModeRig.Gate, 0, r => r.SetGate(ModeRig.Gate, ModeRig.Code0, ModeRig.OtherCode, 0x8C)),
        new("gate not present",                  Call, 11, ModeRig.Gate, 3, r => r.SetGate(ModeRig.Gate, ModeRig.Code0, ModeRig.OtherCode, 0x6C)),
        new("gate level beats present",          Call, 13, ModeRig.Gate, 3, r => r.SetGate(ModeRig.Gate, ModeRig.Code0, ModeRig.OtherCode, 0x0C)),
        new("gate to null",                      Call, 13, 0, 3, r => r.SetGate(ModeRig.Gate, 0, ModeRig.OtherCode, 0xEC)),
        new("gate beyond the GDT",               Call, 13, ModeRig.Beyond, 3, r => r.SetGate(ModeRig.Gate, ModeRig.Beyond, ModeRig.OtherCode, 0xEC)),
        new("gate to data",                      Call, 13, ModeRig.Data0, 3, r => r.SetGate(ModeRig.Gate, ModeRig.Data0, ModeRig.OtherCode, 0xEC)),
        new("gate to an outer level",            Call, 13, ModeRig.Code3 & ~3, 0, r => r.SetGate(ModeRig.Gate, ModeRig.Code3, ModeRig.OtherCode, 0xEC)),
        new("gate to absent code",               Call, 11, ModeRig.AbsentCode, 3, r => r.SetGate(ModeRig.Gate, ModeRig.AbsentCode, ModeRig.OtherCode, 0xEC)),
        new("JMP through a gate to another level", Jmp, 13, ModeRig.Code0, 3),
        new("target beyond the limit",           Call, 13, 0, 3, r => r.SetGate(ModeRig.Gate, ModeRig.Code16, 0x10000, 0xEC)),
        new("TSS too short for the stack",       Call, 10, ModeRig.Current, 3, r => { r.Lp->Tr.Limit = 8; r.SetIdt(10, ModeRig.Conforming, ModeRig.Handler(10), 0xEE); }),
    ];

    // The stack in the TSS is bad, so the handler of #TS must not need it: it is conforming and runs at level 3.
    private static readonly (string Name, ushort Ss, int Vector, uint Error)[] Stacks =
    [
        ("null",            0,                   10, 0),
        ("beyond the GDT",  ModeRig.Beyond,      10, ModeRig.Beyond),
        ("RPL",             ModeRig.Data0 | 1,   10, ModeRig.Data0),
        ("DPL",             ModeRig.Data1,       10, ModeRig.Data1),
        ("code",            ModeRig.Code0,       10, ModeRig.Code0),
        ("not present",     ModeRig.Free,        12, ModeRig.Free),
        ("too small",       ModeRig.Free + 8,    12, ModeRig.Free + 8),
    ];

    [Test]
    public void A_call_gate_checks_gate_and_target_in_the_manuals_order()
    {
        foreach (ModeRow row in Rows)
            row.Check();
    }

    [Test]
    public void The_stack_of_the_inner_level_is_checked_with_its_own_errors()
    {
        foreach ((string name, ushort ss, int vector, uint error) in Stacks)
        {
            using ModeRig rig = new ModeRig(3).Load(Call);
            rig.Descriptor(ModeRig.Free, 0, 0xFFFFF, 0x12, 12);
            rig.Descriptor(ModeRig.Free + 8, 0, 0x10, 0x92, 4);
            rig.Write32(ModeRig.Tss + 8, ss);
            rig.SetIdt(vector, ModeRig.Conforming, ModeRig.Handler(vector), 0xEE);
            rig.Run(1);
            Assert.That((rig.Core.Cpl, rig.Lp->Rip, rig.Read(rig.Esp)), Is.EqualTo((3, (ulong)ModeRig.Handler(vector), error)), name);
        }
    }

    [Test]
    public void Parameters_are_copied_and_retf_releases_them_on_both_stacks()
    {
        using ModeRig rig = new ModeRig(3).Load("6A33 6A22 6A11" + Call + "CD40").Load("CA0C00", ModeRig.OtherCode);
        rig.SetGate(ModeRig.Gate, ModeRig.Code0, ModeRig.OtherCode, 0xEC, parameters: 3);
        rig.Run(4);
        Assert.That((rig.Core.Cpl, rig.Lp->Rip, rig.Esp), Is.EqualTo((0, (ulong)ModeRig.OtherCode, ModeRig.Esp0 - 28)));
        uint[] frame = [.. Enumerable.Range(0, 7).Select(n => rig.Read(rig.Esp + ((uint)n * 4)))];
        Assert.That(frame, Is.EqualTo((uint[])[ModeRig.Code + 13, ModeRig.Code3, 0x11, 0x22, 0x33, ModeRig.Stack - 12, ModeRig.Data3]));
        rig.Run(1);
        Assert.That((rig.Core.Cpl, rig.Lp->Rip, rig.Esp), Is.EqualTo((3, (ulong)ModeRig.Code + 13, ModeRig.Stack)));
    }

    [Test]
    public void A_16_bit_gate_pushes_words()
    {
        using ModeRig rig = new ModeRig(3).Load("6668AAAA" + Call16).Load("F4", 0x1000);
        rig.SetGate(ModeRig.Gate16, ModeRig.Code0, 0x4000, 0xE4, parameters: 1);
        rig.Run(2);
        Assert.That((rig.Core.Cpl, rig.Lp->Rip, rig.Esp), Is.EqualTo((0, 0x4000UL, ModeRig.Esp0 - 10)));
        ushort[] frame = [.. Enumerable.Range(0, 5).Select(n => rig.Read16(rig.Esp + ((uint)n * 2)))];
        Assert.That(frame, Is.EqualTo((ushort[])[11, ModeRig.Code3, 0xAAAA, 0xFFFE, ModeRig.Data3]));
    }

    [Test]
    public void Conforming_code_behind_a_gate_keeps_level_and_stack()
    {
        using ModeRig rig = new ModeRig(3).Load(Call);
        rig.SetGate(ModeRig.Gate, ModeRig.Conforming, ModeRig.OtherCode, 0xEC, parameters: 5);
        rig.Run(1);
        Assert.That((rig.Core.Cpl, rig.Lp->Rip, rig.Esp), Is.EqualTo((3, (ulong)ModeRig.OtherCode, ModeRig.Stack - 8)));
    }

    [Test]
    public void A_64_bit_gate_takes_rsp_from_the_tss_and_a_null_ss()
    {
        using EngineRig rig = LongGate(0xEC, EngineRig.KernelCode, 0);
        rig.Run(1);
        Assert.That((rig.Core.Cpl, rig.Lp->Rip, rig.Lp->Ss.Selector, rig.Lp->Gpr[4]),
            Is.EqualTo((0, 0x110000UL, (ushort)0, EngineRig.Rsp0 - 32)));
        ulong[] frame = [.. Enumerable.Range(0, 4).Select(n => rig.Read(rig.Lp->Gpr[4] + ((ulong)n * 8)))];
        Assert.That(frame, Is.EqualTo((ulong[])[EngineRig.Code + 7, EngineRig.UserCode, EngineRig.Stack, EngineRig.UserData]));
        rig.Run(1);
        Assert.That((rig.Core.Cpl, rig.Lp->Rip, rig.Lp->Gpr[4]), Is.EqualTo((3, EngineRig.Code + 7, EngineRig.Stack)));
    }

    [TestCase(0xE4, EngineRig.KernelCode, 0UL, 0x40u, Description = "a 16-bit gate is no gate in IA-32e mode")]
    [TestCase(0xEC, EngineRig.Code32, 0UL, (uint)EngineRig.Code32, Description = "the target must be 64-bit code")]
    [TestCase(0xEC, EngineRig.KernelCode, 0x1F00_0000_0000UL, 0x40u, Description = "type of the upper half")]
    [TestCase(0xEC, EngineRig.KernelCode, 0x8000_0000UL, 0u, Description = "target not canonical")]
    public void A_64_bit_gate_refuses(int access, int target, ulong high, uint error)
    {
        using EngineRig rig = LongGate((byte)access, (ushort)target, high);
        rig.Run();
        Assert.That((rig.StoppedAtVector, rig.Read(rig.Lp->Gpr[4])), Is.EqualTo((13, (ulong)error)));
    }

    private static EngineRig LongGate(byte access, ushort target, ulong high)
    {
        EngineRig rig = new EngineRig(user: true).Load(0xFF, 0x1C, 0x25, 0, 0, 0x20, 0); // call far [200000h]
        rig.LoadAt(0x110000, 0x48, 0xCB);
        rig.Write(EngineRig.Data, 0x0040_00000000);
        rig.Write(EngineRig.Gdt + 0x40, ((ulong)target << 16) | ((ulong)access << 40) | (0x11UL << 48));
        rig.Write(EngineRig.Gdt + 0x48, high);
        rig.Lp->GdtrLimit = 0x4F;
        return rig;
    }
}
