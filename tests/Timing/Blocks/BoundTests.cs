using Seamsim.Timing.Blocks;

namespace Seamsim.Tests.BlockCosts;

/// <summary>Each bound on its own, worked out by hand.</summary>
[TestFixture]
internal sealed class BoundTests
{
    private static readonly PipelineParameters Skl = PipelineParameters.Find("skl")!, Hsw = PipelineParameters.Find("hsw")!,
        Icl = PipelineParameters.Find("icl")!, GoldenCove = PipelineParameters.Find("golden-cove")!;

    // core | hex | part | cycles | why
    [TestCase("skl", "4801d84801d84801d84801d84801d890", Bottleneck.Predecode, "2.00",
        TestName = "Six that end in a block take two cycles")]
    [TestCase("skl", "9090909090", Bottleneck.Predecode, "1.25",
        TestName = "Sixteen bytes of NOP take four cycles and are 3.2 blocks of five")]
    [TestCase("skl", "66053412", Bottleneck.Predecode, "3.25",
        TestName = "A length-changing prefix stalls three cycles")]
    [TestCase("skl", "660500004801d84801d84801d84801d8", Bottleneck.Predecode, "4.00",
        TestName = "One prefix in a block of five instructions adds three cycles to one")]
    [TestCase("skl", "66480500000000", Bottleneck.Predecode, "0.44", TestName = "REX.W makes the prefix harmless")]
    [TestCase("golden-cove", "90", Bottleneck.Predecode, "0.19",
        TestName = "Six a cycle of thirty-two bytes on Golden Cove")]
    [TestCase("skl", "9090909090", Bottleneck.Decode, "1.25",
        TestName = "Five simple ones take five quarters of a cycle")]
    [TestCase("skl", "48014f0848014f10", Bottleneck.Decode, "2.00",
        TestName = "Two that need the complex decoder take two cycles")]
    [TestCase("skl", "4801c84801ca4801cb4801ce", Bottleneck.Ports, "1.00", TestName = "Four on four ports")]
    [TestCase("skl", "48c1e0054801ca", Bottleneck.Ports, "0.50",
        TestName = "A shift and an add share four ports without conflict")]
    [TestCase("skl", "48c1e00548c1e205480fafd9480faff1", Bottleneck.Ports, "2.00",
        TestName = "Two multiplications on one port")]
    [TestCase("skl", "488b0f488b5708488907", Bottleneck.Ports, "1.00",
        TestName = "Two loads and a store address on p237")]
    [TestCase("skl", "488b0f488b570848890477", Bottleneck.Ports, "1.50", TestName = "An indexed store cannot use p7")]
    [TestCase("skl", "480307", Bottleneck.Issue, "0.25", TestName = "A load and an ALU µop micro-fuse")]
    [TestCase("skl", "480b0477", Bottleneck.Issue, "0.25", TestName = "Two operands and an index stay fused")]
    [TestCase("skl", "483b0477", Bottleneck.Issue, "0.50", TestName = "A comparison with an index is unlaminated")]
    [TestCase("skl", "4d3b74c00889c7", Bottleneck.Issue, "1.00",
        TestName = "The halves of an unlaminated µop issue together")]
    [TestCase("icl", "4d3b74c00889c7", Bottleneck.Issue, "0.67",
        TestName = "Five slots hold both halves and three more")]
    [TestCase("skl", "4839d875fb", Bottleneck.Issue, "0.25", TestName = "A comparison and its jump are one slot")]
    [TestCase("skl", "5b4883ec08", Bottleneck.Issue, "0.75", TestName = "POP, SUB RSP and the µop that synchronises")]
    [TestCase("skl", "53", Bottleneck.Issue, "0.26", TestName = "Every twenty-fifth PUSH synchronises")]
    [TestCase("skl", "4889c34889d8", Bottleneck.Dependencies, "0.00", TestName = "Eliminated moves have no latency")]
    [TestCase("icl", "4889c34889d8", Bottleneck.Dependencies, "2.00", TestName = "Ice Lake eliminates no general move")]
    [TestCase("golden-cove", "4889c34889d8", Bottleneck.Dependencies, "0.00", TestName = "Golden Cove does")]
    [TestCase("skl", "480fafc34831c0", Bottleneck.Dependencies, "0.00", TestName = "A zero idiom breaks a chain")]
    [TestCase("skl", "4889da488d5901488d4e01488d741201", Bottleneck.Dependencies, "1.67",
        TestName = "Three iterations through three registers take the mean of their latencies")]
    [TestCase("skl", "48ff07488b07", Bottleneck.Dependencies, "5.00",
        TestName = "A load of what was stored is no part of the chain")]
    [TestCase("skl", "488b074883c00148894708", Bottleneck.Dependencies, "0.00",
        TestName = "Another displacement is another place")]
    [TestCase("skl", "488b074883c001488907", Bottleneck.Dependencies, "5.00",
        TestName = "Load, add and store go through memory")]
    [TestCase("skl", "488b074883c00148890748 83c708", Bottleneck.Dependencies, "1.00",
        TestName = "An address that moves on is another place each time")]
    [TestCase("skl", "488b0748894708 4883c708", Bottleneck.Dependencies, "4.00",
        TestName = "A moved address meets what the iteration before stored")]
    [TestCase("skl", "f8480fafc34811d8", Bottleneck.Dependencies, "4.00",
        TestName = "CLC ends the chain through CF, not the one through RAX")]
    [TestCase("skl", "480fbcc3", Bottleneck.Dependencies, "3.00",
        TestName = "BSF keeps its destination when the source is zero")]
    [TestCase("skl", "f3480fbcc3", Bottleneck.Dependencies, "0.00", TestName = "TZCNT does not")]
    [TestCase("skl", "c5f35ec2", Bottleneck.Blocking, "0.00", TestName = "A division holds the divider and blocks nothing")]
    [TestCase("skl", "0faef0", Bottleneck.Blocking, "33.00", TestName = "A fence blocks the next one")]
    [TestCase("skl", "0faef0", Bottleneck.Divider, "0.00", TestName = "A fence does not divide")]
    [TestCase("skl", "0faef0f3900faef0", Bottleneck.Blocking, "140.00", TestName = "Each blocks only its own kind")]
    [TestCase("icl", "62f17c4858c1", Bottleneck.Dependencies, "4.00", TestName = "512 bits: the chain of VADDPS")]
    [TestCase("golden-cove", "62a17c0058c1", Bottleneck.Dependencies, "3.00", TestName = "XMM16 to XMM31 are registers too")]
    [TestCase("icl", "62f1744958c2", Bottleneck.Dependencies, "4.00", TestName = "A merging mask keeps the destination")]
    [TestCase("icl", "62f174c958c2", Bottleneck.Dependencies, "0.00", TestName = "A zeroing mask does not")]
    [TestCase("icl", "62f17cc958c1", Bottleneck.Dependencies, "4.00", TestName = "But a source that is the destination is read")]
    [TestCase("golden-cove", "62f1754976c2", Bottleneck.Dependencies, "0.00", TestName = "A comparison under another mask")]
    [TestCase("golden-cove", "62f1754976ca", Bottleneck.Dependencies, "3.00", TestName = "A comparison into its own mask")]
    [TestCase("icl", "62f17d48efc0", Bottleneck.Dependencies, "0.00", TestName = "VPXORD of a register with itself is zero")]
    [TestCase("icl", "62f1744c5ec2", Bottleneck.Divider, "10.00", TestName = "A division of 512 bits")]
    [TestCase("golden-cove", "d8c1", Bottleneck.Dependencies, "3.00", TestName = "x87: FADD to ST(0)")]
    [TestCase("hsw", "dcc9", Bottleneck.Dependencies, "5.00", TestName = "x87: FMUL to ST(1)")]
    [TestCase("skl", "dd00dec1", Bottleneck.Dependencies, "3.00", TestName = "FLD and FADDP: the old ST(0) is the sum")]
    [TestCase("skl", "dd00ddd8", Bottleneck.Dependencies, "0.00", TestName = "FLD and FSTP ST(0): nothing stays")]
    [TestCase("skl", "d9c9d8c1", Bottleneck.Dependencies, "3.00", TestName = "FXCH exchanges and takes no time")]
    [TestCase("skl", "d9c0d8c9ddd9", Bottleneck.Dependencies, "6.00",
        TestName = "FLD ST, FMUL and FSTP ST(1): the square of ST(0) replaces it")]
    [TestCase("skl", "d9c0d8c1", Bottleneck.Dependencies, "4.00",
        TestName = "What is pushed each time is the next iteration's ST(0)")]
    public void A_bound_is_what_the_rules_say(string core, string hex, Bottleneck part, string cycles)
    {
        BlockReport report = Report(hex, Core(core));
        Assert.That(report.Unrolled.All.Single(bound => bound.Part == part).Cycles.ToString(), Is.EqualTo(cycles));
    }

