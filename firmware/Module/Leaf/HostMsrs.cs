using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// MSRs of the VMM that the module replaces from SEAMCALL to SEAMRET: speculation control, and linear-address masking,
/// which is cleared. IA32_DEBUGCTL is the transfer VMCS's business; only the uncore PMI enable stays on meanwhile.
/// TDX module 1.5.01, SEAMCALL entry. A processor without one of the registers is left alone.
/// </summary>
internal static class HostMsrs
{
    private const uint DebugCtl = 0x1D9, LamEnable = 0x276;

    /// <summary>On entry; the transfer VMCS is current.</summary>
    public static void Replace(LeafCall c)
    {
        ISeamPlatform p = c.P;
        VpContext context = new(p, c.Data.Lp);
        context.HostSpecCtrl = TdGuestState.ReadSpecCtrl(p);
        TdGuestState.WriteSpecCtrl(p, TdGuestState.ModuleSpecCtrl);

        ulong debugCtl = p.Vmread(VmcsField.GuestDebugctl);
        context.HostDebugCtl = debugCtl;
        if ((debugCtl & DebugCtlRules.EnableUncorePmi) != 0)
            p.TryWrmsr(DebugCtl, DebugCtlRules.EnableUncorePmi);

        context.HostLamEnable = p.TryRdmsr(LamEnable, out ulong lam) ? lam : 0;
        if (lam != 0)
            p.TryWrmsr(LamEnable, 0);
    }

    /// <summary>Before SEAMRET, whether the host comes from its SEAMCALL or from a TD exit.</summary>
    public static void Restore(LeafCall c)
    {
        c.P.Mark(LeafPhase.Exit);
        VpContext context = new(c.P, c.Data.Lp);
        TdGuestState.WriteSpecCtrl(c.P, context.HostSpecCtrl);
        if (context.HostLamEnable != 0)
            c.P.TryWrmsr(LamEnable, context.HostLamEnable);
    }
}
