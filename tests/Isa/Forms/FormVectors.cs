using Iced.Intel;
using Seamsim.Tests.Isa.Engine;
using Seamsim.Tests.Isa.Float;
using Seamsim.Tests.Isa.Integer;
using Seamsim.Tests.Isa.Models;
using Seamsim.Tests.Isa.Modes;
using Seamsim.Tests.Isa.Seam;
using Seamsim.Tests.Isa.Vectors;
using Seamsim.Tests.Isa.Vmx;

namespace Seamsim.Tests.Isa.Forms;

/// <summary>
/// Forms that no real processor at hand can show, whose behaviour is pinned by tests derived from a manual: which test.
/// </summary>
internal static class FormVectors
{
    private static readonly Dictionary<Type, CpuidFeature[]> Features = new()
    {
        [typeof(TileTests)]          = [CpuidFeature.AMX_TILE, CpuidFeature.AMX_INT8, CpuidFeature.AMX_BF16],
        [typeof(UserInterruptTests)] = [CpuidFeature.UINTR],
        [typeof(CetTests)]           = [CpuidFeature.CET_SS, CpuidFeature.CET_IBT],
        [typeof(XsaveTests)]         =
            [CpuidFeature.FXSR, CpuidFeature.XSAVE, CpuidFeature.XSAVEC, CpuidFeature.XSAVEOPT, CpuidFeature.XSAVES],
        [typeof(InstructionRowTests)] =
        [
            CpuidFeature.RTM, CpuidFeature.HLE_or_RTM, CpuidFeature.TSXLDTRK, CpuidFeature.SERIALIZE, CpuidFeature.MONITOR,
            CpuidFeature.WAITPKG, CpuidFeature.ENQCMD, CpuidFeature.CLDEMOTE, CpuidFeature.RDPID, CpuidFeature.RDPMC,
            CpuidFeature.SMX, CpuidFeature.SMM, CpuidFeature.FSGSBASE,
        ],
    };

    private static readonly Dictionary<Type, Mnemonic[]> Mnemonics = new()
    {
        [typeof(VmxInstructionTests)] =
        [
            Mnemonic.Vmxon, Mnemonic.Vmxoff, Mnemonic.Vmclear, Mnemonic.Vmptrld, Mnemonic.Vmptrst, Mnemonic.Vmread,
            Mnemonic.Vmwrite, Mnemonic.Vmlaunch, Mnemonic.Vmresume, Mnemonic.Vmcall, Mnemonic.Invept, Mnemonic.Invvpid,
        ],
        [typeof(SeamInstructionTableTests)] =
            [Mnemonic.Seamcall, Mnemonic.Seamret, Mnemonic.Tdcall, Mnemonic.Seamops],
        [typeof(CpuidTests)]           = [Mnemonic.Cpuid],
        [typeof(MsrTests)]             = [Mnemonic.Rdmsr, Mnemonic.Wrmsr],
        [typeof(DeliveryTests)]        = [Mnemonic.Int, Mnemonic.Int3],
        [typeof(InterruptReturnTests)] = [Mnemonic.Iret, Mnemonic.Iretd, Mnemonic.Iretq],
        [typeof(DebugTests)]           = [Mnemonic.Int1],
        [typeof(FarTransferTests)]     = [Mnemonic.Call, Mnemonic.Jmp, Mnemonic.Retf],
        [typeof(SegmentLoadTests)]     =
            [Mnemonic.Lds, Mnemonic.Les, Mnemonic.Lfs, Mnemonic.Lgs, Mnemonic.Lss],
        [typeof(DescriptorQueryTests)] =
            [Mnemonic.Lar, Mnemonic.Lsl, Mnemonic.Verr, Mnemonic.Verw, Mnemonic.Arpl],
        [typeof(ProtectionKeyTests)]   = [Mnemonic.Rdpkru, Mnemonic.Wrpkru],
        [typeof(InstructionRowTests)]  =
        [
            Mnemonic.Daa, Mnemonic.Das, Mnemonic.Aaa, Mnemonic.Aas, Mnemonic.Aam, Mnemonic.Aad, Mnemonic.Salc,
            Mnemonic.Bound, Mnemonic.Pusha, Mnemonic.Pushad, Mnemonic.Popa, Mnemonic.Popad, Mnemonic.Enter, Mnemonic.Insb,
            Mnemonic.Insw, Mnemonic.Insd, Mnemonic.Outsb, Mnemonic.Outsw, Mnemonic.Outsd, Mnemonic.In, Mnemonic.Out,
            Mnemonic.Loop, Mnemonic.Loope, Mnemonic.Loopne, Mnemonic.Jcxz,
        ],
        [typeof(HalfMoveTests)]        = [Mnemonic.Vmovsh, Mnemonic.Vmovw],
        [typeof(ApproximationTests)]   =
        [
            Mnemonic.Rcpps, Mnemonic.Rcpss, Mnemonic.Rsqrtps, Mnemonic.Rsqrtss, Mnemonic.Vrcpps, Mnemonic.Vrcpss,
            Mnemonic.Vrsqrtps, Mnemonic.Vrsqrtss, Mnemonic.Vrcp14ps, Mnemonic.Vrsqrt14ps,
        ],
        [typeof(X87TranscendentalTests)] =
        [
            Mnemonic.Fsin, Mnemonic.Fcos, Mnemonic.Fsincos, Mnemonic.Fptan, Mnemonic.Fpatan, Mnemonic.F2xm1,
            Mnemonic.Fyl2x, Mnemonic.Fyl2xp1,
        ],
    };

    /// <summary>The test that holds a form; null for none.</summary>
    public static Type? Of(OpCodeInfo form)
    {
        foreach ((Type test, Mnemonic[] held) in Mnemonics)
            if (held.Contains(form.Mnemonic))
                return test;
        CpuidFeature[] features = form.Code.CpuidFeatures();
        foreach ((Type test, CpuidFeature[] held) in Features)
            if (features.Any(held.Contains))
                return test;
        return null;
    }
}