    [TestCase("f30f58c1")]     // addss xmm0, xmm1
    [TestCase("c5f858c1")]     // vaddps xmm0, xmm0, xmm1
    [TestCase("c5fc58c1")]     // vaddps ymm0, ymm0, ymm1
    [TestCase("62f17c4858c1")] // vaddps zmm0, zmm0, zmm1
    public void Golden_Cove_adds_in_three_cycles_whatever_the_width(string hex)
    {
        Assert.That(Report(hex, GoldenCove).Unrolled.Cycles, Is.EqualTo(new Ratio(3, 1))); // uops.info ADL-P; ZMM: LLVM 19
    }

    // uops.info, measured throughput: skl, icl, golden-cove
    [TestCase("f0480fc106", 18, 18, 18)]   // lock xadd [rsi], rax
    [TestCase("488706", 18, 18, 17)]       // xchg [rsi], rax
    [TestCase("f0480fb10e", 17, 19, 19)]   // lock cmpxchg [rsi], rcx
    [TestCase("f0480106", 18, 18, 18)]     // lock add [rsi], rax
    [TestCase("f048ff06", 18, 18, 18)]     // lock inc qword [rsi]
    public void Locked_instructions_that_hand_on_registers_and_memory_follow_each_other_as_measured(
        string hex, int skl, int icl, int goldenCove)
    {
        Assert.That(new[] { Skl, Icl, GoldenCove }.Select(core => Report(hex, core).Unrolled.Cycles),
            Is.EqualTo(new[] { new Ratio(skl, 1), new Ratio(icl, 1), new Ratio(goldenCove, 1) }));
    }

