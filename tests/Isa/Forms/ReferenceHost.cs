using Iced.Intel;

namespace Seamsim.Tests.Isa.Forms;

/// <summary>
/// The processor the list of forms calls "native": an AMD EPYC of the Zen 5 generation under Linux 6.18 in a virtual
/// machine. What it does not have (or the machine does not show) has not been compared with a real processor.
/// </summary>
internal static class ReferenceHost
{
    private static readonly CpuidFeature[] Absent =
    [
        CpuidFeature.AMX_BF16, CpuidFeature.AMX_INT8, CpuidFeature.AMX_TILE, CpuidFeature.AVX512_FP16,
        CpuidFeature.CET_IBT, CpuidFeature.CET_SS, CpuidFeature.CLDEMOTE, CpuidFeature.ENQCMD, CpuidFeature.FSGSBASE,
        CpuidFeature.HLE_or_RTM, CpuidFeature.MONITOR, CpuidFeature.PKU, CpuidFeature.RDPID, CpuidFeature.RTM,
        CpuidFeature.SERIALIZE, CpuidFeature.SMX, CpuidFeature.TSXLDTRK, CpuidFeature.UINTR, CpuidFeature.VMX,
        CpuidFeature.WAITPKG,
    ];

    public static bool Has(Code code) => !code.CpuidFeatures().Any(Absent.Contains);
}
