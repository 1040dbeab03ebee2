using Iced.Intel;
using Seamsim.Isa.Decode;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Models;
using Seamsim.Tests.Isa.Native;

namespace Seamsim.Tests.Isa.Forms;

/// <summary>What the code itself says of a form; the list of forms has to say the same.</summary>
internal sealed unsafe class FormFacts
{
    private const int Samples = 6, Tries = 60;
    private const ulong At = 0x4000;
    private const VectorMode AllEnabled = VectorMode.Sse | VectorMode.Avx | VectorMode.Avx512 | VectorMode.Vex;

    private static readonly string[] ModelNames = ["sapphire-rapids"];

    private readonly FormEncoder encoder = new(new OperandRandom(1));
    private readonly Dictionary<string, string> exclusions = InstructionForm.Exclusions();
    private readonly (string Name, FeatureGate Gate)[] models =
        [.. ModelNames.Select(name => (name, GateOf(CpuModel.Load(name, new CpuParameters()))))];

    /// <summary>The rows of the list, in its format, with the header.</summary>
    public IEnumerable<string> Rows() => Enum.GetValues<Code>().Select(code => code.ToOpCode())
        .Where(form => form.IsInstruction).Select(Row)
        .Prepend("form,family,modes,state,models,checked,excluded by");

    private string Row(OpCodeInfo form)
    {
        string models = string.Join(' ', this.models.Where(m => HasAll(m.Gate, form.Code)).Select(m => m.Name));
        string? exclusion = ExclusionOf(form, models.Length > 0);
        FormState state = exclusion is not null ? FormState.Excluded
            : IsImplemented(form) ? FormState.Implemented : FormState.Missing;
        FormCheck check = state == FormState.Implemented ? CheckOf(form) : FormCheck.No;
        return string.Join(',', form.Code, FamilyOf(form.Code), ModesOf(form), Word(state), models, Word(check), exclusion);
    }

    /// <summary>The features without AVX512VL, which only says that a form has short vectors.</summary>
    public static string FamilyOf(Code code)
    {
        CpuidFeature[] features = code.CpuidFeatures();
        IEnumerable<CpuidFeature> named = features.Length > 1
            ? features.Where(feature => feature != CpuidFeature.AVX512VL) : features;
        return string.Join('+', named);
    }

    /// <summary>Whether the interpreter has something to execute it with, whatever its operands are.</summary>
    public bool IsImplemented(OpCodeInfo form)
    {
        int samples = 0;
        for (int tries = 0; tries < Tries && samples < Samples; tries++)
        {
            int bits = ((int[])[64, 32, 16])[tries % 3];
            if (!IsIn(form, bits) || !TrySample(form, bits, out Instruction instruction))
                continue;
            samples++;
            if (!IsBound(instruction, bits))
                return false;
        }
        return samples > 0;
    }

    private static bool IsBound(in Instruction instruction, int bits)
    {
        Op op = default;
        return OpBinder.Bind(instruction, &op, bits == 64, AllEnabled).Family != Family.System
            || SystemTable.Find(instruction) is not null;
    }

    private bool TrySample(OpCodeInfo form, int bits, out Instruction instruction)
    {
        instruction = default;
        if (!encoder.TryEncode(form, bits, At, out ReadOnlySpan<byte> bytes))
            return false;
        instruction = Decoder.Create(bits, bytes.ToArray(), At).Decode();
        return instruction.Code == form.Code;
    }

    private static FormCheck CheckOf(OpCodeInfo form)
    {
        bool native = form.Mode64 && form.IntelDecoder64 && form.Cpl3 && NativeForms.WhyNot(form) is null
            && ReferenceHost.Has(form.Code);
        return native ? FormCheck.Native
            : FormVectors.Of(form) is not null ? FormCheck.Vectors : FormCheck.Interpreter;
    }

    private string? ExclusionOf(OpCodeInfo form, bool enumerated)
    {
        if (exclusions.ContainsKey(form.Code.ToString()))
            return form.Code.ToString();
        if (enumerated)
            return null;
        foreach (CpuidFeature feature in form.Code.CpuidFeatures())
            if (exclusions.ContainsKey(feature.ToString()))
                return feature.ToString();
        return null;
    }

    private static bool HasAll(FeatureGate gate, Code code) => code.CpuidFeatures().All(gate.Has);

    private static FeatureGate GateOf(CpuModel model) =>
        new((leaf, subleaf) => model.Cpuid(new CpuidContext { Mode64 = true }, leaf, subleaf));

    private static string ModesOf(OpCodeInfo form) =>
        string.Join(' ', ((int[])[16, 32, 64]).Where(bits => IsIn(form, bits)));

    private static bool IsIn(OpCodeInfo form, int bits) => bits switch
    {
        16 => form.Mode16 && form.IntelDecoder16,
        32 => form.Mode32 && form.IntelDecoder32,
        _ => form.Mode64 && form.IntelDecoder64,
    };

    private static string Word(Enum value) => value.ToString().ToLowerInvariant();
}
