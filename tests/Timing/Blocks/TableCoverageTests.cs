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

    [Test]
    public void Every_x87_form_has_a_row(
        [ValueSource(typeof(PipelineParameters), nameof(PipelineParameters.Shipped))] string name)
    {
        PipelineParameters core = PipelineParameters.Find(name)!;
        OperandRandom random = new(7);
        FormEncoder encoder = new(random);
        int forms = 0;
        using (Assert.EnterMultipleScope())
            foreach (InstructionForm form in InstructionForm.Load())
            {
                if (form.State != FormState.Implemented || !form.Models.Contains("sapphire-rapids")
                    || !form.Modes.Contains("64") || !form.Family.StartsWith("FPU", StringComparison.Ordinal))
                    continue;
                forms++;
                OpCodeInfo code = Enum.Parse<Code>(form.Name).ToOpCode();
                for (int i = 0; i < Encodings && encoder.TryEncode(code, 64, 0, out ReadOnlySpan<byte> bytes); i++)
                    if (BlockReport.Of(bytes, 0, core, BlockStart.Distinct, out _)?.Instructions[0] is { } one)
                        Assert.That(one.Notes, Does.Not.Contain(DefaultCost), $"{form.Family} {form.Name}: {one.Text}");
            }
        Assert.That(forms, Is.GreaterThan(140));
    }
}