    [Test]
    public void A_plain_load_waits_for_all_of_a_locked_store()
    {
        // lock add [rsi], rax; mov rax, [rsi]: the table's way from RAX through the lock to the load, 32 cycles
        Assert.That(Report("f0480106488b06", Icl).Unrolled.Cycles, Is.EqualTo(new Ratio(32, 1)));
    }

    [TestCase(0x1BUL, Bottleneck.Predecode, TestName = "A fused jump that ends at the boundary is not cached")]
    [TestCase(0x1EUL, Bottleneck.Predecode, TestName = "Nor is one that crosses it")]
    [TestCase(0x1AUL, Bottleneck.Dsb, TestName = "One that ends before it is")]
    [TestCase(0x20UL, Bottleneck.Dsb, TestName = "And one that starts behind it")]
    public void The_jcc_erratum_keeps_a_loop_out_of_the_uop_cache(ulong rip, Bottleneck front)
    {
        byte[] code = Convert.FromHexString("4839d875fb");
        Assert.That(BlockReport.Of(code, rip, Skl, BlockStart.Distinct, out _)!.Looped.All[0].Part, Is.EqualTo(front));
        Assert.That(BlockReport.Of(code, rip, GoldenCove, BlockStart.Distinct, out _)!.Looped.All[0].Part,
            Is.EqualTo(Bottleneck.Dsb));
    }

