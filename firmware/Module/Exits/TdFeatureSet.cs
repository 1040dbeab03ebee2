using Seamsim.Firmware.Abi;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>Collects <see cref="TdFeatures"/> from a TD's configuration.</summary>
internal static class TdFeatureSet
{
    private const uint PerfCapabilitiesMsr = 0x345, UarchMiscCtlMsr = 0x1B01;
    private const ulong PerfMetricsAvailable = 1UL << 15;

    /// <summary>What MSR and instruction virtualization of this TD depend on.</summary>
    public static TdFeatures Of(ISeamPlatform p, Tdcs tdcs) =>
        OfAttributes(p, tdcs.Attributes) | OfXfam(tdcs.Xfam) | OfCpuid(tdcs)
        | (p.TryRdmsr(UarchMiscCtlMsr, out _) ? TdFeatures.UarchMiscCtl : 0);

    private static TdFeatures OfAttributes(ISeamPlatform p, ulong attributes)
    {
        TdFeatures set = When((attributes & TdAttributes.Debug) != 0, TdFeatures.Debug)
            | When((attributes & TdAttributes.Pks) != 0, TdFeatures.Pks);
        if ((attributes & TdAttributes.Perfmon) == 0)
            return set;
        bool metrics = p.TryRdmsr(PerfCapabilitiesMsr, out ulong value) && (value & PerfMetricsAvailable) != 0;
        return set | TdFeatures.Perfmon | When(metrics, TdFeatures.PerfMetrics);
    }

    private static TdFeatures OfXfam(ulong xfam) =>
        When((xfam & XfamBits.Pt) != 0, TdFeatures.Pt)
        | When((xfam & XfamBits.Cet) != 0, TdFeatures.Cet)
        | When((xfam & XfamBits.Lbr) != 0, TdFeatures.Lbr)
        | When((xfam & XfamBits.Uintr) != 0, TdFeatures.Uintr);

    private static TdFeatures OfCpuid(Tdcs tdcs) =>
        When(tdcs.Has(CpuidFlag.MonitorMwait), TdFeatures.Monitor)
        | When(tdcs.Has(CpuidFlag.Dca), TdFeatures.Dca)
        | When(tdcs.Has(CpuidFlag.TscDeadline), TdFeatures.TscDeadline)
        | When(tdcs.Has(CpuidFlag.Tsx), TdFeatures.Tsx)
        | When(tdcs.Has(CpuidFlag.Waitpkg), TdFeatures.WaitPkg)
        | When(tdcs.Has(CpuidFlag.Tme), TdFeatures.Tme)
        | When(tdcs.Has(CpuidFlag.Mktme), TdFeatures.Mktme)
        | When(tdcs.Has(CpuidFlag.Xfd), TdFeatures.Xfd);

    private static TdFeatures When(bool present, TdFeatures feature) => present ? feature : 0;
}
