using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>Cached translations of a TD on this logical processor.</summary>
internal static class TdTranslations
{
    private const int SingleContext = 1;

    /// <summary>
    /// INVEPT for every VM of the TD: the EPTP names the TD's root under the TD's HKID. TDX Module 1.5 Base,
    /// "TLB Address Space Identifiers".
    /// </summary>
    public static void InvalidateAll(Vcpu v)
    {
        ISeamPlatform p = v.P;
        for (int vm = 0; vm <= v.Tdcs.NumL2Vms; vm++)
            Invalidate(p, v, EptpOf(v, vm));
    }

    /// <summary>EPTP of L1 (0) or of an L2 VM: the TD's, with the VM's root; HKID 0.</summary>
    public static ulong EptpOf(Vcpu v, int vm) => vm == 0
        ? v.Tdcs.Eptp
        : v.P.Keys.LineOf(v.Tdcs.Page(Tdcs.FirstL2SeptRootPage + vm - 1)) | v.Tdcs.Eptp & 0xFFF;

    private static void Invalidate(ISeamPlatform p, Vcpu v, ulong eptp) =>
        p.Invept(SingleContext, p.Keys.WithKey(new Hpa(eptp), v.Tdr.Hkid).Value);
}
