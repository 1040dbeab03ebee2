using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Tests.Isa.Engine;
using Seamsim.Timing;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Accounts;

/// <summary>Which branches are predicted, and what the others cost.</summary>
internal sealed unsafe class BranchEventTests
{
    private const int Rounds = 4000;

    // A bit of rsi decides about a branch in every round; the word turns by one bit.
    [TestCase(0xFFFF_FFFF_FFFF_FFFF, 20, Description = "always taken")]
    [TestCase(0xAAAA_AAAA_AAAA_AAAA, 60, Description = "every second time")]
    [TestCase(0x8000_8000_8000_8000, 250, Description = "every sixteenth time")]
    [TestCase(0x8E2B_8E2B_8E2B_8E2B, 400, Description = "a pattern of sixteen")]
    public void A_pattern_is_learnt(ulong pattern, int most)
    {
        using TimedRig rig = new();
        rig.Load(Decide);
        rig.Lp->Gpr[6] = pattern;
        rig.Run();
        Assert.That(rig.Timing.Branches.Mispredictions, Is.LessThanOrEqualTo((ulong)most));
    }

    [Test]
    public void Chance_is_not_predicted_and_costs()
    {
        using TimedRig rig = new();
        rig.Load(Chance);
        rig.Lp->Gpr[0] = 88172645463325252;
        ulong cycles = rig.Run(), missed = rig.Timing.Branches.Mispredictions;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(missed, Is.InRange(Rounds * 2 / 5UL, Rounds * 3 / 5UL));
            Assert.That(cycles, Is.GreaterThan(missed * rig.Parameters[CoreParameter.Misprediction]));
        }
    }

    [TestCase(1)]
    [TestCase(37)]
    [TestCase(1000)]
    public void A_run_may_be_accounted_for_after_any_instruction(int slice)
    {
        using TimedRig rig = new();
        rig.Load(Chance);
        rig.Lp->Gpr[0] = 88172645463325252;
        CycleLedger ledger = rig.Account.Ledger!;
        for (RunEnd end = RunEnd.Budget; end == RunEnd.Budget;)
        {
            end = rig.Core.Run(slice, ulong.MaxValue);
            rig.Account.Settle(rig.Core);
            Assert.That(ledger.Of(World.Host, Cause.Branch), Is.LessThanOrEqualTo(rig.Lp->Cycles));
        }
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Enum.GetValues<Cause>().Aggregate(0UL, (sum, cause) => sum + ledger.Of(World.Host, cause)),
                Is.EqualTo(rig.Lp->Cycles));
            Assert.That(ledger.Of(World.Host, Cause.Branch), Is.EqualTo(
                rig.Timing.Branches.Mispredictions * rig.Parameters[CoreParameter.Misprediction]));
        }
    }

    [TestCase(20, 0, Description = "the return stack holds 24")]
    [TestCase(40, 16, Description = "sixteen returns too deep")]
    public void Returns_are_predicted_as_deep_as_the_stack_is(int depth, int missed)
    {
        using TimedRig rig = new();
        List<Label> ends = [];
        rig.Load(a =>
        {
            for (int i = 0; i <= depth; i++)
            {
                Label function = a.CreateLabel(), back = a.CreateLabel();
                if (i < depth)
                    a.call(function);
                a.jmp(back);
                a.Label(ref function);
                a.nop();
                ends.Add(back);
            }
            foreach (Label end in Enumerable.Reverse(ends))
            {
                Label back = end;
                a.Label(ref back);
                if (ends.IndexOf(end) == 0)
                    a.hlt();
                else
                    a.ret();
            }
        });
        rig.Run();
        ulong before = rig.Timing.Branches.Mispredictions;
        rig.Run();
        Assert.That(rig.Timing.Branches.Mispredictions - before, Is.InRange((ulong)missed, (ulong)missed + 1));
    }

    [Test]
    public void An_indirect_branch_that_takes_turns_is_learnt()
    {
        using TimedRig rig = new();
        rig.Load(a =>
        {
            Label again = a.CreateLabel(), one = a.CreateLabel(), two = a.CreateLabel(), next = a.CreateLabel();
            a.mov(ecx, Rounds);
            a.lea(rsi, __[one]);
            a.lea(rdi, __[two]);
            a.Label(ref again);
            a.xchg(rsi, rdi);
            a.jmp(rsi);
            a.Label(ref one);
            a.inc(rax);
            a.jmp(next);
            a.Label(ref two);
            a.inc(rbx);
            a.nop();
            a.nop();
            a.Label(ref next);
            a.dec(ecx);
            a.jnz(again);
            a.hlt();
        });
        rig.Run();
        Assert.That(rig.Timing.Branches.Mispredictions, Is.LessThan(Rounds / 20UL));
    }

    [TestCase(12288U, 0)]
    [TestCase(96U, 3000)]
    public void Taken_branches_beyond_the_target_buffer_are_found_at_decode(uint entries, int most)
    {
        const int jumps = 1000;
        using TimedRig rig = new((CoreParameter.BtbEntries, entries));
        rig.Load(a =>
        {
            for (int i = 0; i < jumps; i++)
            {
                Label next = a.CreateLabel();
                a.jmp(next);
                a.nop();
                a.Label(ref next);
            }
            a.hlt();
        });
        rig.Run();
        ulong before = rig.Timing.Branches.Resteers;
        rig.Run();
        ulong resteers = rig.Timing.Branches.Resteers - before;
        Assert.That(resteers, entries > jumps ? Is.LessThan(20) : Is.GreaterThan(900));
        Assert.That(resteers, Is.LessThanOrEqualTo((ulong)Math.Max(most, 20)));
    }

    [TestCase(16)]
    [TestCase(32)]
    [TestCase(64)]
    public void Aligned_branches_spread_over_the_target_buffer(int apart)
    {
        const int jumps = 1000, jump = 2;
        using TimedRig rig = new();
        rig.Load(a =>
        {
            for (int i = 0; i < jumps; i++)
            {
                Label next = a.CreateLabel();
                a.jmp(next);
                for (int nops = jump; nops < apart; nops++)
                    a.nop();
                a.Label(ref next);
            }
            a.hlt();
        });
        rig.Run();
        ulong before = rig.Timing.Branches.Resteers;
        rig.Run();
        Assert.That(rig.Timing.Branches.Resteers - before, Is.LessThan(20));
    }

    private static void Chance(Assembler a)
    {
        Label again = a.CreateLabel(), skip = a.CreateLabel();
        a.mov(ecx, Rounds);
        a.Label(ref again);
        a.mov(rdx, rax); // xorshift
        a.shl(rdx, 13);
        a.xor(rax, rdx);
        a.mov(rdx, rax);
        a.shr(rdx, 7);
        a.xor(rax, rdx);
        a.mov(rdx, rax);
        a.shl(rdx, 17);
        a.xor(rax, rdx);
        a.test(eax, eax);
        a.js(skip);
        a.inc(rbx);
        a.Label(ref skip);
        a.dec(ecx);
        a.jnz(again);
        a.hlt();
    }

    private static void Decide(Assembler a)
    {
        Label again = a.CreateLabel(), skip = a.CreateLabel();
        a.mov(ecx, Rounds);
        a.Label(ref again);
        a.rol(rsi, 1);
        a.jc(skip);
        a.inc(rbx);
        a.Label(ref skip);
        a.dec(ecx);
        a.jnz(again);
        a.hlt();
    }
}
