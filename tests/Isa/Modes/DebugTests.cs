using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Modes;

/// <summary>Breakpoints, single step, RF and the MOV SS shadow. SDM vol. 3B, 18.2 and 18.3; vol. 3A, 6.8.3.</summary>
public sealed unsafe class DebugTests
{
    private const ulong SingleStep = 0x4000, Access = 0x2000, Quiet = 0xFFFF0FF0;
    private const uint At = ModeRig.Code, Data = ModeRig.Data;

    // DR7 values: L0, with R/W0 and LEN0
    private const ulong Execute0 = 0x401, Write1 = 0x1_0401, Write4 = 0xD_0401, Any4 = 0xF_0401, Port1 = 0x2_0401;

    // name | code | DR0 | DR7 | EIP in the frame of #DB (0: none comes) | DR6
    private static readonly (string Name, string Code, uint Dr0, ulong Dr7, uint Eip, ulong Dr6)[] Rows =
    [
        ("instruction breakpoint is a fault",        "90 90 90 F4",             At + 1, Execute0, At + 1, Quiet | 1),
        ("not enabled",                              "90 90 90 F4",             At + 1, 0x400,    0,      Quiet),
        ("inside an instruction does not count",     "B811223344 F4",           At + 1, Execute0, 0,      Quiet),
        ("write breakpoint is a trap",               "A200000300 90 F4",        Data,   Write1,   At + 5, Quiet | 1),
        ("write breakpoint, read",                   "A000000300 90 F4",        Data,   Write1,   0,      Quiet),
        ("read or write breakpoint, read",           "A000000300 90 F4",        Data,   Any4,     At + 5, Quiet | 1),
        ("last byte of an aligned doubleword",       "A203000300 90 F4",        Data,   Write4,   At + 5, Quiet | 1),
        ("byte behind it",                           "A204000300 90 F4",        Data,   Write4,   0,      Quiet),
        ("an access that begins before it",          "A3FEFF0200 90 F4",        Data,   Write1,   At + 5, Quiet | 1),
        ("the address is aligned to the length",     "A200000300 90 F4",        Data + 3, Write4, At + 5, Quiet | 1),
        ("ports need CR4.DE",                        "E640 90 F4",              0x40,   Port1,    0,      Quiet),
        ("push hits the stack",                      "50 90 F4",                ModeRig.Stack - 4, Write4, At + 1, Quiet | 1),
        ("read and write of one instruction",        "FE0500000300 90 F4",      Data,   Any4,     At + 6, Quiet | 1),
        ("mov ss holds the trap back one instruction", "8E1500000300 90 90 F4", Data,   Any4,     At + 7, Quiet | 1),
        ("mov ss hides an instruction breakpoint",   "8ED0 90 90 F4",           At + 2, Execute0, 0,      Quiet),
    ];

    [Test]
    public void A_breakpoint_reports_where_and_why()
    {
        foreach ((string name, string code, uint dr0, ulong dr7, uint eip, ulong dr6) in Rows)
        {
            using ModeRig rig = new ModeRig().Load(code);
            rig.Write16(Data, ModeRig.Data0);
            (rig.Lp->Dr0, rig.Lp->Dr7, rig.Lp->Dr6) = (dr0, dr7, Quiet);
            rig.Lp->Gpr[0] = ModeRig.Data0;
            rig.Core.DebugRegistersChanged();
            rig.Run();
            Assert.That(rig.Vector, Is.EqualTo(eip == 0 ? -1 : 1), name);
            Assert.That(rig.Lp->Dr6, Is.EqualTo(dr6), name);
            if (eip != 0)
                Assert.That(rig.Read(rig.Esp), Is.EqualTo(eip), name);
        }
    }

    [Test]
    public void Conditions_that_are_not_enabled_are_told_with_one_that_is()
    {
        using ModeRig rig = new ModeRig().Load("A300000300 90");
        (rig.Lp->Dr0, rig.Lp->Dr1, rig.Lp->Dr2, rig.Lp->Dr7, rig.Lp->Dr6) = (Data, Data + 2, Data + 8, 0x0111_0401, Quiet | 8);
        rig.Core.DebugRegistersChanged();
        rig.Run();
        Assert.That((rig.Vector, rig.Lp->Dr6), Is.EqualTo((1, Quiet | 3)), "B3 of earlier goes");
    }

