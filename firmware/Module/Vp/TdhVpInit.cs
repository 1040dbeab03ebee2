using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.VP.INIT (leaf 22) — initialise a virtual CPU. TDX Module 1.5 ABI, "TDH.VP.INIT Leaf".</summary>
internal static class TdhVpInit
{
    private const ulong ResetDr6 = 0xFFFF0FF0, CompactedFormat = 1UL << 63;
    private const int XcompBvOffset = 520, WideGpaw = 52, NarrowGpaw = 48;
    private const int Rcx = 1, Rdx = 2, Rbx = 3, Rsi = 6, R8 = 8;

    public static LeafEnd Execute(LeafCall c)
    {
        using PageHold tdvpr = PageHold.OfPage(c, (Hpa)c.Rcx, OperandId.Rcx, LockMode.Exclusive, PageType.Tdvpr);
        if (tdvpr.Failed)                                  return tdvpr.Status;
        using PageHold tdr = PageHold.OfOwner(c, tdvpr, LockMode.Shared);
        if (tdr.Failed)                                    return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.Shared);
        if (state.Failed)                                  return state.Status;

        Vcpu v = new(c, tdr.View, tdvpr.Address);
        if (!TdvpsPages.AreComplete(v.Tdcs, v.Tdvps))      return TdxStatus.TdcxNumIncorrect;
        if (v.Tdvps.State != VcpuState.Uninitialized)      return TdxStatus.VcpuStateIncorrect;
        uint index = v.Tdcs.AddVcpus(1);
        if (index >= v.Tdcs.MaxVcpus)
        {
            v.Tdcs.AddVcpus(-1);
            return TdxStatus.MaxVcpusExceeded;
        }
        // From here on the virtual CPU counts, even if the processor's TSC_ADJUST has been tampered with.
        if (!PlatformState.TscAdjustIsUnchanged(c))        return PlatformState.TscAdjustChanged;

        InitialiseTdvps(v, index);
        TdVmcs.Initialise(v);
        Tdvps tdvps = v.Tdvps;
        tdvps.AssocLpid = c.Data.Lp.Id;
        VcpuAssociation.Attach(v);
        for (int vm = 0; vm <= v.Tdcs.NumL2Vms; vm++)
        {
            tdvps.SetLpDependentHpaUpdated(vm, true);
            tdvps.SetModuleDependentUpdated(vm, true);
        }
        tdvps.State = VcpuState.Ready;
        return TdxStatus.Success;
    }

    private static void InitialiseTdvps(Vcpu v, uint index)
    {
        Tdvps tdvps = v.Tdvps;
        LeafCall c = v.C;
        tdvps.VcpuIndex = index;
        tdvps.LastExitTsc = c.P.Rdtsc();
        tdvps.Xfam = v.Tdcs.Xfam;
        tdvps.SetGpr(Rbx, v.Tdcs.Gpaw ? (ulong)WideGpaw : NarrowGpaw);
        tdvps.SetGpr(Rcx, c.Rdx);
        tdvps.SetGpr(R8, c.Rdx);
        tdvps.SetGpr(Rdx, PlatformState.CpuidFamilyModelStepping(c));
        tdvps.SetGpr(Rsi, index);
        tdvps.Xcr0 = XfamBits.X87;
        tdvps.Dr6 = ResetDr6;
        foreach (TdGuestMsr row in c.Rules.GuestMsrs.Rows)
            for (int i = 0; i < row.Count; i++)
                c.P.Write(tdvps.Field(row.Offset + 8 * i), row.Init);
        if ((v.Tdcs.Xfam & XfamBits.Lbr) != 0)
            c.P.Write(tdvps.Field(TdGuestMsrs.LbrDepthOffset), PlatformState.MaximumLbrDepth(c));
        // XSAVES image in INIT configuration: compacted, nothing in it.
        c.P.Write(tdvps.Page(Tdvps.FirstXbuffPage) + XcompBvOffset, CompactedFormat | v.Tdcs.Xfam);
    }
}
