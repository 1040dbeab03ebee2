using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The association of a virtual CPU with the logical processor whose caches may hold its VMCS and translations.
/// TDX Module 1.5 Base, "VCPU to LP association".
/// </summary>
internal static class VcpuAssociation
{
    /// <summary>
    /// Associates the virtual CPU with this logical processor; the association outlives the leaf.
    /// </summary>
    /// <param name="v">The virtual CPU.</param>
    /// <param name="allowDisabled">Whether a disabled virtual CPU will do.</param>
    /// <param name="isNew">Whether it was associated with none before.</param>
    public static TdxStatus Associate(Vcpu v, bool allowDisabled, out bool isNew)
    {
        isNew = false;
        VcpuState state = v.Tdvps.State;
        if (state != VcpuState.Ready && !(allowDisabled && state == VcpuState.Disabled))
            return TdxStatus.VcpuStateIncorrect;

        uint here = v.C.Data.Lp.Id;
        uint old = v.Tdvps.ExchangeAssocLpid(Tdvps.NotAssociated, here);
        if (old == here)
            return TdxStatus.Success;
        if (old != Tdvps.NotAssociated)
            return TdxStatus.VcpuAssociated;

        isNew = true;
        Attach(v);
        return TdxStatus.Success;
    }

    /// <summary>
    /// The effects of a new association: counted, and host state that depends on the processor is stale.
    /// </summary>
    public static void Attach(Vcpu v)
    {
        v.Tdcs.AddAssocVcpus(1);
        for (int vm = 0; vm <= Tdcs.MaxL2Vms; vm++)
            v.Tdvps.SetLpDependentHpaUpdated(vm, false);
    }

    /// <summary>Undoes the association.</summary>
    public static void Detach(Vcpu v)
    {
        Tdvps tdvps = v.Tdvps;
        tdvps.AssocLpid = Tdvps.NotAssociated;
        v.Tdcs.AddAssocVcpus(-1);
        VpContext context = v.Context;
        if (context.LastTdvpr == v.Tdvpr)
            context.LastTdvpr = default;
    }
}
