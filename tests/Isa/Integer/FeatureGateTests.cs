using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Isa.Decode;
using Seamsim.Isa.Models;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;
using Seamsim.Tests.Isa.Models;

namespace Seamsim.Tests.Isa.Integer;

public sealed unsafe class FeatureGateTests
{
    [Test]
    public void Every_feature_of_the_decoder_has_a_row()
    {
        HashSet<CpuidFeature> rows = [.. FeatureRow.Load("instruction-features.csv").Select(r => r.Feature).OfType<CpuidFeature>()];
        Assert.That(Enum.GetValues<CpuidFeature>().Except(rows), Is.Empty);
    }

    [Test]
    public void A_processor_without_leaves_has_the_base_instructions_alone()
    {
        FeatureGate gate = new((_, _) => default);
        Assert.That(gate.Has(CpuidFeature.INTEL386));
        Assert.That(gate.Has(CpuidFeature.CMOV), Is.False);
        Assert.That(gate.Options, Is.EqualTo(DecoderOptions.NoMPFX_0FBC | DecoderOptions.NoMPFX_0FBD
            | DecoderOptions.NoWbnoinvd | DecoderOptions.NoLahfSahf64));
    }

    [TestCase(CpuidFeature.AVX512_FP16, true)]
    [TestCase(CpuidFeature.RTM, true)]
    [TestCase(CpuidFeature.HLE_or_RTM, true)]
    [TestCase(CpuidFeature.UINTR, true)]
    [TestCase(CpuidFeature.SYSCALL, true)]
    [TestCase(CpuidFeature.HRESET, false)]
    [TestCase(CpuidFeature.MPX, false)]
    [TestCase(CpuidFeature.SVM, false)]
    [TestCase(CpuidFeature.D3NOW, false)]
    [TestCase(CpuidFeature.SGX1, false)]
    public void Sapphire_Rapids_has_what_its_CPUID_says(CpuidFeature feature, bool expected)
    {
        using TestPlatform platform = new(new CpuParameters());
        Assert.That(platform.Cores[0].Features.Has(feature), Is.EqualTo(expected));
    }

    // override | code | what it decodes as
    [TestCase("0x7.0.ebx[19]=0", "660F38F6C1", Code.INVALID)]                 // ADCX
    [TestCase("0x7.0.ebx[3]=0", "F30FBCC1", Code.Bsf_r32_rm32)]               // TZCNT
    [TestCase("0x80000001.0.ecx[5]=0", "F30FBDC1", Code.Bsr_r32_rm32)]        // LZCNT
    [TestCase("0x80000008.0.ebx[9]=0", "F30F09", Code.Wbinvd)]                // WBNOINVD
    [TestCase("0x80000001.0.ecx[0]=0", "9F", Code.INVALID)]                   // LAHF
    [TestCase("0x7.0.edx[20]=0", "F30F1EFA", Code.Nopd)]                      // ENDBR64
    [TestCase("0x7.0.ecx[7]=0", "F30F1EC8", Code.Nopd)]                       // RDSSPD
    [TestCase("0x7.0.ecx[7]=0", "F30FAEE8", Code.INVALID)]                    // INCSSPD
    [TestCase("0x7.0.ecx[25]=0", "0F1C00", Code.Nopd)]                        // CLDEMOTE
    [TestCase("0x80000001.0.ecx[8]=0", "0F0D08", Code.Nopd)]                  // PREFETCHW
    [TestCase("0x7.0.ebx[11]=0", "0F01D6", Code.Xtest)]                       // HLE is left
    public void An_absent_feature_decodes_as_the_manual_says(string difference, string bytes, Code expected)
    {
        Assert.That(LpOverride.TryParse(difference, out LpOverride parsed, out _));
        using TestPlatform platform = new(new CpuParameters(), m => m.Override(0, parsed));
        Assert.That(Decoded(platform.Cores[0], bytes), Is.EqualTo(expected));
        Assert.That(Decoded(platform.Cores[1], bytes), Is.Not.EqualTo(expected).Or.EqualTo(Code.Xtest), "the other one has it");
    }

    [TestCase("0F01DA")]       // VMLOAD
    [TestCase("0F0FC0BF")]     // PAVGUSB
    [TestCase("0F01FD")]       // RDPRU
    [TestCase("0F01FC")]       // CLZERO
    [TestCase("660FAEF8")]     // PCOMMIT
    [TestCase("F30F3AF0C000")] // HRESET
    [TestCase("0FA7C8")]       // XCRYPTECB
    public void What_other_processors_have_is_undefined(string bytes)
    {
        using TestPlatform platform = new(new CpuParameters());
        using EngineRig rig = new();
        rig.Core.PowerOn(platform.Uncore);
        Assert.That(Decoded(rig.Core, bytes), Is.EqualTo(Code.INVALID));
    }

    [Test]
    public void An_absent_instruction_raises_UD_when_it_executes()
    {
        using TestPlatform platform = new(new CpuParameters());
        Core core = platform.Cores[0];
        core.Memory.Write(new Hpa(0x1000), [0x0F, 0x0F, 0xC1, 0xBF], false); // PAVGUSB MM0, MM1 in real mode
        core.Memory.Write(new Hpa(0x18), [0x00, 0x20, 0x00, 0x00], false);
        core.Memory.Write(new Hpa(0x2000), [0xF4], false);
        (core.Lp->Cs.Base, core.Lp->Cs.Selector, core.Lp->Rip) = (0, 0, 0x1000);
        core.Lp->Gpr[4] = 0x8000;
        core.ModeChanged();
        core.Run(10, ulong.MaxValue);
        Assert.That(core.Lp->Rip, Is.EqualTo(0x2001));
    }

    private static Code Decoded(Core core, string bytes)
    {
        Decoder decoder = Decoder.Create(64, Convert.FromHexString(bytes), core.Features.Options);
        Instruction instruction = decoder.Decode();
        core.Features.Apply(ref instruction);
        return instruction.Code;
    }
}
