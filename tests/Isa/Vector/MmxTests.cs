using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Vectors;

/// <summary>SDM vol. 1, 9.5 and 9.6; vol. 3A, 13.2: MMX registers and the x87 stack they are on.</summary>
public sealed unsafe class MmxTests
{
    [Test]
    public void An_mmx_instruction_makes_the_stack_a_register_file()
    {
        using EngineRig rig = new EngineRig().Load(0x0F, 0xFE, 0xCA, 0xF4); // paddd mm1, mm2
        (rig.Lp->Fsw, rig.Lp->Ftw) = (5 << 11 | 1, 0);
        (rig.Lp->St[2], rig.Lp->St[3], rig.Lp->St[4]) = (0x1_0000_0002, 0x4000, 0x3_FFFF_FFFF);
        rig.Run();
        Assert.That((rig.Lp->Fsw, rig.Lp->Ftw), Is.EqualTo(((ushort)1, (byte)0xFF)));
        Assert.That((rig.Lp->St[2], rig.Lp->St[3]), Is.EqualTo((0x4_0000_0001UL, 0xFFFFUL)));
    }

    [Test]
    public void Emms_empties_the_stack()
    {
        using EngineRig rig = new EngineRig().Load(0x0F, 0x77, 0xF4);
        (rig.Lp->Fsw, rig.Lp->Ftw) = (5 << 11, 0xFF);
        rig.Run();
        Assert.That((rig.Lp->Fsw, rig.Lp->Ftw), Is.EqualTo(((ushort)0, (byte)0)));
    }

    [TestCase(0x0F, 0xFE, 0xCA)]
    [TestCase(0x0F, 0x77, 0x90)]
    [TestCase(0x0F, 0x7E, 0xC8)]
    public void A_pending_x87_exception_comes_first(int first, int second, int third)
    {
        using EngineRig rig = new EngineRig().Load((byte)first, (byte)second, (byte)third, 0xF4);
        rig.Lp->Fsw = 0x8081;
        rig.Run();
        Assert.That((rig.StoppedAtVector, rig.Lp->Ftw), Is.EqualTo((16, (byte)0)));
    }
}
