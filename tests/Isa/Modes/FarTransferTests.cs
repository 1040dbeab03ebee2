using Seamsim.Isa.State;

namespace Seamsim.Tests.Isa.Modes;

/// <summary>Far JMP, CALL and RET through code segments. SDM vol. 2; vol. 3A, 5.8.1 and 5.8.6.</summary>
public sealed unsafe class FarTransferTests
{
    private static string Jmp(int selector, uint offset = ModeRig.OtherCode) => "EA" + Pointer(selector, offset);

    private static string Call(int selector, uint offset = ModeRig.OtherCode) => "9A" + Pointer(selector, offset);

    // push cs ; push eip ; retf
    private static string Retf(int selector, uint offset = ModeRig.OtherCode) =>
        "68" + Dword((uint)selector) + "68" + Dword(offset) + "CB";

    private static string Pointer(int selector, uint offset) => Dword(offset) + ModeRig.Hex16(selector);

    private static string Dword(uint value) => Convert.ToHexString(BitConverter.GetBytes(value));

    private static readonly ModeRow[] Rows =
    [
        new("JMP null",                          Jmp(0),                       13, 0),
        new("JMP null with RPL",                 Jmp(3),                       13, 0),
        new("JMP beyond the GDT",                Jmp(ModeRig.Beyond),          13, ModeRig.Beyond),
        new("JMP to data",                       Jmp(ModeRig.Data0),           13, ModeRig.Data0),
        new("JMP to the LDT descriptor",         Jmp(ModeRig.LdtSelector),     13, ModeRig.LdtSelector),
        new("JMP to an outer level",             Jmp(ModeRig.Code3),           13, ModeRig.Code3 & ~3),
        new("JMP to an inner level",             Jmp(ModeRig.Code0),           13, ModeRig.Code0, 3),
        new("JMP with RPL above CPL",            Jmp(ModeRig.Code0 | 3),       13, ModeRig.Code0),
        new("JMP to conforming code, inner",     Jmp(ModeRig.Conforming, ModeRig.Handler(3)), 13, 0, 3),
        new("JMP to conforming code, outer",     Jmp(ModeRig.Conforming),      13, ModeRig.Conforming, 0, r => r.Descriptor(ModeRig.Conforming, 0, 0xFFFFF, 0xFE, 12)),
        new("JMP not present",                   Jmp(ModeRig.AbsentCode),      11, ModeRig.AbsentCode),
        new("JMP level beats present",           Jmp(ModeRig.AbsentCode),      13, ModeRig.AbsentCode, 3),
        new("JMP beyond the limit",              Jmp(ModeRig.Code16, 0x10000), 13, 0),
        new("present beats the limit",           Jmp(ModeRig.AbsentCode, 0x10000), 11, ModeRig.AbsentCode, 0, r => r.Descriptor(ModeRig.AbsentCode, 0, 0xFFF, 0x1A, 4)),
        new("CALL not present",                  Call(ModeRig.AbsentCode),     11, ModeRig.AbsentCode),
        new("CALL beyond the limit",             Call(ModeRig.Code16, 0x10000), 13, 0),
        new("RETF null",                         Retf(0),                      13, 0),
        new("RETF to an inner level",            Retf(ModeRig.Code0),          13, ModeRig.Code0, 3),
        new("RETF to data",                      Retf(ModeRig.Data0),          13, ModeRig.Data0),
        new("RETF with RPL other than DPL",      Retf(ModeRig.Code0 | 1),      13, ModeRig.Code0),
        new("RETF not present",                  Retf(ModeRig.AbsentCode),     11, ModeRig.AbsentCode),
        new("RETF beyond the limit",             Retf(ModeRig.Code16, 0x10000), 13, 0),
        new("RETF outward, null SS",             "6A00 6A00" + Retf(ModeRig.Code3), 13, 0),
        new("RETF outward, SS of another RPL",   "6A20 6A00" + Retf(ModeRig.Code3), 13, 0x20),
        new("RETF outward, SS not present",      $"68{Dword(ModeRig.Free | 3)} 6A00" + Retf(ModeRig.Code3), 12, ModeRig.Free, 0, r => r.Descriptor(ModeRig.Free, 0, 0xFFFFF, 0x72, 12)),
    ];

    [Test]
    public void A_far_transfer_checks_its_target_in_the_manuals_order()
    {
        foreach (ModeRow row in Rows)
            row.Check();
    }

