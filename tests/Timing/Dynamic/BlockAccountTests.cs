using Iced.Intel;
using Seamsim.Tests.Isa.Engine;
using Seamsim.Timing;
using Seamsim.Timing.Blocks;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Accounts;

/// <summary>Blocks cost what the block predictor says, however a run is cut into pieces.</summary>
internal sealed unsafe class BlockAccountTests
{
    private const int Rounds = 100_000;

    // add, a chain of three multiplications, a loop bound by its loads, one bound by issue
    [TestCase("4801D8FFC975F9")]
    [TestCase("480FAFC0480FAFC0480FAFC0FFC975F0")]
    [TestCase("488B03488B4B08488B5310488B7318FFCD75ED")]
    [TestCase("FFC0FFC3FFC6FFC741FFC041FFC141FFC2FFC975EB")]
    public void A_loop_costs_what_cycles_predicts(string hex)
    {
        byte[] code = Convert.FromHexString(hex);
        using TimedRig rig = new();
        rig.Engine.LoadAt(EngineRig.Code, [.. code, 0xF4]);
        PipelineParameters core = PipelineParameters.Find(Interval.ShippedCore)!;
        Ratio predicted = BlockPredictor.Predict(code, EngineRig.Code, core).Looped;
        (rig.Lp->Gpr[3], rig.Lp->Gpr[1], rig.Lp->Gpr[5]) = (EngineRig.Data, Rounds, Rounds);
        decimal cycles = rig.Run(), expected = (decimal)predicted.Numerator / predicted.Denominator * Rounds;
        Assert.That(Math.Abs(cycles - expected) / expected, Is.LessThan(0.02m), $"{cycles} for {expected}");
    }

    [TestCase(1)]
    [TestCase(7)]
    [TestCase(1000)]
    public void Slices_change_nothing(int slice)
    {
        using TimedRig whole = new(), sliced = new();
        foreach (TimedRig rig in (TimedRig[])[whole, sliced])
        {
            rig.Load(Mixture);
            rig.Lp->Gpr[6] = 0x8E2B_1234_8E2B_77AB;
        }
        ulong expected = whole.Run();
        Assert.That(sliced.Run(slice), Is.EqualTo(expected));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(sliced.Timing.Branches, Is.EqualTo(whole.Timing.Branches));
            Assert.That(sliced.Timing.Spent, Is.EqualTo(whole.Timing.Spent));
            Assert.That(sliced.Misses, Is.EqualTo(whole.Misses));
            Assert.That(sliced.Counts.WalkReferences, Is.EqualTo(whole.Counts.WalkReferences));
        }
    }

    [TestCase(16)]
    [TestCase(32)]
    [TestCase(64)]
    public void Any_bytes_have_a_price(int bits)
    {
        Seamsim.Timing.Dynamic.BlockPricer pricer = new(
            Interval.ShippedCore, () => PipelineParameters.Find(Interval.ShippedCore)!, CoreParameters.Shipped);
        Random random = new(20261127);
        for (int i = 0; i < 2000; i++)
        {
            byte[] code = new byte[random.Next(1, 40)];
            random.NextBytes(code);
            Assert.That(pricer.Of(code, (ulong)random.Next(), bits, random.Next(1, 12))[0], Is.GreaterThan(0));
        }
    }

    /// <summary>Calls, jumps, loads, stores across lines, a string instruction and one with a cost of its own.</summary>
    public static void Mixture(Assembler a)
    {
        Label again = a.CreateLabel(), skip = a.CreateLabel(), function = a.CreateLabel(), start = a.CreateLabel();
        a.jmp(start);
        a.Label(ref function);
        a.mov(rax, __[rbx + rdx]);
        a.push(rax);
        a.pop(__qword_ptr[rbx + rdx + 60]); // crosses a line
        a.ret();
        a.Label(ref start);
        a.mov(rbx, EngineRig.Data);
        a.mov(ecx, 3000);
        a.Label(ref again);
        a.add(edx, 4104);
        a.and(edx, 0x3FFFF8);
        a.call(function);
        a.rol(rsi, 1);
        a.jc(skip);
        a.lea(rdi, __[rbx + rdx]);
        a.stosb();
        a.Label(ref skip);
        a.dec(ecx);
        a.jnz(again);
        a.cpuid();
        a.hlt();
    }
}