    [Test]
    public void An_io_breakpoint_traps_when_cr4_de_is_set()
    {
        foreach (string code in (string[])["E640 90 F4", "E53D 90 F4", "66BA4000 EE"])
        {
            using ModeRig rig = new ModeRig().Load(code);
            (rig.Lp->Dr0, rig.Lp->Dr7, rig.Lp->Cr4) = (code[0] == 'E' && code[1] == '5' ? 0x40UL : 0x40UL, Port1, 8);
            rig.Core.DebugRegistersChanged();
            rig.Run();
            Assert.That((rig.Vector, rig.Read(rig.Esp)), Is.EqualTo((1, code[0] == '6' ? At + 5 : At + 2)), code);
        }
    }

    [Test]
    public void The_resume_flag_passes_an_instruction_breakpoint_once()
    {
        using ModeRig rig = new ModeRig().Load("90 EBFD");
        (rig.Lp->Dr0, rig.Lp->Dr7) = (At, Execute0);
        rig.Core.DebugRegistersChanged();
        rig.Load("89E5 814C2408 00000100 CF", ModeRig.Handler(1)); // mov ebp,esp ; or dword [esp+8],10000h ; iretd
        rig.Run(1);
        Assert.That(rig.Read(rig.Esp + 8) & 0x10000, Is.Zero, "the image of a breakpoint fault has RF clear");
        rig.Run(3);
        Assert.That((rig.Lp->Rip, rig.Core.Rflags & 0x10000), Is.EqualTo(((ulong)At + 1, 0UL)));
        rig.Run(2);
        Assert.That(rig.Lp->Rip, Is.EqualTo(ModeRig.Handler(1) + 2), "and the next time it is met again");
    }

    [Test]
    public void A_fault_saves_rf_and_a_trap_does_not()
    {
        using ModeRig fault = new ModeRig().Load("0F0B");
        fault.Run();
        Assert.That(fault.Read(fault.Esp + 8) & 0x10000, Is.EqualTo(0x10000));
        using ModeRig trap = new ModeRig().Load("CC");
        trap.Run();
        Assert.That(trap.Read(trap.Esp + 8) & 0x10000, Is.Zero);
    }

    // name | code, TF set before | EIP of the trap
    private static readonly (string Name, string Code, uint Eip)[] Steps =
    [
        ("an instruction",                          "90 90",            At + 1),
        ("mov ss takes the next one along",         "8ED0 90 90",       At + 3),
        ("popf that clears TF still traps",         "9D 90",            At + 1),
        ("rep traps after each iteration",          "F3AA 90",          At),
        ("sti does not hold it back",               "FB 90 90",         At + 1),
    ];

    [Test]
    public void Single_step_traps_after_the_instruction()
    {
        foreach ((string name, string code, uint eip) in Steps)
        {
            using ModeRig rig = new ModeRig().Load(code);
            rig.Core.Rflags |= 0x100;
            (rig.Lp->Gpr[0], rig.Lp->Gpr[1], rig.Lp->Gpr[7]) = (ModeRig.Data0, 5, Data);
            rig.Write32(ModeRig.Stack, 2);
            rig.Lp->Dr6 = Quiet;
            rig.Run();
            Assert.That((rig.Vector, rig.Read(rig.Esp), rig.Lp->Dr6), Is.EqualTo((1, eip, Quiet | SingleStep)), name);
            if (code.StartsWith("F3", StringComparison.Ordinal))
                Assert.That((rig.Lp->Gpr[1], rig.Read(rig.Esp + 8) & 0x10000), Is.EqualTo((4UL, 0x10000u)), "RF: the string goes on");
        }
    }

    [Test]
    public void Int_n_takes_no_single_step_trap_into_its_handler()
    {
        using ModeRig rig = new ModeRig().Load("CD40");
        rig.Core.Rflags |= 0x100;
        rig.Run();
        Assert.That((rig.Vector, rig.Read(rig.Esp + 8) & 0x100), Is.EqualTo((0x40, 0x100u)));
    }

