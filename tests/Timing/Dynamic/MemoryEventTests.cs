using Iced.Intel;
using Seamsim.Isa.Paging;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;
using Seamsim.Timing;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Accounts;

/// <summary>What data accesses and translations of instructions meet, and what they cost.</summary>
internal sealed unsafe class MemoryEventTests
{
    private const ulong Line = 64, Page = 4096;
    private const uint Multiplier = 1664525, Increment = 1013904223;

    [Test]
    public void L1D_misses_are_those_of_lists_of_lines_in_order_of_use()
    {
        const int accesses = 20_000, bytes = 1 << 18, sets = 64, ways = 12;
        using TimedRig rig = new();
        rig.Load(a =>
        {
            // eax = eax * m + i; a load or, when bit 31 is set, a store of eight bytes somewhere in the region
            Label again = a.CreateLabel(), store = a.CreateLabel(), next = a.CreateLabel();
            a.mov(rbx, EngineRig.Data);
            a.Label(ref again);
            a.imul(eax, eax, (int)Multiplier);
            a.add(eax, Increment);
            a.mov(edx, eax);
            a.shr(edx, 8);
            a.and(edx, bytes - 1);
            a.test(eax, eax);
            a.js(store);
            a.mov(rsi, __[rbx + rdx]);
            a.jmp(next);
            a.Label(ref store);
            a.mov(__[rbx + rdx], rsi);
            a.Label(ref next);
            a.dec(ecx);
            a.jnz(again);
            a.hlt();
        });
        (rig.Lp->Gpr[0], rig.Lp->Gpr[1]) = (1, accesses);
        rig.Run(); // translations are known from now on
        rig.EmptyCaches();
        ulong before = rig.Misses;
        (rig.Lp->Gpr[0], rig.Lp->Gpr[1]) = (1, accesses);
        rig.Run();

        List<ulong>[] model = [.. Enumerable.Range(0, sets).Select(_ => new List<ulong>())];
        ulong misses = 0;
        uint state = 1;
        for (int i = 0; i < accesses; i++)
        {
            state = (state * Multiplier) + Increment;
            ulong first = (EngineRig.Data + ((state >> 8) & (bytes - 1))) / Line, last = (EngineRig.Data + ((state >> 8) & (bytes - 1)) + 7) / Line;
            for (ulong line = first; line <= last; line++)
            {
                List<ulong> set = model[line % sets];
                misses += set.Remove(line) ? 0UL : 1;
                set.Insert(0, line);
                if (set.Count > ways)
                    set.RemoveAt(ways);
            }
        }
        Assert.That(rig.Misses - before, Is.EqualTo(misses));
        Assert.That(misses, Is.InRange(10_000UL, 21_000UL), "the region is larger than L1D");
    }

