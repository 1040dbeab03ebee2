using Iced.Intel;
using Seamsim.Isa.Decode;
using Seamsim.Tests.Isa.Forms;
using Seamsim.Timing.Blocks;

namespace Seamsim.Tests.BlockCosts;

/// <summary>Which forms of the Sapphire Rapids model the tables of instructions know.</summary>
[TestFixture]
internal sealed class TableCoverageTests
{
    private const string DefaultCost = "form in no table: default cost";
    private const int Encodings = 8;

    // families of computation; the rest are system instructions, AMX and hints that nobody has published figures of
    private static readonly string[] Families = ["FPU", "MMX", "SSE", "SSSE", "AVX", "FMA", "F16C", "BMI", "AES", "VAES",
        "PCLMUL", "VPCLMUL", "SHA", "GFNI", "POPCNT", "LZCNT", "ADX", "MOVBE"];

    // core | families it has no unit for, and has no rows of
    [TestCase("golden-cove", "")]
    [TestCase("icl", "FP16 BF16 AVX_VNNI")]
    [TestCase("skl", "FP16 BF16 VNNI AVX512_ AVX512F+ AVX+ GFNI SHA VAES VPCLMUL")]
    [TestCase("hsw", "AVX512 AVX_VNNI GFNI SHA VAES VPCLMUL ADX AVX+")]
    public void Every_form_that_computes_has_a_row(string name, string without)
    {
        PipelineParameters core = PipelineParameters.Find(name)!;
        OperandRandom random = new(7);
        FormEncoder encoder = new(random);
        string[] missing = without.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int forms = 0;
        using (Assert.EnterMultipleScope())
            foreach (InstructionForm form in InstructionForm.Load())
            {
                if (form.State != FormState.Implemented || !form.Models.Contains("sapphire-rapids")
                    || !form.Modes.Contains("64") || !Families.Any(form.Family.StartsWith)
                    || missing.Any(form.Family.Contains))
                    continue;
                forms++;
                OpCodeInfo code = Enum.Parse<Code>(form.Name).ToOpCode();
                for (int i = 0; i < Encodings && encoder.TryEncode(code, 64, 0, out ReadOnlySpan<byte> bytes); i++)
                    if (BlockReport.Of(bytes, 0, core, BlockStart.Distinct, out _)?.Instructions[0] is { } one)
                        Assert.That(one.Notes, Does.Not.Contain(DefaultCost), $"{form.Family} {form.Name}: {one.Text}");
            }
        Assert.That(forms, Is.GreaterThan(800));
    }
}
