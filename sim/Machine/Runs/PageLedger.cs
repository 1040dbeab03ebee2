using System.Globalization;
using Seamsim.Host.Kernel;

namespace Seamsim.Runs;

/// <summary>
/// Pages that went to the TDX module for trust domains, and those that came back, by successful SEAMCALLs.
/// </summary>
/// <param name="Tdr">TDH.MNG.CREATE.</param>
/// <param name="Tdcs">TDH.MNG.ADDCX.</param>
/// <param name="Tdvps">TDH.VP.CREATE and TDH.VP.ADDCX.</param>
/// <param name="SecureEpt">TDH.MEM.SEPT.ADD.</param>
/// <param name="Private">TDH.MEM.PAGE.ADD and TDH.MEM.PAGE.AUG.</param>
/// <param name="Removed">TDH.MEM.PAGE.REMOVE.</param>
/// <param name="Reclaimed">TDH.PHYMEM.PAGE.RECLAIM.</param>
internal readonly record struct PageLedger(
    int Tdr, int Tdcs, int Tdvps, int SecureEpt, int Private, int Removed, int Reclaimed)
{
    /// <summary>Pages given.</summary>
    public int Given => Tdr + Tdcs + Tdvps + SecureEpt + Private;

    /// <summary>Pages taken back.</summary>
    public int TakenBack => Removed + Reclaimed;

    /// <summary>What was given, in words.</summary>
    public string Parts => string.Create(
        CultureInfo.InvariantCulture,
        $"{Tdr} TDR, {Tdcs} TDCS, {Tdvps} TDVPS, {SecureEpt} secure EPT, {Private} private");

    /// <summary>Everything so far on a machine.</summary>
    public static PageLedger Of(Machine machine)
    {
        int Done(SeamcallLeaf leaf) =>
            machine.Kernel.Seam.Uses.TryGetValue(leaf, out LeafUse? use) ? use.Calls - use.Failures : 0;
        return new(
            Done(SeamcallLeaf.TDH_MNG_CREATE), Done(SeamcallLeaf.TDH_MNG_ADDCX),
            Done(SeamcallLeaf.TDH_VP_CREATE) + Done(SeamcallLeaf.TDH_VP_ADDCX), Done(SeamcallLeaf.TDH_MEM_SEPT_ADD),
            Done(SeamcallLeaf.TDH_MEM_PAGE_ADD) + Done(SeamcallLeaf.TDH_MEM_PAGE_AUG),
            Done(SeamcallLeaf.TDH_MEM_PAGE_REMOVE), Done(SeamcallLeaf.TDH_PHYMEM_PAGE_RECLAIM));
    }

    /// <summary>What happened since an earlier look.</summary>
    public PageLedger Since(in PageLedger before) => new(
        Tdr - before.Tdr, Tdcs - before.Tdcs, Tdvps - before.Tdvps, SecureEpt - before.SecureEpt,
        Private - before.Private, Removed - before.Removed, Reclaimed - before.Reclaimed);
}
