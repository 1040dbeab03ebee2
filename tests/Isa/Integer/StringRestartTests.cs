using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Integer;

/// <summary>A fault in the middle of a repeated string instruction. SDM vol. 2, "REP".</summary>
public sealed unsafe class StringRestartTests
{
    private const ulong Page = 0x1000, Missing = EngineRig.Data + Page, Other = EngineRig.Data + (8 * Page);

    // bytes | element size | source faults | destination faults
    [TestCase("F3A4", 1, true, true)]       // MOVS
    [TestCase("F366A5", 2, true, true)]
    [TestCase("F3A5", 4, true, true)]
    [TestCase("F348A5", 8, true, true)]
    [TestCase("67F348A5", 8, true, true)]
    [TestCase("F3AA", 1, false, true)]      // STOS
    [TestCase("F348AB", 8, false, true)]
    [TestCase("F3AC", 1, true, false)]      // LODS
    [TestCase("F348AD", 8, true, false)]
    [TestCase("F3A6", 1, true, true)]       // CMPS of equal strings
    [TestCase("F348A7", 8, true, true)]
    [TestCase("F3AE", 1, false, true)]      // SCAS of what it looks for
    [TestCase("F348AF", 8, false, true)]
    [TestCase("F36E", 1, true, false)]      // OUTS
    [TestCase("F36F", 4, true, false)]
    [TestCase("F36C", 1, false, true)]      // INS
    [TestCase("F36D", 4, false, true)]
    public void It_restarts_at_the_element_that_faulted(string code, int size, bool source, bool destination)
    {
        if (source)
            Check(code, size, inSource: true, 0);
        if (destination)
            Check(code, size, inSource: false, 0);
        // an element across the page end has not been read or written at all
        if (size > 1 && source)
            Check(code, size, inSource: true, 1);
        if (size > 1 && destination)
            Check(code, size, inSource: false, 1);
    }

    private static void Check(string code, int size, bool inSource, int misaligned)
    {
        const int before = 3, all = 6;
        using EngineRig rig = new EngineRig().Load([.. Convert.FromHexString(code), 0xF4]);
        ulong start = Missing - (ulong)(before * size) - (ulong)misaligned;
        ulong stop = misaligned == 0 ? Missing : Missing - (ulong)misaligned;
        (rig.Lp->Gpr[6], rig.Lp->Gpr[7]) = inSource ? (start, Other) : (Other, start);
        (rig.Lp->Gpr[1], rig.Lp->Gpr[0], rig.Lp->Gpr[2]) = (all, 0, 0x99);
        rig.ChangePte(Missing, 1);
        rig.Run();
        Assert.That(rig.StoppedAtVector, Is.EqualTo(14), code);
        Assert.That(rig.Lp->Cr2, Is.EqualTo(Missing));
        Assert.That((rig.Lp->Gpr[1], rig.Lp->Gpr[inSource ? 6 : 7]), Is.EqualTo(((ulong)(all - before), stop)), code);
        ulong other = rig.Lp->Gpr[inSource ? 7 : 6];
        Assert.That(other, Is.AnyOf(Other, Other + (ulong)(before * size)), "the other pointer stands by the element, too");
        Assert.That(rig.Read(rig.Lp->Gpr[4] + 8), Is.EqualTo(EngineRig.Code));
        rig.ChangePte(Missing, 0, 1);
        (rig.Lp->Activity, rig.Lp->Rip) = (ActivityState.Active, EngineRig.Code);
        rig.Run();
        Assert.That((rig.Lp->Gpr[1], rig.Lp->Rip), Is.EqualTo((0UL, EngineRig.Code + (ulong)(code.Length / 2) + 1)), code);
    }

    [Test]
    public void An_interrupt_is_taken_between_two_iterations()
    {
        using ModelRig model = new();
        EngineRig rig = model.Rig;
        rig.Load(0xF3, 0xAA, 0xF4); // rep stosb
        rig.Core.TryWrmsr(0x1B, rig.Core.Apic.BaseMsr | 0xC00);
        rig.Core.TryWrmsr(0x80F, 0x1FF);
        (rig.Lp->Gpr[1], rig.Lp->Gpr[7]) = (100_000, EngineRig.Data);
        rig.Core.Rflags |= 0x200;
        rig.Run(1);
        rig.Core.TryWrmsr(0x830, (ulong)rig.Core.Apic.Id << 32 | 0x40);
        rig.Run();
        Assert.That(rig.StoppedAtVector, Is.EqualTo(0x40));
        Assert.That(rig.Read(rig.Lp->Gpr[4]), Is.EqualTo(EngineRig.Code));
        Assert.That(rig.Lp->Gpr[1], Is.InRange(1, 99_999));
        Assert.That(rig.Lp->Gpr[7], Is.EqualTo(EngineRig.Data + 100_000 - rig.Lp->Gpr[1]));
    }
}
