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

    [Test]
    public void A_core_that_lacks_a_row_is_refused_with_its_name()
    {
        const string header = "key,value,source\n";
        Assert.That(() => PipelineParameters.Parse("mine.csv", header, static _ => null),
            Throws.TypeOf<InvalidDataException>().With.Message.StartsWith("mine.csv: "));
        Assert.That(() => PipelineParameters.Parse("mine.csv", header + "ports,0 1,mine\n", static _ => null),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("issue_width"));
    }
}
