namespace Seamsim.Tests.Isa.Modes;

/// <summary>Loading segment registers. SDM vol. 3A, 3.4.5, 5.6 and 5.7; vol. 2, "MOV", "POP", "LDS".</summary>
public sealed unsafe class SegmentLoadTests
{
    // mov ax,selector ; mov ds,ax ; hlt
    private static string Ds(int selector) => $"66B8{ModeRig.Hex16(selector)} 8ED8 F4";

    private static string Ss(int selector) => $"66B8{ModeRig.Hex16(selector)} 8ED0 F4";

    private static readonly ModeRow[] Rows =
    [
        new("data segment of the own level",            Ds(ModeRig.Data0),          -1),
        new("null to DS",                               Ds(0),                      -1),
        new("null with RPL 3 to DS",                    Ds(3),                      -1),
        new("through the LDT",                          Ds(0x0C),                   -1),
        new("readable code to DS",                      Ds(ModeRig.Conforming),     -1),
        new("beyond the GDT",                           Ds(ModeRig.Beyond),         13, 0x400),
        new("beyond the GDT, RPL is not told",          Ds(ModeRig.Beyond | 3),     13, 0x400),
        new("beyond the LDT, TI is told",               Ds(0x7C),                   13, 0x7C),
        new("LDT not usable",                           Ds(0x0C),                   13, 0x0C, 0, r => r.Lp->Ldtr.AccessRights |= 0x10000),
        new("execute-only code",                        Ds(ModeRig.ExecuteOnly),    13, ModeRig.ExecuteOnly),
        new("system descriptor",                        Ds(ModeRig.Other),          13, ModeRig.Other),
        new("RPL above DPL",                            Ds(ModeRig.Data0 | 3),      13, ModeRig.Data0),
        new("RPL above DPL of conforming code",         Ds(ModeRig.Conforming | 3), -1),
        new("not present",                              Ds(ModeRig.AbsentData),     11, ModeRig.AbsentData),
        new("type beats present",                       Ds(ModeRig.AbsentCode),     13, ModeRig.AbsentCode, 0, r => r.Descriptor(ModeRig.AbsentCode, 0, 0xFFFFF, 0x18, 12)),
        new("level 3 takes a level-3 segment",          Ds(ModeRig.Data3) .Replace("F4", "CD40", StringComparison.Ordinal), 0x40, null, 3),
        new("level 3 to a level-0 segment",             Ds(ModeRig.Data0),          13, ModeRig.Data0, 3),
        new("SS of the own level",                      Ss(ModeRig.Data0),          -1),
        new("null to SS",                               Ss(0),                      13, 0),
        new("SS with another RPL",                      Ss(ModeRig.Data0 | 1),      13, ModeRig.Data0),
        new("SS with another DPL",                      Ss(ModeRig.Data1),          13, ModeRig.Data1),
        new("SS not writable",                          Ss(ModeRig.ReadOnly),       13, ModeRig.ReadOnly, 0, r => r.Descriptor(ModeRig.ReadOnly, 0, 0xFFFFF, 0x90, 12)),
        new("SS from code",                             Ss(ModeRig.Code0),          13, ModeRig.Code0),
        new("SS not present is a stack fault",          Ss(ModeRig.Free),           12, ModeRig.Free, 0, r => r.Descriptor(ModeRig.Free, 0, 0xFFFFF, 0x12, 12)),
        new("MOV to CS is undefined",                   "8EC8 F4",                  6),
        new("LDS loads selector and offset",            "C51D 00000300 F4",         -1, null, 0, r => { r.Write32(ModeRig.Data, 0x1234); r.Write16(ModeRig.Data + 4, ModeRig.Data0); }),
        new("LDS of a bad selector",                    "C51D 00000300 F4",         13, ModeRig.Beyond, 0, r => { r.Write32(ModeRig.Data, 0x1234); r.Write16(ModeRig.Data + 4, ModeRig.Beyond); }),
        new("POP to a bad selector",                    "6800040000 1F F4",         13, ModeRig.Beyond),
    ];

    [Test]
    public void A_segment_register_takes_what_the_descriptor_allows()
    {
        foreach (ModeRow row in Rows)
            row.Check();
    }

    [Test]
    public void A_fault_leaves_segment_register_and_offset_register_as_they_were()
    {
        using ModeRig rig = new ModeRig().Load("C51D 00000300");
        rig.Write16(ModeRig.Data + 4, ModeRig.AbsentData);
        rig.Lp->Gpr[3] = 7;
        rig.Run(10);
        Assert.That((rig.Vector, rig.Lp->Gpr[3], rig.Lp->Ds.Selector), Is.EqualTo((11, 7UL, ModeRig.Data0)));
        Assert.That(rig.Read(rig.Esp + 4), Is.EqualTo(ModeRig.Code), "EIP names the instruction");
    }

    [Test]
    public void A_fault_of_pop_leaves_the_stack_pointer()
    {
        using ModeRig rig = new ModeRig().Load("1F");
        rig.Write32(ModeRig.Stack, ModeRig.Beyond);
        rig.Run(10);
        Assert.That((rig.Vector, rig.Esp), Is.EqualTo((13, ModeRig.Stack - 16)));
    }

    [Test]
    public void Loading_sets_the_accessed_flag_and_a_fault_does_not()
    {
        using ModeRig rig = new ModeRig().Load(Ds(ModeRig.Data16));
        rig.Run();
        Assert.That(rig.AccessOf(ModeRig.Data16), Is.EqualTo(0x93));
        Assert.That((rig.Lp->Ds.Base, rig.Lp->Ds.Limit), Is.EqualTo((0x20000UL, 0xFFFFU)));
        using ModeRig absent = new ModeRig().Load(Ds(ModeRig.AbsentData));
        absent.Run();
        Assert.That(absent.AccessOf(ModeRig.AbsentData), Is.EqualTo(0x72));
    }

    [Test]
    public void Real_mode_loads_base_and_keeps_the_limit()
    {
        using ModeRig rig = new ModeRig().Real(0x1000).Load("B83412 8ED8 F4");
        rig.Lp->Ds.Limit = uint.MaxValue;
        rig.Run();
        Assert.That((rig.Lp->Ds.Selector, rig.Lp->Ds.Base, rig.Lp->Ds.Limit), Is.EqualTo(((ushort)0x1234, 0x12340UL, uint.MaxValue)));
    }

    [Test]
    public void Push_of_a_segment_register_writes_16_bits_of_a_doubleword_slot()
    {
        using ModeRig rig = new ModeRig().Load("1E F4");
        rig.Write32(ModeRig.Stack - 4, 0xFFFFFFFF);
        rig.Run();
        Assert.That((rig.Esp, rig.Read(ModeRig.Stack - 4)), Is.EqualTo((ModeRig.Stack - 4, 0xFFFF0010u)));
    }
}