    [Test]
    public void Loads_that_wait_for_each_other_cost_their_latency_and_others_overlap()
    {
        const int loads = 2000;
        using TimedRig rig = new();
        ulong[] order = [.. Enumerable.Range(0, loads).Select(i => (ulong)(i * 769 % loads))];
        for (int i = 0; i < loads; i++)
            rig.Engine.Write(EngineRig.Data + (order[i] * Page / 4), EngineRig.Data + (order[(i + 1) % loads] * Page / 4));
        rig.Load(a => Chase(a, dependent: true, loads));
        ulong chased = Measure(rig);
        rig.Load(a => Chase(a, dependent: false, loads));
        ulong independent = Measure(rig);
        uint latency = rig.Parameters[Operation.DramAccess].Cycles;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(chased, Is.GreaterThan(loads * (ulong)latency));
            Assert.That(independent, Is.LessThan(chased / 4));
        }
    }

    [TestCase(4, 4U)]
    [TestCase(8, 8U)]
    public void Loads_led_by_indices_wait_for_each_other(int scale, uint bytes)
    {
        const int loads = 2000;
        using TimedRig rig = new();
        int[] order = [.. Enumerable.Range(0, loads).Select(i => i * ((int)Page / 4 / scale))];
        new Random(1).Shuffle(order);
        for (int i = 0; i < loads; i++)
            rig.Engine.Write(EngineRig.Data + ((ulong)order[i] * (uint)scale), (ulong)order[(i + 1) % loads]);
        rig.Load(a =>
        {
            Label again = a.CreateLabel();
            a.mov(rbx, EngineRig.Data);
            a.mov(eax, order[0]);
            a.mov(ecx, loads);
            a.Label(ref again);
            if (bytes == 4)
                a.mov(eax, __[rbx + (rax * scale)]);
            else
                a.mov(rax, __[rbx + (rax * scale)]);
            a.dec(ecx);
            a.jnz(again);
            a.hlt();
        });
        Assert.That(Measure(rig), Is.GreaterThan(loads * 95 / 100 * (ulong)rig.Parameters[Operation.DramAccess].Cycles));
    }

    [Test]
    public void Numbers_in_order_lead_nowhere()
    {
        const int loads = 2000;
        using TimedRig rig = new();
        for (ulong i = 0; i < loads; i++)
            rig.Engine.Write(EngineRig.Data + (i * Page / 4), i * Page / 4);
        rig.Load(a => Chase(a, dependent: false, loads));
        Assert.That(Measure(rig), Is.LessThan(loads / 4 * (ulong)rig.Parameters[Operation.DramAccess].Cycles));
    }

    [TestCase(4096, 64)]
    [TestCase(1 << 16, 1024)]
    public void A_repeated_move_costs_by_the_line(int bytes, int lines)
    {
        using TimedRig rig = new();
        rig.Load(a =>
        {
            a.mov(rsi, EngineRig.Data);
            a.mov(rdi, EngineRig.Data + (4 << 20));
            a.mov(ecx, bytes);
            a.rep.movsb();
            a.hlt();
        });
        rig.Run();
        Assert.That(rig.Run(), Is.GreaterThanOrEqualTo((ulong)lines * rig.Parameters[Operation.StringLine].Cycles));
    }

    [TestCase(64, 0, 0, Description = "64 pages fit the first level")]
    [TestCase(120, 120, 0, Description = "120 do not either, though all their lines fit L1D")]
    [TestCase(192, 192, 0, Description = "192 do not, swept in order, but fit the second")]
    public void A_sweep_of_pages_meets_the_levels_of_the_TLB(int pages, int second, int walks)
    {
        using TimedRig rig = new();
        rig.Load(a => Sweep(a, pages));
        rig.Run();
        ulong hits = rig.Counts.SecondLevelTlbHits, walked = rig.Counts.Walks;
        rig.Run();
        Assert.That((rig.Counts.SecondLevelTlbHits - hits, rig.Counts.Walks - walked), Is.EqualTo(((ulong)second, (ulong)walks)));
    }

    [Test]
    public void A_smaller_second_level_is_walked_past()
    {
        using TimedRig rig = new((CoreParameter.StlbEntries, 128));
        rig.Load(a => Sweep(a, 192));
        rig.Run();
        ulong walked = rig.Counts.Walks, references = rig.Counts.WalkReferences;
        rig.Run();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(rig.Counts.Walks - walked, Is.EqualTo(192));
            Assert.That(rig.Counts.WalkReferences - references, Is.EqualTo(192), "upper levels come from the caches of paging structures");
        }
    }

    [Test]
    public void INVLPG_makes_the_next_access_walk_all_levels_again()
    {
        using TimedRig rig = new();
        rig.Load(a =>
        {
            a.mov(rbx, EngineRig.Data);
            a.mov(rax, __[rbx]);
            a.invlpg(__[rbx]);
            a.mov(rax, __[rbx]);
            a.hlt();
        });
        rig.Run();
        ulong walks = rig.Counts.Walks, references = rig.Counts.WalkReferences;
        rig.Run();
        // the first access still knows the page; the one behind INVLPG, and the fetch if it shares the entries, walk
        Assert.That((rig.Counts.Walks - walks, rig.Counts.WalkReferences - references), Is.EqualTo((1UL, 4UL)));
    }

    [Test]
    public void CLFLUSH_sends_the_next_load_to_memory()
    {
        using TimedRig rig = new();
        rig.Load(a =>
        {
            a.mov(rbx, EngineRig.Data);
            a.mov(rax, __[rbx]);
            a.clflush(__[rbx]);
            a.mov(rax, __[rbx]);
            a.hlt();
        });
        rig.Run();
        ulong memory = rig.Counts.Data(Operation.DramAccess);
        rig.Run();
        Assert.That(rig.Counts.Data(Operation.DramAccess) - memory, Is.EqualTo(1), "the line stays between two runs but not over CLFLUSH");
    }

    [TestCase(4, 0, 4, 1)]
    [TestCase(4, 4, 24, 2)]
    [TestCase(5, 4, 29, 2)]
    [TestCase(4, 5, 29, 2)]
    [TestCase(5, 5, 35, 2)]
    public void A_cold_walk_makes_every_reference_and_a_warm_one_the_last(int levels, int eptLevels, int cold, int warm)
    {
        Seamsim.Timing.Dynamic.TranslationCaches caches = new(CoreParameters.Shipped);
        List<Seamsim.Isa.Hpa> references = [];
        caches.Reduce(1, 0x1000, WalkOf(levels, eptLevels, 0x1000), references);
        int first = references.Count;
        references.Clear();
        caches.Reduce(1, 0x2000, WalkOf(levels, eptLevels, 0x2000), references);
        Assert.That((first, references.Count), Is.EqualTo((cold, warm)));
    }

    private static WalkTrace WalkOf(int levels, int eptLevels, ulong linear)
    {
        WalkTrace walk = new();
        walk.Clear();
        for (int level = levels; level >= 0; level--)
        {
            // tables lie so far apart that no walk for one helps that for another
            ulong gpa = level == 0 ? 0x4000_0000 + linear : (ulong)level << 49;
            for (int ept = eptLevels; ept >= 1; ept--)
                walk.Add(new WalkReference(new Seamsim.Isa.Hpa(((ulong)level << 20) + ((ulong)ept << 12)), (byte)level, (byte)ept, gpa));
            if (level > 0)
                walk.Add(new WalkReference(new Seamsim.Isa.Hpa((ulong)level << 16), (byte)level, 0, 0));
        }
        (walk.IsWhole, walk.Eptp) = (true, eptLevels == 0 ? 0UL : 0x5000);
        return walk;
    }

    private static ulong Measure(TimedRig rig)
    {
        rig.Run();
        rig.EmptyCaches();
        return rig.Run();
    }

    private static void Chase(Assembler a, bool dependent, int loads)
    {
        Label again = a.CreateLabel();
        a.mov(rax, EngineRig.Data);
        a.mov(rbx, EngineRig.Data);
        a.mov(ecx, loads);
        a.Label(ref again);
        if (dependent)
            a.mov(rax, __[rax]);
        else
            a.mov(edx, __[rbx + 8]);
        a.add(rbx, (int)(Page / 4));
        a.dec(ecx);
        a.jnz(again);
        a.hlt();
    }

    private static void Sweep(Assembler a, int pages)
    {
        Label again = a.CreateLabel();
        a.mov(rbx, EngineRig.Data);
        a.mov(ecx, pages);
        a.Label(ref again);
        a.mov(rax, __[rbx]);
        a.add(rbx, (int)(Page + Line));
        a.dec(ecx);
        a.jnz(again);
        a.hlt();
    }
}