    [Test]
    public void A_faulting_call_pushes_nothing_and_stays_where_it_is()
    {
        using ModeRig rig = new ModeRig().Load(Call(ModeRig.Code16, 0x10000));
        rig.Run();
        Assert.That((rig.Esp, rig.Read(rig.Esp + 4), rig.Read(rig.Esp + 8)),
            Is.EqualTo((ModeRig.Stack - 16, ModeRig.Code, (uint)ModeRig.Code0)));
    }

    [Test]
    public void Call_and_retf_in_one_level_restore_everything()
    {
        using ModeRig rig = new ModeRig().Load(Call(ModeRig.Code0) + "F4").Load("CA0800", ModeRig.OtherCode);
        rig.Run();
        Assert.That((rig.Lp->Rip, rig.Esp, rig.Lp->Cs.Selector),
            Is.EqualTo(((ulong)ModeRig.Code + 8, ModeRig.Stack + 8, ModeRig.Code0)));
    }

    [Test]
    public void A_jump_to_a_16_bit_segment_changes_the_code_size_and_sets_the_accessed_flag()
    {
        using ModeRig rig = new ModeRig().Load(Jmp(ModeRig.Code16, 0x4000)).Load("B83412 F4", 0x4000);
        rig.Lp->Gpr[0] = 0xFFFF0000;
        rig.Run();
        Assert.That((rig.Lp->Gpr[0], rig.AccessOf(ModeRig.Code16)), Is.EqualTo((0xFFFF1234UL, (byte)0x9B)));
    }

    [Test]
    public void Conforming_code_runs_at_the_callers_level()
    {
        using ModeRig rig = new ModeRig(3).Load(Jmp(ModeRig.Conforming, 0x4000)).Load("CD40", 0x4000);
        rig.Run(1);
        Assert.That((rig.Core.Cpl, rig.Lp->Cs.Selector), Is.EqualTo((3, (ushort)(ModeRig.Conforming | 3))));
    }

    [Test]
    public void Retf_to_an_outer_level_takes_its_stack_and_drops_inner_data_segments()
    {
        using ModeRig rig = new ModeRig().Load($"68{Dword(ModeRig.Data3)} 68{Dword(0x27000)} 6A07" + Retf(ModeRig.Code3)[..20] + "CA0400");
        rig.Lp->Es = rig.Lp->Ds with { Selector = ModeRig.Data3, AccessRights = 0xC0F3 };
        rig.Load($"68{Dword(ModeRig.Data3)} 68{Dword(0x27000)} 6A07 68{Dword(ModeRig.Code3)} 68{Dword(ModeRig.OtherCode)} CA0400");
        rig.Run(6);
        Assert.That((rig.Core.Cpl, rig.Lp->Cs.Selector, rig.Lp->Ss.Selector, rig.Esp),
            Is.EqualTo((3, ModeRig.Code3, ModeRig.Data3, 0x27004u)));
        Assert.That((rig.Lp->Ds.Selector, rig.Lp->Ds.AccessRights & 0x10000, rig.Lp->Es.Selector),
            Is.EqualTo(((ushort)0, 0x10000u, ModeRig.Data3)));
    }

    [Test]
    public void Real_mode_far_calls_push_16_bits_and_wrap_the_stack()
    {
        using ModeRig rig = new ModeRig().Real(0x1000).Load("9A00010011 F4").Load("CB", 0x11100);
        rig.Lp->Gpr[4] = 2;
        rig.Run(1);
        Assert.That((rig.Lp->Cs.Selector, rig.Lp->Rip, rig.Esp), Is.EqualTo(((ushort)0x1100, 0x100UL, 0xFFFEu)));
        Assert.That((rig.Read16(0x2FFFE), rig.Read16(0x20000)), Is.EqualTo(((ushort)5, (ushort)0x1000)));
        rig.Run();
        Assert.That((rig.Lp->Cs.Selector, rig.Lp->Rip, rig.Esp), Is.EqualTo(((ushort)0x1000, 6UL, 2u)));
    }

    [Test]
    public void Long_mode_refuses_a_code_segment_that_is_both_64_and_32_bit()
    {
        using Engine.EngineRig rig = new Engine.EngineRig().Load(0xFF, 0x2C, 0x25, 0, 0, 0x20, 0); // jmp far [200000h]
        rig.Write(Engine.EngineRig.Gdt + 0x38, 0x00EF9B000000FFFF);
        rig.Write(Engine.EngineRig.Data, 0x0038_00110000);
        rig.Run();
        Assert.That((rig.StoppedAtVector, rig.Read(rig.Lp->Gpr[4])), Is.EqualTo((13, 0x38UL)));
    }
}