    [Test]
    public void A_trap_that_mov_ss_held_back_comes_at_the_first_instruction_of_a_handler()
    {
        using ModeRig rig = new ModeRig().Load("8E1500000300 CD40"); // mov ss,[data] ; int 40h
        rig.Write16(Data, ModeRig.Data0);
        (rig.Lp->Dr0, rig.Lp->Dr7, rig.Lp->Dr6) = (Data, Any4, Quiet);
        rig.Core.DebugRegistersChanged();
        rig.Run();
        Assert.That((rig.Vector, rig.Read(rig.Esp), rig.Lp->Dr6), Is.EqualTo((1, ModeRig.Handler(0x40), Quiet | 1)));
    }

    [TestCase(1)]
    [TestCase(100)]
    public void A_breakpoint_on_the_frame_of_a_handler_traps_before_its_first_instruction(int slice)
    {
        using ModeRig rig = new ModeRig().Load("90 90 F4");
        rig.Core.Rflags |= 0x100;
        (rig.Lp->Dr0, rig.Lp->Dr7, rig.Lp->Dr6) = (ModeRig.Stack - 4, Write4, Quiet);
        rig.Core.DebugRegistersChanged();
        for (int i = 0; i < 4; i++)
            rig.Core.Run(slice, ulong.MaxValue);
        Assert.That(
            (rig.Vector, rig.Read(rig.Esp), rig.Lp->Dr6),
            Is.EqualTo((1, ModeRig.Handler(1), Quiet | SingleStep | 1)), "the trap of the second frame meets nothing");
    }

    [Test]
    public void A_trap_among_faults_without_end_does_not_depend_on_slices([Range(12, 22)] int budget)
    {
        using ModeRig whole = new(), sliced = new();
        foreach (ModeRig rig in (ModeRig[])[whole, sliced])
        {
            rig.Load("0F0B").Load("0F0B", ModeRig.Handler(6)).Lp->Rip = ModeRig.Code;
            (rig.Lp->Dr0, rig.Lp->Dr7) = (ModeRig.Stack - (12 * 80), Write4); // in the frame of the 80th #UD
            rig.Core.DebugRegistersChanged();
        }
        whole.Core.Run(budget, ulong.MaxValue);
        for (int i = 0; i < budget; i++)
            sliced.Core.Run(1, ulong.MaxValue);
        Assert.That(
            (sliced.Lp->Instructions, sliced.Lp->Rip, sliced.Lp->Gpr[4], sliced.Lp->Dr6),
            Is.EqualTo((whole.Lp->Instructions, whole.Lp->Rip, whole.Lp->Gpr[4], whole.Lp->Dr6)));
    }

    [Test]
    public void Int1_brings_a_trap_along_that_mov_ss_held_back()
    {
        using ModeRig rig = new ModeRig().Load("8E1500000300 F1 F4"); // mov ss,[data] ; int1
        rig.Write16(Data, ModeRig.Data0);
        (rig.Lp->Dr0, rig.Lp->Dr7, rig.Lp->Dr6) = (Data, Any4, Quiet);
        rig.Core.DebugRegistersChanged();
        rig.Run();
        Assert.That((rig.Vector, rig.Read(rig.Esp), rig.Esp, rig.Lp->Dr6), Is.EqualTo((1, At + 7, ModeRig.Stack - 12, Quiet | 1)));
    }

    [Test]
    public void Mov_ss_makes_no_single_step_trap_of_its_own()
    {
        using ModeRig rig = new ModeRig().Load("8ED0 CD40"); // mov ss,ax ; int 40h
        rig.Core.Rflags |= 0x100;
        rig.Lp->Gpr[0] = ModeRig.Data0;
        rig.Run();
        Assert.That(rig.Vector, Is.EqualTo(0x40));
    }

    [Test]
    public void A_faulting_access_meets_no_breakpoint()
    {
        // cmpsb: the first operand is watched, the second is beyond DS... of ES, which is null
        using ModeRig rig = new ModeRig().Load("A6");
        rig.Lp->Es = new Segment { AccessRights = 0x10000 };
        (rig.Lp->Gpr[6], rig.Lp->Gpr[7]) = (Data, Data);
        (rig.Lp->Dr0, rig.Lp->Dr7, rig.Lp->Dr6) = (Data, Any4, Quiet);
        rig.Core.DebugRegistersChanged();
        rig.Run();
        Assert.That((rig.Vector, rig.Lp->Dr6, rig.Lp->PendingDebug), Is.EqualTo((13, Quiet, 0UL)));
    }

