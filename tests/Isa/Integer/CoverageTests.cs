using Iced.Intel;
using Seamsim.Isa.Decode;
using Seamsim.Isa.Models;
using Seamsim.Tests.Isa.Models;

namespace Seamsim.Tests.Isa.Integer;

public sealed class CoverageTests
{
    // Families that have tables of their own: vector and x87 units, and the modes' own instructions.
    private static readonly string[] Elsewhere =
    [
        "AVX", "FPU", "MMX", "SSE", "FMA", "F16C", "SHA", "GFNI", "AES", "PCLMUL",
    ];

    private static readonly Mnemonic[] OfModes =
    [
        Mnemonic.Wait, Mnemonic.Arpl, Mnemonic.Lar, Mnemonic.Lsl, Mnemonic.Sysenter, Mnemonic.Sysexit, Mnemonic.Sysexitq,
        Mnemonic.Rdpkru, Mnemonic.Wrpkru, Mnemonic.Rdsspd, Mnemonic.Rdsspq, Mnemonic.Incsspd, Mnemonic.Incsspq,
        Mnemonic.Setssbsy, Mnemonic.Clrssbsy, Mnemonic.Saveprevssp, Mnemonic.Rstorssp, Mnemonic.Wrssd, Mnemonic.Wrssq,
        Mnemonic.Wrussd, Mnemonic.Wrussq,
    ];

    // Bound by the engine itself.
    private static readonly Mnemonic[] OfTheEngine =
    [
        Mnemonic.Xchg, Mnemonic.Xadd, Mnemonic.Cmpxchg, Mnemonic.Movzx, Mnemonic.Movsx, Mnemonic.Movsxd, Mnemonic.Movbe,
    ];

    [Test]
    public void Every_general_form_that_the_model_enumerates_is_implemented()
    {
        using TestPlatform platform = new(new CpuParameters());
        FeatureGate features = platform.Cores[0].Features;
        IEnumerable<Code> missing = Enum.GetValues<Code>().Where(c => c.ToOpCode().IsInstruction
            && c.CpuidFeatures().All(f => features.Has(f) && !Elsewhere.Any(e => f.ToString().Contains(e, StringComparison.Ordinal)))
            && !IsImplemented(c) && !OfModes.Contains(c.Mnemonic()));
        Assert.That(missing, Is.Empty);
    }

    private static bool IsImplemented(Code code) =>
        InstructionTable.TryFind(code.Mnemonic(), out _) || SystemTable.Find(new Instruction { Code = code }) is not null
        || OfTheEngine.Contains(code.Mnemonic()) || code.IsJccShortOrNear() || code.ConditionCode() != ConditionCode.None;
}
