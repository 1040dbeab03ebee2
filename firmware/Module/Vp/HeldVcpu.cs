using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The virtual CPU that RCX names, held for metadata access: TDVPR and TDR shared, OP_STATE shared, associated with
/// this logical processor and its TD VMCS current. Disposing makes the SEAM VMCS current and ends the holds; the
/// association stays, even when a later check fails.
/// </summary>
internal sealed class HeldVcpu : IDisposable
{
    private readonly LeafCall call;
    private PageHold? tdvpr, tdr;
    private OpStateHold? state;
    private Vcpu vcpu;
    private bool vmcsCurrent;

    private HeldVcpu(LeafCall call) => this.call = call;

    /// <summary>The first failing check, or success.</summary>
    public TdxStatus Status { get; private set; }

    /// <summary>Whether a check failed.</summary>
    public bool Failed => Status.IsError;

    /// <summary>Runs the checks in the ABI's order and takes what they take.</summary>
    public static HeldVcpu Of(LeafCall c, bool allowDisabled)
    {
        HeldVcpu held = new(c);
        held.Status = held.Take(allowDisabled);
        return held;
    }

    /// <summary>The virtual CPU's metadata as the host may reach it.</summary>
    public MetadataContext Metadata() => VcpuMetadataContext.ForHost(call, vcpu.Tdr, vcpu.Tdvps);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (vmcsCurrent)
            call.P.VmptrldTransferVmcs();
        state?.Dispose();
        tdr?.Dispose();
        tdvpr?.Dispose();
    }

    private TdxStatus Take(bool allowDisabled)
    {
        tdvpr = PageHold.OfPage(call, (Hpa)call.Rcx, OperandId.Rcx, LockMode.Shared, PageType.Tdvpr);
        if (tdvpr.Failed)                                         return tdvpr.Status;
        tdr = PageHold.OfOwner(call, tdvpr, LockMode.Shared);
        if (tdr.Failed)                                           return tdr.Status;
        state = TdState.Check(call, tdr.View, LockMode.Shared);
        if (state.Failed)                                         return state.Status;
        vcpu = new Vcpu(call, tdr.View, tdvpr.Address);
        if (!TdvpsPages.AreComplete(vcpu.Tdcs, vcpu.Tdvps))       return TdxStatus.TdcxNumIncorrect;
        TdxStatus associated = VcpuAssociation.Associate(vcpu, allowDisabled, out _);
        if (associated.IsError)                                   return associated;
        call.P.Vmptrld(TdVmcs.AddressOf(vcpu));
        vmcsCurrent = true;
        return TdxStatus.Success;
    }
}
