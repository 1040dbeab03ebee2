using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Modes;

/// <summary>IRET. SDM vol. 2, "IRET".</summary>
public sealed unsafe class InterruptReturnTests
{
    // push flags ; push cs ; push eip ; iretd
    private static string Iret(int selector, uint flags = 2, uint offset = ModeRig.OtherCode) =>
        "68" + Dword(flags) + "68" + Dword((uint)selector) + "68" + Dword(offset) + "CF";

    private static string Dword(uint value) => Convert.ToHexString(BitConverter.GetBytes(value));

    private static readonly ModeRow[] Rows =
    [
        new("null CS",                     Iret(0),                      13, 0),
        new("CS beyond the GDT",           Iret(ModeRig.Beyond),         13, ModeRig.Beyond),
        new("CS is data",                  Iret(ModeRig.Data0),          13, ModeRig.Data0),
        new("to an inner level",           Iret(ModeRig.Code0),          13, ModeRig.Code0, 3),
        new("DPL below RPL",               Iret(ModeRig.Code0 | 3),      13, ModeRig.Code0),
        new("conforming above RPL",        Iret(ModeRig.Conforming),     13, ModeRig.Conforming, 0, r => r.Descriptor(ModeRig.Conforming, 0, 0xFFFFF, 0xFE, 12)),
        new("CS not present",              Iret(ModeRig.AbsentCode),     11, ModeRig.AbsentCode),
        new("EIP beyond the limit",        Iret(ModeRig.Code16, 2, 0x10000), 13, 0),
        new("outward, null SS",            "6A00 6A00" + Iret(ModeRig.Code3), 13, 0),
        new("outward, SS RPL",             "6A20 6A00" + Iret(ModeRig.Code3), 13, 0x20),
        new("outward, SS read-only",       $"68{Dword(ModeRig.ReadOnly | 3)} 6A00" + Iret(ModeRig.Code3), 13, ModeRig.ReadOnly),
        new("outward, SS not present",     $"68{Dword(ModeRig.Free | 3)} 6A00" + Iret(ModeRig.Code3), 12, ModeRig.Free, 0, r => r.Descriptor(ModeRig.Free, 0, 0xFFFFF, 0x72, 12)),
        new("stack ends below CS",         "BCFCFF0200 CF", 12, 0, 0, r => { r.Lp->Ss.Limit = 0x2FFFF; r.Core.ModeChanged(); }),
        new("VM in the image at level 3 is ignored", Iret(ModeRig.Code3, 0x20002, 0x4000).Replace("CF", "CF", StringComparison.Ordinal), 13, 0, 3),
    ];

    [Test]
    public void Iret_checks_what_it_returns_to_in_the_manuals_order()
    {
        foreach (ModeRow row in Rows)
            row.Check();
    }

    // flags before | CPL | image | flags after IRETD in the same level
    private static readonly (ulong Before, int Cpl, uint Image, ulong After)[] Flags =
    [
        (0x00000002, 0, 0x003F7FD7 & ~0x20100u,  0x003D7ED7), // all but VM and RF, which is gone after the next instruction
        (0x00000002, 3, 0x00247AD7,  0x002448D7), // IF and IOPL stay, DF and NT too come; level 3 above IOPL
        (0x00003202, 3, 0x00000002,  0x00003002), // IOPL stays, IF follows at IOPL 3
        (0x00180002, 3, 0x00000002,  0x00180002), // VIF and VIP stay outside level 0
    ];

    [Test]
    public void The_privilege_level_decides_which_flags_come_back()
    {
        foreach ((ulong before, int cpl, uint image, ulong after) in Flags)
        {
            using ModeRig rig = new ModeRig(cpl).Load("CF").Load("90", ModeRig.OtherCode);
            rig.Write32(ModeRig.Stack, ModeRig.OtherCode);
            rig.Write32(ModeRig.Stack + 4, cpl == 0 ? ModeRig.Code0 : ModeRig.Code3);
            rig.Write32(ModeRig.Stack + 8, image & ~0x4000u);
            rig.Core.Rflags = before;
            rig.Run(1);
            Assert.That(rig.Core.Rflags, Is.EqualTo(after & ~0x4000UL), $"{before:X} at {cpl} with {image:X}");
        }
    }

    [Test]
    public void A_return_to_a_16_bit_stack_leaves_the_upper_half_of_esp()
    {
        using ModeRig rig = new ModeRig().Load(
            $"68{Dword(ModeRig.Free | 3)} 68{Dword(0x55551234)}" + Iret(ModeRig.Code3, 2, ModeRig.OtherCode));
        rig.Descriptor(ModeRig.Free, 0, 0xFFFF, 0xF2);
        rig.Lp->Gpr[4] = 0x120000 | ModeRig.Stack & 0xFFFF;
        rig.Run(6);
        Assert.That((rig.Core.Cpl, rig.Esp), Is.EqualTo((3, 0x111234u)));
    }

    [Test]
    public void The_resume_flag_of_the_image_lasts_for_one_instruction()
    {
        using EngineRig rig = new EngineRig().Load(0x48, 0xCF).LoadAt(0x110000, 0x90, 0x90);
        ulong[] frame = [0x110000, EngineRig.KernelCode, 0x10002, EngineRig.Stack, EngineRig.KernelData];
        for (int n = 0; n < frame.Length; n++)
            rig.Write(0x60000 + ((ulong)n * 8), frame[n]);
        rig.Lp->Gpr[4] = 0x60000;
        rig.Run(1);
        Assert.That(rig.Core.Rflags, Is.EqualTo(0x10002UL));
        rig.Run(1);
        Assert.That((rig.Core.Rflags, rig.Lp->Rip), Is.EqualTo((2UL, 0x110001UL)));
    }

    [Test]
    public void Iretq_takes_a_null_stack_segment_below_level_3_only()
    {
        foreach ((ushort cs, ushort ss, int vector) in ((ushort, ushort, int)[])[(8, 0, -1), (8, 3, 13), (0x2B, 3, 13)])
        {
            using EngineRig rig = new EngineRig().Load(0x48, 0xCF).LoadAt(0x110000, 0xF4);
            ulong[] frame = [0x110000, cs, 2, EngineRig.Stack, ss];
            for (int n = 0; n < frame.Length; n++)
                rig.Write(0x60000 + ((ulong)n * 8), frame[n]);
            rig.Lp->Gpr[4] = 0x60000;
            rig.Run();
            Assert.That(rig.StoppedAtVector, Is.EqualTo(vector), $"{cs:X} {ss:X}");
        }
    }
}
