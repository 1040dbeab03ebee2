using Seamsim.Isa.State;

namespace Seamsim.Tests.Isa.Modes;

/// <summary>Task switches. SDM vol. 3A, 7.3 and table 7-1.</summary>
public sealed unsafe class TaskSwitchTests
{
    private const string Jmp = "EA000000003000", Call = "9A000000003000", JmpNarrow = "EA000000003800", CallGate = "9A00000000B000";
    private const uint NewEip = ModeRig.OtherTss + 0x20, NewFlags = ModeRig.OtherTss + 0x24, NewCs = ModeRig.OtherTss + 0x4C;
    private const uint NewSs = ModeRig.OtherTss + 0x50, NewDs = ModeRig.OtherTss + 0x54, NewLdt = ModeRig.OtherTss + 0x60;

    private static readonly ModeRow[] OldTask =
    [
        new("TSS level",               Jmp, 13, ModeRig.Other, 3),
        new("TSS with RPL",            "EA000000003300", 13, ModeRig.Other),
        new("TSS not present",         Jmp, 11, ModeRig.Other, 0, r => r.Descriptor(ModeRig.Other, ModeRig.OtherTss, 0x67, 0x09)),
        new("TSS busy",                Jmp, 13, ModeRig.Other, 0, r => r.Descriptor(ModeRig.Other, ModeRig.OtherTss, 0x67, 0x8B)),
        new("own TSS is busy",         "EA000000002800", 13, ModeRig.Current),
        new("TSS limit",               Jmp, 10, ModeRig.Other, 0, r => r.Descriptor(ModeRig.Other, ModeRig.OtherTss, 0x66, 0x89)),
        new("present beats limit",     Jmp, 11, ModeRig.Other, 0, r => r.Descriptor(ModeRig.Other, ModeRig.OtherTss, 0x66, 0x09)),
        new("16-bit TSS limit",        JmpNarrow, 10, ModeRig.Narrow, 0, r => r.Descriptor(ModeRig.Narrow, ModeRig.NarrowTss, 0x2A, 0x81)),
        new("task gate level",         CallGate, 13, ModeRig.TaskGate, 3, r => r.SetGate(ModeRig.TaskGate, ModeRig.Other, 0, 0x85)),
        new("task gate not present",   CallGate, 11, ModeRig.TaskGate, 0, r => r.SetGate(ModeRig.TaskGate, ModeRig.Other, 0, 0x65)),
        new("task gate to the LDT",    CallGate, 13, 0x0C, 0, r => r.SetGate(ModeRig.TaskGate, 0x0C, 0, 0xE5)),
        new("task gate beyond",        CallGate, 13, ModeRig.Beyond, 0, r => r.SetGate(ModeRig.TaskGate, ModeRig.Beyond, 0, 0xE5)),
        new("task gate to code",       CallGate, 13, ModeRig.Code0, 0, r => r.SetGate(ModeRig.TaskGate, ModeRig.Code0, 0, 0xE5)),
        new("IRET to a task not busy", "CF", 10, ModeRig.Other, 0, r => { r.Core.Rflags = 0x4002; r.Write16(ModeRig.Tss, ModeRig.Other); }),
        new("IRET beyond the GDT",     "CF", 10, ModeRig.Beyond, 0, r => { r.Core.Rflags = 0x4002; r.Write16(ModeRig.Tss, ModeRig.Beyond); }),
        new("IRET to no TSS",          "CF", 10, ModeRig.Code0, 0, r => { r.Core.Rflags = 0x4002; r.Write16(ModeRig.Tss, ModeRig.Code0); }),
    ];

    // name | place in the new TSS | value | vector | error
    private static readonly (string Name, uint At, ushort Value, int Vector, uint Error)[] NewTask =
    [
        ("LDT in the LDT",         NewLdt, 0x0C,                 10, 0x0C),
        ("LDT beyond",             NewLdt, ModeRig.Beyond,       10, ModeRig.Beyond),
        ("LDT is no LDT",          NewLdt, ModeRig.Data0,        10, ModeRig.Data0),
        ("LDT not present",        NewLdt, ModeRig.Free,         10, ModeRig.Free),
        ("CS null",                NewCs,  0,                    10, 0),
        ("CS is data",             NewCs,  ModeRig.Data0,        10, ModeRig.Data0),
        ("CS DPL",                 NewCs,  ModeRig.Code1,        10, ModeRig.Code1),
        ("CS not present",         NewCs,  ModeRig.AbsentCode,   11, ModeRig.AbsentCode),
        ("SS null",                NewSs,  0,                    10, 0),
        ("SS beyond",              NewSs,  ModeRig.Beyond,       10, ModeRig.Beyond),
        ("SS DPL",                 NewSs,  ModeRig.Data1,        10, ModeRig.Data1),
        ("SS RPL",                 NewSs,  ModeRig.Data0 | 1,    10, ModeRig.Data0),
        ("SS not present",         NewSs,  ModeRig.Free + 8,     12, ModeRig.Free + 8),
        ("DS beyond",              NewDs,  ModeRig.Beyond,       10, ModeRig.Beyond),
        ("DS execute-only",        NewDs,  ModeRig.ExecuteOnly,  10, ModeRig.ExecuteOnly),
        ("DS not present",         NewDs,  ModeRig.AbsentData,   11, ModeRig.AbsentData),
        ("DS level",               NewDs,  ModeRig.Data0 | 3,    10, ModeRig.Data0),
    ];

