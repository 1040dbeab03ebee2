using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDG.VP.INVEPT (leaf 26) — invalidate cached EPT translations of L2 VMs. TDX Module 1.5 ABI, "TDG.VP.INVEPT Leaf".
/// </summary>
internal static class TdgVpInvept
{
    public static GuestLeafEnd Execute(GuestCall g)
    {
        ulong vms = g.Call.Rcx, l2Vms = (2UL << g.Tdcs.NumL2Vms) - 2;
        if ((vms & ~l2Vms) != 0) return TdxStatus.OperandInvalid.With(OperandId.Rcx);

        // Commit: from here on the leaf cannot fail.
        for (int vm = 1; vm <= Tdcs.MaxL2Vms; vm++)
            if ((vms >> vm & 1) != 0)
                TdTranslations.Invalidate(g.Call.P, g.Tdr, vm);
        return TdxStatus.Success;
    }
}
