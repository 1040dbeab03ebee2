using Iced.Intel;
using Seamsim.Isa.Models;
using Seamsim.Isa.Semantics.X87;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Float;

/// <summary>#NM, #MF and the x87 pointers. SDM vol. 1, 8.1.8, 8.6, 8.7; vol. 3A, 2.5.</summary>
public sealed unsafe class X87ExceptionTests
{
    private const int Unmasked = 0x340, NotAvailable = 7, MathFault = 16;

    private static IEnumerable<TestCaseData> Availability()
    {
        const ulong em = Cr0Bit.Em, ts = Cr0Bit.Ts, mp = Cr0Bit.Mp;
        static TestCaseData Row(string name, ulong cr0, Action<Assembler> code, int vector) =>
            new TestCaseData(cr0, code, vector).SetName(name);

        yield return Row("x87 under EM", em, a => a.fld1(), NotAvailable);
        yield return Row("x87 under TS", ts, a => a.fld1(), NotAvailable);
        yield return Row("FNINIT under TS", ts, a => a.fninit(), NotAvailable);
        yield return Row("x87 under MP", mp, a => a.fld1(), -1);
        yield return Row("WAIT under TS", ts, a => a.wait(), -1);
        yield return Row("WAIT under MP", mp, a => a.wait(), -1);
        yield return Row("WAIT under MP and TS", mp | ts, a => a.wait(), NotAvailable);
        yield return Row("WAIT under EM", em, a => a.wait(), -1);
    }

    [TestCaseSource(nameof(Availability))]
    public void Control_register_bits_decide_who_may_execute(ulong cr0, Action<Assembler> code, int vector)
    {
        using EngineRig rig = new();
        rig.Lp->Cr0 = (rig.Lp->Cr0 & ~(Cr0Bit.Em | Cr0Bit.Ts | Cr0Bit.Mp)) | cr0;
        rig.Core.ModeChanged();
        Assert.That(Run(rig, code), Is.EqualTo(vector));
    }

    private static IEnumerable<TestCaseData> Waiting()
    {
        static TestCaseData Row(string name, Action<Assembler> next, bool faults) =>
            new TestCaseData(next, faults).SetName(name);

        yield return Row("the next instruction that waits", a => a.fld1(), true);
        yield return Row("WAIT", a => a.wait(), true);
        yield return Row("FSTSW waits", a => a.fstsw(ax), true);
        yield return Row("FNSTSW does not", a => a.fnstsw(ax), false);
        yield return Row("FNCLEX does not, and clears", a => { a.fnclex(); a.fld1(); }, false);
        yield return Row("FNINIT does not", a => { a.fninit(); a.fld1(); }, false);
        yield return Row("FLDCW waits", a => a.fldcw(__word_ptr[(long)EngineRig.Data]), true);
    }

    [TestCaseSource(nameof(Waiting))]
    public void An_unmasked_exception_is_taken_later(Action<Assembler> next, bool faults)
    {
        using EngineRig rig = new();
        rig.Lp->Fcw = Unmasked;
        int vector = Run(rig, a =>
        {
            a.fld1();
            a.fldz();
            a.fdivp(st1, st0); // division by zero
            next(a);
        });
        Assert.That(vector, Is.EqualTo(faults ? MathFault : -1));
    }

    [Test]
    public void With_NE_clear_software_goes_on()
    {
        using EngineRig rig = new();
        rig.Lp->Cr0 &= ~Cr0Bit.Ne;
        rig.Lp->Fcw = Unmasked;
        Assert.That(Run(rig, a => { a.fldz(); a.fld1(); a.fdiv(st0, st1); a.fld1(); }), Is.EqualTo(-1));
        Assert.That(rig.Lp->Fsw & X87Status.ErrorSummary, Is.Not.Zero);
    }

    [Test]
    public void Unmasking_makes_a_flag_pending()
    {
        using EngineRig rig = new();
        rig.Write(EngineRig.Data, Unmasked);
        int vector = Run(rig, a =>
        {
            a.fldz();
            a.fld1();
            a.fdiv(st0, st1);
            a.fldcw(__word_ptr[(long)EngineRig.Data]);
            a.fld1();
        });
        Assert.That(vector, Is.EqualTo(MathFault));
    }

    [Test]
    public void The_pointers_name_the_instruction_that_failed()
    {
        using EngineRig rig = new(model: CpuModel.Load("sapphire-rapids", new CpuParameters()));
        rig.Lp->Fcw = Unmasked;
        Assert.That(Run(rig, a => { a.fld1(); a.fdiv(__dword_ptr[(long)EngineRig.Data]); a.fnstsw(ax); }),
            Is.EqualTo(-1));
        Assert.That(rig.Lp->Fip, Is.EqualTo(EngineRig.Code + 2));
        Assert.That(rig.Lp->Fdp, Is.EqualTo(EngineRig.Data));
        Assert.That(rig.Lp->Fop, Is.EqualTo(0x034), "D8 34"); // D8 /6, SIB
        Assert.That((rig.Lp->Fcs, rig.Lp->Fds), Is.EqualTo(((ushort)0, (ushort)0)), "CPUID.(7,0):EBX[13]");
    }

    [Test]
    public void A_fault_of_the_memory_operand_leaves_everything()
    {
        using EngineRig rig = new();
        rig.ChangePte(EngineRig.Data, clear: 1);
        Assert.That(Run(rig, a => a.fld(__dword_ptr[(long)EngineRig.Data])), Is.EqualTo(14));
        Assert.That((rig.Lp->Fsw, rig.Lp->Ftw, rig.Lp->Fip), Is.EqualTo(((ushort)0, (byte)0, 0UL)));
    }

    private static int Run(EngineRig rig, Action<Assembler> code)
    {
        rig.Load(a =>
        {
            code(a);
            a.hlt();
        });
        rig.Run();
        return rig.StoppedAtVector;
    }
}
