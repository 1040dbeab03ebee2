using Iced.Intel;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Float;

/// <summary>#XM and its flags. SDM vol. 1, 11.5; vol. 3A, 6.15 "Interrupt 19".</summary>
public sealed unsafe class SimdExceptionTests
{
    private const uint AllMasked = 0x1F80, Invalid = 1, Denormal = 2, DivideByZero = 4, Precision = 0x20;
    private const uint One = 0x3F800000, Three = 0x40400000, Smallest = 1, Signalling = 0x7F800001;

    private static IEnumerable<TestCaseData> Rows()
    {
        static TestCaseData Row(string name, uint unmasked, uint a, uint b, int vector, uint flags) =>
            new TestCaseData(unmasked, a, b, vector, flags).SetName(name);

        yield return Row("nothing raised, nothing happens", 0x3F, One, One, -1, 0);
        yield return Row("a masked exception sets its flag", 0, One, Three, -1, Precision);
        yield return Row("an unmasked exception is 19", Precision, One, Three, 19, Precision);
        yield return Row("division by zero", DivideByZero, One, 0, 19, DivideByZero);
        yield return Row("a signalling NaN", Invalid, Signalling, One, 19, Invalid);
        yield return Row("what the operands decide beats what the result shows", Denormal, Smallest, Three, 19,
            Denormal);
        yield return Row("masked, both show", 0, Smallest, Three, -1, Denormal | Precision | 0x10);
    }

    [TestCaseSource(nameof(Rows))]
    public void DIVPS(uint unmasked, uint a, uint b, int vector, uint flags)
    {
        using EngineRig rig = Prepare(unmasked, a, b);
        rig.Load(x => x.divps(xmm0, xmm1));
        UInt128 before = *(UInt128*)rig.Lp->Zmm;
        rig.Run(1);
        Assert.That(rig.Lp->Mxcsr & 0x3F, Is.EqualTo(flags));
        if (vector < 0)
        {
            Assert.That(rig.Lp->Rip, Is.EqualTo(EngineRig.Code + 3));
            return;
        }
        Assert.That(rig.StoppedAtVector >= 0 ? rig.StoppedAtVector : (int)(rig.Lp->Rip - EngineRig.Handlers) / 16,
            Is.EqualTo(vector));
        Assert.That(*(UInt128*)rig.Lp->Zmm, Is.EqualTo(before), "the destination stays");
    }

    [Test]
    public void Without_OSXMMEXCPT_it_is_an_undefined_opcode()
    {
        using EngineRig rig = Prepare(DivideByZero, One, 0);
        rig.Lp->Cr4 &= ~Cr4Bit.Osxmmexcpt;
        rig.Core.ModeChanged();
        rig.Load(x => x.divss(xmm0, xmm1));
        rig.Run();
        Assert.That(rig.StoppedAtVector, Is.EqualTo(6));
    }

    [Test]
    public void LDMXCSR_refuses_reserved_bits()
    {
        using EngineRig rig = Prepare(0, One, One);
        rig.Write(EngineRig.Data, 0x11F80);
        rig.Load(x => x.ldmxcsr(__dword_ptr[(long)EngineRig.Data]));
        rig.Run();
        Assert.That(rig.StoppedAtVector, Is.EqualTo(13));
        Assert.That(rig.Lp->Mxcsr, Is.EqualTo(AllMasked));
    }

    private static EngineRig Prepare(uint unmasked, uint a, uint b)
    {
        EngineRig rig = new();
        rig.Lp->Cr4 |= Cr4Bit.Osfxsr | Cr4Bit.Osxmmexcpt;
        rig.Core.ModeChanged();
        rig.Lp->Mxcsr = AllMasked & ~(unmasked << 7);
        ulong fill = One | ((ulong)One << 32);
        ulong* zmm = rig.Lp->Zmm;
        (zmm[0], zmm[1], zmm[8], zmm[9]) = (a | ((ulong)One << 32), fill, b | ((ulong)One << 32), fill);
        return rig;
    }
}
