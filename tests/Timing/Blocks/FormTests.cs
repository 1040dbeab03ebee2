using Iced.Intel;
using Seamsim.Timing.Blocks;

namespace Seamsim.Tests.BlockCosts;

/// <summary>Every instruction has a cost, whatever it is, and always the same one.</summary>
[TestFixture]
internal sealed class FormTests
{
    [TestCase("skl")]
    [TestCase("hsw")]
    [TestCase("icl")]
    [TestCase("golden-cove")]
    public void Random_bytes_cost_something_or_are_refused_with_a_reason(string name)
    {
        PipelineParameters core = PipelineParameters.Find(name)!;
        Random random = new(20230);
        byte[] code = new byte[15];
        int decoded = 0;
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(code);
            Decoder decoder = Decoder.Create(64, code);
            decoder.Decode(out Instruction one);
            ReadOnlySpan<byte> bytes = code.AsSpan(0, Math.Max(1, one.Length));
            BlockReport? report = BlockReport.Of(bytes, 0, core, BlockStart.Distinct, out string reason);
            if (report is null)
            {
                Assert.That(reason, Does.StartWith("byte 0: "));
                continue;
            }
            decoded++;
            Assert.That(report.Unrolled.Cycles > Ratio.Zero && report.Looped.Cycles > Ratio.Zero, report.Hex);
        }
        Assert.That(decoded, Is.GreaterThan(10_000));
    }

    [Test]
    public void A_form_in_no_table_has_the_default_cost_and_says_so()
    {
        // VMREAD rax, rbx; no published table has it.
        InstructionReport one = BoundTests.Report("0f78d8", PipelineParameters.Find("skl")!).Instructions[0];
        Assert.That((one.Fused, one.Ports, one.Notes[0]), Is.EqualTo((1, "1*p0156", "form in no table: default cost")));
    }

    [TestCase("488b07", "1*p23")]                    // mov rax, [rdi]
    [TestCase("8807", "1*p237+1*p4")]                // mov [rdi], al
    [TestCase("88840700010000", "1*p23+1*p4")]       // mov [rdi+rax+256], al
    [TestCase("f0480fb10f", "")]                     // lock cmpxchg [rdi], rcx: microcode
    [TestCase("48d3e0", "3*p06")]                    // shl rax, cl
    [TestCase("48c1e003", "1*p06")]                  // shl rax, 3
    [TestCase("480f44c3", "1*p06")]                  // cmove rax, rbx
    [TestCase("0f94c0", "1*p06")]                    // sete al
    [TestCase("c4e2f1b8c2", "1*p01")]                // vfmadd231pd xmm0, xmm1, xmm2
    [TestCase("f20f1007", "1*p23")]                  // movsd xmm0, [rdi]
    [TestCase("f20f10c1", "1*p5")]                   // movsd xmm0, xmm1
    [TestCase("66480f6ec0", "1*p5")]                 // movq xmm0, rax
    [TestCase("f30f1efa", "")]                       // endbr64: a NOP
    [TestCase("488d4007", "1*p15")]                  // lea rax, [rax+7]
    [TestCase("488d444307", "1*p1")]                 // lea rax, [rbx+rax*2+7]
    public void A_form_is_found_by_name_operands_and_prefixes(string hex, string ports)
    {
        InstructionReport one = BoundTests.Report(hex, PipelineParameters.Find("skl")!).Instructions[0];
        Assert.That(one.Notes, Does.Not.Contain("form in no table: default cost"));
        if (ports.Length > 0)
            Assert.That(one.Ports, Is.EqualTo(ports));
    }

    // skl: Skylake-X | icl | golden-cove: LLVM 19; that a plain load has no blend, and what 64 bytes take, is assumed
    [TestCase("62f1744858c2", "1*p05", "1*p0", "1*p05")]                       // vaddps zmm0, zmm1, zmm2
    [TestCase("62f1744958c2", "1*p05", "1*p0", "1*p05")]                       // vaddps zmm0{k1}, zmm1, zmm2
    [TestCase("62f1745858c2", "1*p05", "1*p0", "1*p05")]                       // vaddps zmm0, zmm1, zmm2, {rd-sae} rounding
    [TestCase("62f174485800", "1*p05+1*p23", "1*p0+1*p23", "1*p05+1*p23")]     // vaddps zmm0, zmm1, [rax]
    [TestCase("62f174585800", "1*p05+1*p23", "1*p0+1*p23", "1*p05+1*p23A")]    // vaddps zmm0, zmm1, [rax]{1to16}
    [TestCase("62f17c481000", "1*p23", "1*p23", "1*p23")]                      // vmovups zmm0, [rax]: two a cycle
    [TestCase("62f17c481100", "1*p237+1*p4", "1*p4+1*p78", "1*p4+1*p78")]      // vmovups [rax], zmm0: one a cycle
    [TestCase("c5f44ac2", "1*p5", "1*p5", "1*p5")]                             // kaddw k0, k1, k2
    [TestCase("62f1754876c2", "1*p5", "1*p5", "1*p5")]                         // vpcmpeqd k0, zmm1, zmm2
    [TestCase("d8c1", "1*p5", "1*p5", "1*p5")]                                 // fadd st, st(1)
    [TestCase("d8c9", "1*p0", "1*p0", "1*p0")]                                 // fmul st, st(1)
    [TestCase("dc00", "1*p5+1*p23", "1*p5+1*p23", "1*p5+1*p23A")]              // fadd qword ptr [rax]
    public void Vectors_of_512_bits_and_x87_go_to_the_ports_that_have_them(
        string hex, string skl, string icl, string goldenCove)
    {
        Assert.That(new[] { "skl", "icl", "golden-cove" }.Select(core =>
                BoundTests.Report(hex, PipelineParameters.Find(core)!).Instructions[0].Ports),
            Is.EqualTo(new[] { skl, icl, goldenCove }));
    }

    [Test]
    public void The_order_in_which_blocks_are_asked_for_does_not_matter()
    {
        string[] blocks =
            ["48014f08", "488b0448", "660fefc1", "f3480fbcc3", "48ff07", "4839d875fb", "0f78d8", "5b4883ec08"];
        PipelineParameters forth = PipelineParameters.Find("skl")!, back = PipelineParameters.Find("skl")!;
        BlockCost[] first = [.. blocks.Select(hex => BlockPredictor.Predict(Convert.FromHexString(hex), 0, forth))];
        BlockCost[] last =
            [.. blocks.Reverse().Select(hex => BlockPredictor.Predict(Convert.FromHexString(hex), 0, back))];
        Assert.That(last.Reverse(), Is.EqualTo(first));
    }

    [TestCase("4801d8", 1u, 16u)]
    [TestCase("4889da488d5901488d4e01488d741201", 2u, 27u)]
    [TestCase("0f", 1u, 16u)]
    public void A_block_is_charged_whole_cycles_and_never_nothing(string hex, uint cycles, uint sixteenths)
    {
        BlockCost cost = BlockPredictor.Predict(Convert.FromHexString(hex), 0x1000, PipelineParameters.Find("skl")!);
        Assert.That((cost.Cycles, cost.Sixteenths), Is.EqualTo((cycles, sixteenths)));
    }

    // uops.info ADL-P, measured throughput; their µops alone would take 1 to 13 cycles
    [TestCase("0faee8", 12)]   // lfence
    [TestCase("0faef0", 38)]   // mfence
    [TestCase("0faef8", 6)]    // sfence
    [TestCase("f390", 160)]    // pause
    [TestCase("0fa2", 123)]    // cpuid
    [TestCase("0f31", 26)]     // rdtsc
    [TestCase("0f01e8", 105)]  // serialize
    [TestCase("9d", 27)]       // popfq
    [TestCase("0f01d0", 20)]   // xgetbv
    [TestCase("0f0110", 134)]  // lgdt [rax]
    [TestCase("0f00e8", 78)]   // verw ax
    public void What_its_microoperations_do_not_explain_costs_what_was_measured(string hex, int cycles)
    {
        BlockReport one = BoundTests.Report(hex, PipelineParameters.Find("golden-cove")!);
        Assert.That((one.Unrolled.Cycles, one.Looped.Cycles), Is.EqualTo((new Ratio(cycles, 1), new Ratio(cycles, 1))));
    }

    [Test]
    public void A_core_that_lacks_a_row_is_refused_with_its_name()
    {
        const string header = "key,value,source\n";
        Assert.That(() => PipelineParameters.Parse("mine.csv", header, static _ => null),
            Throws.TypeOf<InvalidDataException>().With.Message.StartsWith("mine.csv: "));
        Assert.That(() => PipelineParameters.Parse("mine.csv", header + "ports,0 1,mine\n", static _ => null),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("issue_width"));
    }

    [Test]
    public void A_copy_of_a_shipped_core_and_its_table_is_the_core(
        [ValueSource(typeof(PipelineParameters), nameof(PipelineParameters.Shipped))] string name)
    {
        string table = PipelineParameters.InstructionsOf(name)!;
        PipelineParameters copy = PipelineParameters.Parse("copy.csv", PipelineParameters.TextOf(name)!, _ => table);
        byte[] block = Convert.FromHexString("4801d8480fafc3488b0448");
        Assert.That(BlockPredictor.Predict(block, 0, copy),
            Is.EqualTo(BlockPredictor.Predict(block, 0, PipelineParameters.Find(name)!)));
    }

    [Test]
    public void A_port_more_in_the_core_and_in_the_table_lets_more_run_in_a_cycle()
    {
        const string block = "48ffc048ffc348ffc148ffc248ffc648ffc7"; // six increments
        string core = PipelineParameters.TextOf("golden-cove")!.Replace(
            "ports,0 1 2 3 4 5 6 7 8 9 A B,", "ports,0 1 2 3 4 5 6 7 8 9 A B C,", StringComparison.Ordinal);
        string table = PipelineParameters.InstructionsOf("golden-cove")!.Replace(
            "p0156B", "p0156BC", StringComparison.Ordinal);
        PipelineParameters mine = PipelineParameters.Parse("mine.csv", core, _ => table);
        BlockReport six = BoundTests.Report(block, mine), five = BoundTests.Report(block, PipelineParameters.Find("golden-cove")!);
        Assert.That((PortCycles(six), PortCycles(five)), Is.EqualTo((new Ratio(1, 1), new Ratio(6, 5))));
    }

    [TestCase("\nports,0 1 2 3 4 5 6 7", "\nports,0 1 2 3 4 5 6", "store_ports: expected ports from 0123456")]
    [TestCase("issue_width,4", "issue_width,0", "mine.csv:4: issue_width: expected a whole number from 1")]
    [TestCase("issue_width,4", "issue_width,99999999999", "mine.csv:4: issue_width: expected a whole number from 1")]
    [TestCase("issue_width,4", "isue_width,4", "expected a row issue_width")]
    [TestCase("issue_width,4", "issue_widht,9,mine\nissue_width,4", "mine.csv:4: issue_widht: no such key")]
    [TestCase("issue_width,4", "issue_width,9,mine\nissue_width,4", "mine.csv:5: issue_width: a second row")]
    [TestCase("load_ports,2 3", "load_ports,2 Z", "load_ports: expected ports as in")]
    [TestCase("load_ports,2 3", "load_ports,2 9", "load_ports: expected ports as in")]
    [TestCase("store_ports,1*p237+1*p4", "store_ports,1*q237", "store_ports: expected µops as in")]
    [TestCase("store_ports,1*p237+1*p4", "store_ports,1*p9", "store_ports: expected ports from 01234567")]
    [TestCase("instructions-skl.csv", "nowhere.csv", "instructions: expected the name of a shipped table or of a file")]
    [TestCase("instructions-skl.csv", "instructions-icl.csv", "the core has ports 01234567 only")]
    public void A_core_that_is_edited_wrongly_is_refused_with_the_row(string row, string edited, string message)
    {
        string core = PipelineParameters.TextOf("skl")!.Replace(row, edited, StringComparison.Ordinal);
        Assert.That(() => PipelineParameters.Parse("mine.csv", core, static _ => null),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(message));
    }

    [TestCase("1*p01,R1>R0=4", "1*p0z,R1>R0=4", "expected ports as in")]
    [TestCase("1*p01,R1>R0=4", "1*p01,R1>=4", "expected a latency as in")]
    public void A_table_that_is_edited_wrongly_is_refused_with_its_line(string cells, string edited, string message)
    {
        string table = PipelineParameters.InstructionsOf("skl")!.Replace(cells, edited, StringComparison.Ordinal);
        Assert.That(() => PipelineParameters.Parse("mine.csv", PipelineParameters.TextOf("skl")!, _ => table),
            Throws.TypeOf<InvalidDataException>().With.Message.Match(@"^instructions-skl\.csv:\d+: " + message));
    }

    private static Ratio PortCycles(BlockReport report) =>
        report.Looped.All.Single(bound => bound.Part == Bottleneck.Ports).Cycles;
}
