using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Isa.Semantics.X87;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Float;

/// <summary>The four formats of the x87 environment. SDM vol. 1, figures 8-9 to 8-12.</summary>
public sealed unsafe class X87EnvironmentTests
{
    // code, real-address format, bytes
    private static readonly TestCaseData[] Formats =
    [
        new(Code.Fnstenv_m28byte, false, "7F03FFFF0128FFFFFFF1FFFF78563412080055027856BC9A1000FFFF"),
        new(Code.Fnstenv_m14byte, false, "7F030128FFF17856080078561000"),
        new(Code.Fnstenv_m28byte, true, "7F03FFFF0128FFFFFFF1FFFFF856FFFF554223017857FFFF00C0AB09"),
        new(Code.Fnstenv_m14byte, true, "7F030128FFF1F8565542785700C0"),
    ];

    [TestCaseSource(nameof(Formats))]
    public void FNSTENV(Code code, bool real, string expected)
    {
        using EngineRig rig = Prepare(real);
        Instruction instruction = Memory(code);
        Assert.That(X87EnvironmentImage.Fnstenv(rig.Core, instruction, new X87Stack(rig.Lp)), Is.EqualTo(Outcome.Next));
        byte[] image = new byte[expected.Length / 2];
        rig.Memory.Read(new Hpa(EngineRig.Data), image, false);
        Assert.That(Convert.ToHexString(image), Is.EqualTo(expected));
        Assert.That(rig.Lp->Fcw, Is.EqualTo(0x37F), "it masks every exception");
    }

    [TestCase(Code.Fnsave_m108byte, Code.Frstor_m108byte)]
    [TestCase(Code.Fnsave_m94byte, Code.Frstor_m94byte)]
    public void FRSTOR_restores_what_FNSAVE_saved(Code save, Code restore)
    {
        using EngineRig rig = Prepare(real: false);
        LogicalProcessor before = *rig.Lp;
        X87Stack st = new(rig.Lp);
        X87EnvironmentImage.Fnsave(rig.Core, Memory(save), st);
        Assert.That((rig.Lp->Fcw, rig.Lp->Fsw, rig.Lp->Ftw), Is.EqualTo(((ushort)0x37F, (ushort)0, (byte)0)));
        X87EnvironmentImage.Frstor(rig.Core, Memory(restore), st);
        Assert.That((rig.Lp->Fcw, rig.Lp->Fsw, rig.Lp->Ftw), Is.EqualTo((before.Fcw, before.Fsw, before.Ftw)));
        for (int i = 0; i < 16; i++)
            Assert.That(rig.Lp->St[i], Is.EqualTo(before.St[i]));
    }

    private static EngineRig Prepare(bool real)
    {
        EngineRig rig = new();
        LogicalProcessor* lp = rig.Lp;
        (lp->Fcw, lp->Fsw, lp->Ftw) = (0x37F, 0x2801, 0x30); // TOP 5: R4 and R5 are in use
        for (int i = 0; i < 8; i++)
            (lp->St[2 * i], lp->St[(2 * i) + 1]) = (0x8000000000000000 + (ulong)i, 0x3FFF);
        (lp->St[8], lp->St[9]) = (0, 0); // R4 is zero
        (lp->Fip, lp->Fcs, lp->Fop) = (0x12345678, 8, 0x255);
        (lp->Fdp, lp->Fds) = (0x9ABC5678, 0x10);
        if (real)
            lp->Cr0 &= ~Cr0Bit.Pe;
        return rig;
    }

    private static Instruction Memory(Code code) =>
        Instruction.Create(code, new MemoryOperand(Register.None, (long)EngineRig.Data, 8));
}