    // add rax, 1 is four bytes: eight in a window of 32 need two lines of six, sixteen in a window of 64 three, or two of
    // eight; so 256 lines hold 1024 of them, 384 hold 2048, and 512 hold 4096.
    [TestCase("skl", 1024)]
    [TestCase("hsw", 1024)]
    [TestCase("icl", 2048)]
    [TestCase("golden-cove", 4096)]
    public void A_loop_larger_than_the_uop_cache_is_decoded_each_time(string name, int most)
    {
        BlockReport fits = Report(Adds(most), Core(name)), larger = Report(Adds(most + 1), Core(name));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(fits.Looped.All[0].Part, Is.EqualTo(Bottleneck.Dsb));
            Assert.That(larger.Looped.All.Take(2).Select(bound => bound.Part),
                Is.EqualTo(new[] { Bottleneck.Predecode, Bottleneck.Decode }));
            Assert.That(larger.Looped.All[1], Is.EqualTo(larger.Unrolled.All[1]));
        }
        static string Adds(int count) => string.Concat(Enumerable.Repeat("4883c001", count));
    }

    [Test]
    public void A_small_loop_runs_from_the_queue_where_there_is_a_detector()
    {
        // add, add, dec and jne: three fused µops, four slots a cycle, unrolled eight times: 24 µops in six cycles.
        const string loop = "4801cb4801ce48ffca75f5";
        Assert.That(Report(loop, Hsw).Looped.All[0], Is.EqualTo((Bottleneck.Lsd, new Ratio(6, 8))));
        Assert.That(Report(loop, Icl).Looped.All[0], Is.EqualTo((Bottleneck.Lsd, new Ratio(4, 6))));
        Assert.That(Report(loop, Skl).Looped.All[0], Is.EqualTo((Bottleneck.Dsb, new Ratio(1, 1))));
    }

    // first | jump | fuses
    [TestCase("4839d8", "74fe", true)]   // cmp; je
    [TestCase("4839d8", "72fe", true)]   // cmp; jb
    [TestCase("4839d8", "70fe", false)]  // cmp; jo
    [TestCase("4839d8", "78fe", false)]  // cmp; js
    [TestCase("4885c0", "70fe", true)]   // test; jo
    [TestCase("4885c0", "7afe", true)]   // test; jp
    [TestCase("4821d8", "78fe", true)]   // and; js
    [TestCase("4801d8", "77fe", true)]   // add; ja
    [TestCase("48ffc0", "7cfe", true)]   // inc; jl
    [TestCase("48ffc0", "72fe", false)]  // inc; jb
    [TestCase("48ffc8", "76fe", false)]  // dec; jbe
    [TestCase("4809d8", "74fe", false)]  // or; je
    [TestCase("48d1e0", "74fe", false)]  // shl; je
    [TestCase("483b07", "74fe", true)]   // cmp with memory; je
    [TestCase("48833f05", "74fe", false)] // cmp of memory with an immediate; je
    [TestCase("4839d8", "ebfe", false)]  // cmp; jmp
    public void Pairs_fuse_as_the_manual_says(string first, string jump, bool fuses)
    {
        foreach (PipelineParameters core in new[] { Hsw, Skl, Icl, GoldenCove })
        {
            BlockReport report = Report(first + jump, core);
            Assert.That(report.Instructions[0].FusedWith, fuses ? Is.EqualTo(1) : Is.Null, core.Name);
        }
    }

    [TestCase("4831c0", true)]        // xor rax, rax
    [TestCase("31c0", true)]          // xor eax, eax
    [TestCase("4829c0", true)]        // sub rax, rax
    [TestCase("660fefc0", true)]      // pxor xmm0, xmm0
    [TestCase("0f57c0", true)]        // xorps xmm0, xmm0
    [TestCase("c5f9efc0", true)]      // vpxor xmm0, xmm0, xmm0
    [TestCase("c5f1efc2", false)]     // vpxor xmm0, xmm1, xmm2
    [TestCase("4831d8", false)]       // xor rax, rbx
    [TestCase("4809c0", false)]       // or rax, rax
    [TestCase("48c7c000000000", false)] // mov rax, 0
    public void Zero_idioms_execute_nowhere_and_wait_for_nothing(string hex, bool idiom)
    {
        foreach (PipelineParameters core in new[] { Hsw, Skl, Icl })
        {
            InstructionReport one = Report(hex, core).Instructions[0];
            Assert.That(one.Executed == 0, Is.EqualTo(idiom), core.Name);
            Assert.That(one.Notes.Contains("zero idiom: no port"), Is.EqualTo(idiom), core.Name);
        }
    }

    [Test]
    public void Port_loads_add_up_to_the_uops_and_the_fullest_is_the_bound()
    {
        BlockReport report = Report("48c1e00548c1e205480fafd9480faff1488b0f488907", Skl);
        Ratio sum = report.Ports.Aggregate(Ratio.Zero, (total, port) => total + port.MicroOps);
        Ratio fullest = report.Ports.Max(port => port.MicroOps);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(sum, Is.EqualTo(new Ratio(report.Instructions.Sum(one => one.Executed), 1)));
            Assert.That(fullest, Is.EqualTo(report.Unrolled.All.Single(b => b.Part == Bottleneck.Ports).Cycles));
            Assert.That(report.CriticalPorts, Is.EqualTo("p1"));
        }
    }

    internal static BlockReport Report(string hex, PipelineParameters core, BlockStart start = BlockStart.Distinct) =>
        BlockReport.Of(Convert.FromHexString(hex.Replace(" ", "")), 0, core, start, out string reason)
        ?? throw new AssertionException(reason);

    private static PipelineParameters Core(string name) =>
        new[] { Hsw, Skl, Icl, GoldenCove }.Single(core => core.Name == name);
}
