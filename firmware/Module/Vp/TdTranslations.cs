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
        for (int vm = 0; vm <= v.Tdcs.NumL2Vms; vm++)
            Invalidate(v.P, v.Tdr, vm);
    }

    /// <summary>INVEPT for L1 (0) or for an L2 VM.</summary>
    public static void Invalidate(ISeamPlatform p, Tdr tdr, int vm) =>
        p.Invept(SingleContext, p.Keys.WithKey(new Hpa(EptpOf(p, tdr.Tdcs, vm)), tdr.Hkid).Value);

    /// <summary>EPTP of L1 (0) or of an L2 VM: the TD's, with the VM's root; HKID 0.</summary>
    public static ulong EptpOf(ISeamPlatform p, Tdcs tdcs, int vm) => vm == 0
        ? tdcs.Eptp
        : p.Keys.LineOf(tdcs.Page(Tdcs.FirstL2SeptRootPage + vm - 1)) | tdcs.Eptp & 0xFFF;
}