    [Test]
    public void General_detect_faults_on_access_and_ends_in_the_handler()
    {
        using ModeRig rig = new ModeRig().Load("0F21C0");
        (rig.Lp->Dr7, rig.Lp->Dr6) = (0x2400, Quiet);
        rig.Run();
        Assert.That((rig.Vector, rig.Read(rig.Esp), rig.Lp->Dr6, rig.Lp->Dr7), Is.EqualTo((1, At, Quiet | Access, 0x400UL)));
    }

    [Test]
    public void Int1_reports_nothing_in_dr6()
    {
        using ModeRig rig = new ModeRig().Load("F1");
        rig.Lp->Dr6 = Quiet;
        rig.Run();
        Assert.That((rig.Vector, rig.Lp->Dr6, rig.Read(rig.Esp)), Is.EqualTo((1, Quiet, At + 1)));
    }

    // code | CR4.DE | vector | error: access rules of debug registers, SDM vol. 2, "MOV—Move to/from Debug Registers"
    private static readonly ModeRow[] Rules =
    [
        new("DR4 is DR6 without DE",        "0F21E0 F4", -1),
        new("DR4 with DE",                  "0F21E0 F4", 6, null, 0, r => r.Lp->Cr4 = 8),
        new("DR5 with DE",                  "0F23E8 F4", 6, null, 0, r => r.Lp->Cr4 = 8),
        new("level 3",                      "0F21C0", 13, 0, 3),
        new("privilege beats general detect", "0F21C0", 13, 0, 3, r => r.Lp->Dr7 = 0x2400),
    ];

    [Test]
    public void Debug_registers_have_their_rules()
    {
        foreach (ModeRow row in Rules)
            row.Check();
        using ModeRig rig = new ModeRig().Load("0F23F0 0F23F8 F4"); // mov dr6,eax ; mov dr7,eax
        rig.Run();
        Assert.That((rig.Lp->Dr6, rig.Lp->Dr7), Is.EqualTo((0xFFFE07F0UL, 0x400UL)), "fixed bits; BLD and RTM may be cleared");
        using EngineRig wide = new EngineRig().Load(0x0F, 0x23, 0xF8);
        wide.Lp->Gpr[0] = 1UL << 32;
        wide.Run();
        Assert.That((wide.StoppedAtVector, wide.Read(wide.Lp->Gpr[4])), Is.EqualTo((13, 0UL)));
    }

    // TF | FMASK | CS of the trap's frame (0: it comes after SYSRET, in level 3)
    [TestCase(0x100UL, false, Description = "FMASK clears TF: no trap in the kernel, but one after SYSRET")]
    [TestCase(0UL, true, Description = "TF stays: a trap at the kernel's first instruction")]
    public void Syscall_and_sysret_trap_by_the_flag_they_leave(ulong mask, bool inKernel)
    {
        using EngineRig rig = new EngineRig(user: true).Load(0x0F, 0x05, 0x90);
        rig.LoadAt(0x110000, 0x48, 0x0F, 0x07);
        rig.Lp->Efer |= 1;
        (rig.Lp->Lstar, rig.Lp->Star, rig.Lp->Fmask) = (0x110000, (0x0008UL << 32) | (0x001BUL << 48), mask);
        rig.Core.Rflags = 0x102;
        rig.Run();
        ulong rsp = rig.Lp->Gpr[4];
        Assert.That((rig.StoppedAtVector, rig.Read(rsp), rig.Read(rsp + 8)),
            Is.EqualTo((1, inKernel ? 0x110000UL : EngineRig.Code + 2, (ulong)(inKernel ? EngineRig.KernelCode : EngineRig.UserCode))));
    }

    [Test]
    public void Breakpoints_do_not_change_what_a_program_computes()
    {
        const string program = "B9 00010000 BF 00000300 31C0 AB 40 E2FC 31DB B9 00010000 BE 00000300 AD 01C3 E2FB F4";
        using ModeRig plain = new ModeRig().Load(program), watched = new ModeRig().Load(program);
        (watched.Lp->Dr0, watched.Lp->Dr7) = (Data + 0x10, 0xD_0401);
        watched.Core.DebugRegistersChanged();
        watched.Load("CF", ModeRig.Handler(1));
        plain.Run(10_000);
        watched.Run(10_000);
        Assert.That((watched.Lp->Gpr[3], watched.Lp->Dr6 & 1), Is.EqualTo((plain.Lp->Gpr[3], 1UL)));
    }
}