    [Test]
    public void A_fault_before_the_switch_belongs_to_the_old_task_and_leaves_no_mark()
    {
        foreach (ModeRow row in OldTask)
            row.Check(rig =>
            {
                Assert.That(rig.Lp->Tr.Selector, Is.EqualTo(ModeRig.Current), row.Name);
                Assert.That(rig.Read(ModeRig.Tss + 0x20), Is.Zero, row.Name + ": nothing was saved");
                Assert.That(rig.AccessOf(ModeRig.Current), Is.EqualTo(0x8B), row.Name);
            });
    }

    [Test]
    public void A_fault_of_the_new_tasks_segments_belongs_to_the_new_task()
    {
        foreach ((string name, uint at, ushort value, int vector, uint error) in NewTask)
        {
            using ModeRig rig = new ModeRig().Load(Jmp);
            rig.Descriptor(ModeRig.Free, ModeRig.Ldt, 0x3F, 0x02);
            rig.Descriptor(ModeRig.Free + 8, 0, 0xFFFFF, 0x12, 12);
            rig.Write16(at, value);
            // the new task's stack may be bad: the handler is a task of its own
            rig.SetIdt(vector, ModeRig.Narrow, 0, 0x85);
            rig.Write16(ModeRig.NarrowTss + 0x0E, (ushort)ModeRig.Handler(vector));
            rig.Run();
            Assert.That((rig.Vector, rig.Lp->Tr.Selector), Is.EqualTo((vector, ModeRig.Narrow)), name);
            Assert.That((uint)rig.Read16(0x28000 - 2), Is.EqualTo(error), name + ": error code, a word for a 16-bit TSS");
            Assert.That((rig.Read16(ModeRig.NarrowTss), rig.Read(NewEip)), Is.EqualTo((ModeRig.Other, ModeRig.OtherCode)), name);
        }
    }

    [Test]
    public void Jmp_saves_the_old_task_and_loads_the_new_one()
    {
        using ModeRig rig = new ModeRig().Load(Jmp);
        rig.Lp->Gpr[0] = 0x11111111;
        rig.Lp->Gpr[7] = 0x77777777;
        rig.Lp->Dr7 = 0x455;
        rig.Run(1);
        Assert.That((rig.Lp->Rip, rig.Esp, rig.Lp->Gpr[0], rig.Lp->Gpr[7]), Is.EqualTo(((ulong)ModeRig.OtherCode, ModeRig.OtherStack, 0xA0UL, 0xA7UL)));
        Assert.That((rig.Lp->Tr.Selector, rig.Lp->Ldtr.Selector, rig.Core.Rflags), Is.EqualTo((ModeRig.Other, ModeRig.LdtSelector, 2UL)));
        Assert.That((rig.AccessOf(ModeRig.Current), rig.AccessOf(ModeRig.Other)), Is.EqualTo(((byte)0x89, (byte)0x8B)));
        Assert.That((rig.Read(ModeRig.Tss + 0x20), rig.Read(ModeRig.Tss + 0x28), rig.Read(ModeRig.Tss + 0x44)),
            Is.EqualTo((ModeRig.Code + 7, 0x11111111u, 0x77777777u)));
        Assert.That(rig.Read(ModeRig.Tss + 0x38), Is.EqualTo(ModeRig.Stack));
        Assert.That((rig.Read16(ModeRig.Tss + 0x4C), rig.Read16(ModeRig.Tss + 0x50)), Is.EqualTo((ModeRig.Code0, ModeRig.Data0)));
        Assert.That((rig.Lp->Cr0 & 8, rig.Lp->Dr7, rig.Read16(ModeRig.OtherTss)), Is.EqualTo((8UL, 0x400UL, (ushort)0)), "TS, local enables, no link");
    }

    [Test]
    public void Call_nests_and_iret_returns()
    {
        using ModeRig rig = new ModeRig().Load(Call + "F4").Load("CF", ModeRig.OtherCode);
        rig.Lp->Gpr[3] = 0x33;
        rig.Run(1);
        Assert.That((rig.Read16(ModeRig.OtherTss), rig.Core.Rflags), Is.EqualTo((ModeRig.Current, 0x4002UL)), "back link and NT");
        Assert.That((rig.AccessOf(ModeRig.Current), rig.AccessOf(ModeRig.Other)), Is.EqualTo(((byte)0x8B, (byte)0x8B)));
        rig.Run();
        Assert.That((rig.Lp->Rip, rig.Lp->Tr.Selector, rig.Lp->Gpr[3]), Is.EqualTo(((ulong)ModeRig.Code + 8, ModeRig.Current, 0x33UL)));
        Assert.That((rig.AccessOf(ModeRig.Current), rig.AccessOf(ModeRig.Other)), Is.EqualTo(((byte)0x8B, (byte)0x89)));
        Assert.That((rig.Read(NewEip), rig.Read(NewFlags) & 0x4000), Is.EqualTo((ModeRig.OtherCode + 1, 0u)), "the left task goes on behind IRET, NT clear");
    }

    [Test]
    public void A_16_bit_task_has_words_and_no_fs_gs()
    {
        using ModeRig rig = new ModeRig().Load(JmpNarrow);
        rig.Run(1);
        Assert.That((rig.Lp->Rip, rig.Lp->Gpr[0], rig.Lp->Gpr[4]), Is.EqualTo((0x1000UL, 0xFFFF00B0UL, 0xFFFF8000UL)));
        Assert.That((rig.Lp->Tr.Selector, rig.AccessOf(ModeRig.Narrow), rig.Lp->Fs.AccessRights & 0x10000), Is.EqualTo((ModeRig.Narrow, (byte)0x83, 0x10000u)));
    }

    [Test]
    public void An_exception_through_a_task_gate_pushes_its_error_code_on_the_new_stack()
    {
        using ModeRig rig = new ModeRig().Load("66B80004 8ED8"); // mov ax,400h ; mov ds,ax
        rig.SetIdt(13, ModeRig.Other, 0, 0x85);
        rig.Run();
        Assert.That((rig.Lp->Tr.Selector, rig.Esp, rig.Read(ModeRig.OtherStack - 4)), Is.EqualTo((ModeRig.Other, ModeRig.OtherStack - 4, 0x400u)));
        Assert.That((rig.Read(ModeRig.Tss + 0x20), rig.Read(ModeRig.Tss + 0x24) & 0x10000), Is.EqualTo((ModeRig.Code + 4, 0x10000u)), "EIP and RF of the faulting task");
    }

    [Test]
    public void The_t_flag_traps_when_the_task_is_entered()
    {
        using ModeRig rig = new ModeRig().Load(Jmp);
        rig.Write16(ModeRig.OtherTss + 0x64, 1);
        rig.Run();
        Assert.That((rig.Vector, rig.Lp->Dr6 & 0xE00F, rig.Read(rig.Esp)), Is.EqualTo((1, 0x8000UL, ModeRig.OtherCode)));
    }

    [Test]
    public void A_target_beyond_the_new_limit_faults_in_the_new_task()
    {
        using ModeRig rig = new ModeRig().Load(Jmp);
        rig.Write32(NewCs, ModeRig.Code16);
        rig.Run();
        Assert.That((rig.Vector, rig.Lp->Tr.Selector, rig.Read(rig.Esp)), Is.EqualTo((13, ModeRig.Other, 0u)));
    }

    [Test]
    public void A_task_may_run_in_virtual_8086_mode()
    {
        using ModeRig rig = new ModeRig().Load(Jmp).Load("CD40", 0x11000);
        rig.Write32(NewFlags, 0x23002);
        rig.Write32(NewEip, 0);
        rig.Write32(NewCs, 0x1100);
        rig.Write32(NewSs, 0x2000);
        rig.Run(1);
        Assert.That((rig.Core.Cpl, rig.Lp->Cs.Base, rig.Lp->Ss.Base, rig.Lp->Ds.Base), Is.EqualTo((3, 0x11000UL, 0x20000UL, 0x100UL)));
    }

    [Test]
    public void Ia32e_mode_has_no_task_switch()
    {
        using Engine.EngineRig rig = new Engine.EngineRig().Load(0xFF, 0x2C, 0x25, 0, 0, 0x20, 0); // jmp far [200000h]
        rig.Write(Engine.EngineRig.Data, 0x0040_00000000);
        rig.Write(Engine.EngineRig.Gdt + 0x40, 0x0000_8920_0000_0067);
        rig.Lp->GdtrLimit = 0x4F;
        rig.Run();
        Assert.That((rig.StoppedAtVector, rig.Read(rig.Lp->Gpr[4])), Is.EqualTo((13, 0x40UL)));
        using Engine.EngineRig nested = new Engine.EngineRig().Load(0x48, 0xCF);
        nested.Core.Rflags = 0x4002;
        nested.Run();
        Assert.That((nested.StoppedAtVector, nested.Read(nested.Lp->Gpr[4])), Is.EqualTo((13, 0UL)));
    }
}
