using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Host.Kernel;

/// <content>The leaves that manage a TD and its virtual CPUs.</content>
public sealed partial class Tdh
{
    /// <summary>TDH.MNG.CREATE.</summary>
    public HostTask<SeamcallResult> MngCreate(ICpu cpu, Hpa tdr, KeyId keyId) =>
        Donate(cpu, tdr, SeamcallLeaf.TDH_MNG_CREATE, tdr.Value, keyId.Value);

    /// <summary>TDH.MNG.KEY.CONFIG on the package of <paramref name="cpu"/>.</summary>
    public HostTask<SeamcallResult> MngKeyConfig(ICpu cpu, Hpa tdr) =>
        Call(cpu, SeamcallLeaf.TDH_MNG_KEY_CONFIG, tdr.Value);

    /// <summary>TDH.MNG.ADDCX.</summary>
    public HostTask<SeamcallResult> MngAddCx(ICpu cpu, Hpa tdr, Hpa page) =>
        Donate(cpu, page, SeamcallLeaf.TDH_MNG_ADDCX, page.Value, tdr.Value);

    /// <summary>TDH.MNG.INIT: RCX returns details of a refused CPUID configuration.</summary>
    public HostTask<SeamcallResult> MngInit(ICpu cpu, Hpa tdr, Hpa tdParams) =>
        Call(cpu, SeamcallLeaf.TDH_MNG_INIT, tdr.Value, tdParams.Value);

    /// <summary>TDH.MNG.RD: the value comes in R8.</summary>
    public HostTask<SeamcallResult> MngRd(ICpu cpu, Hpa tdr, FieldId field) =>
        Call(cpu, SeamcallLeaf.TDH_MNG_RD, tdr.Value, field.Value);

    /// <summary>TDH.MNG.WR.</summary>
    public HostTask<SeamcallResult> MngWr(ICpu cpu, Hpa tdr, FieldId field, ulong value, ulong mask) =>
        Call(cpu, SeamcallLeaf.TDH_MNG_WR, tdr.Value, field.Value, value, mask);

    /// <summary>TDH.MNG.VPFLUSHDONE.</summary>
    public HostTask<SeamcallResult> MngVpFlushDone(ICpu cpu, Hpa tdr) =>
        Call(cpu, SeamcallLeaf.TDH_MNG_VPFLUSHDONE, tdr.Value);

    /// <summary>TDH.MNG.KEY.FREEID.</summary>
    public HostTask<SeamcallResult> MngKeyFreeId(ICpu cpu, Hpa tdr) =>
        Call(cpu, SeamcallLeaf.TDH_MNG_KEY_FREEID, tdr.Value);

    /// <summary>TDH.VP.CREATE.</summary>
    public HostTask<SeamcallResult> VpCreate(ICpu cpu, Hpa tdr, Hpa tdvpr) =>
        Donate(cpu, tdvpr, SeamcallLeaf.TDH_VP_CREATE, tdvpr.Value, tdr.Value);

    /// <summary>TDH.VP.ADDCX.</summary>
    public HostTask<SeamcallResult> VpAddCx(ICpu cpu, Hpa tdvpr, Hpa page) =>
        Donate(cpu, page, SeamcallLeaf.TDH_VP_ADDCX, page.Value, tdvpr.Value);

    /// <summary>TDH.VP.INIT; version 1 also takes the x2APIC id.</summary>
    public HostTask<SeamcallResult> VpInit(ICpu cpu, Hpa tdvpr, ulong initialRcx, uint? x2ApicId) =>
        Call(cpu, SeamcallLeaf.TDH_VP_INIT, tdvpr.Value, initialRcx, x2ApicId ?? 0, version: x2ApicId is null ? 0 : 1);

    /// <summary>TDH.VP.RD: the value comes in R8.</summary>
    public HostTask<SeamcallResult> VpRd(ICpu cpu, Hpa tdvpr, FieldId field) =>
        Call(cpu, SeamcallLeaf.TDH_VP_RD, tdvpr.Value, field.Value);

    /// <summary>TDH.VP.WR.</summary>
    public HostTask<SeamcallResult> VpWr(ICpu cpu, Hpa tdvpr, FieldId field, ulong value, ulong mask) =>
        Call(cpu, SeamcallLeaf.TDH_VP_WR, tdvpr.Value, field.Value, value, mask);

    /// <summary>TDH.VP.FLUSH, on the processor the virtual CPU is associated with.</summary>
    public HostTask<SeamcallResult> VpFlush(ICpu cpu, Hpa tdvpr) =>
        Call(cpu, SeamcallLeaf.TDH_VP_FLUSH, tdvpr.Value);

    /// <summary>TDH.VP.ENTER: goes without the entropy repetition.</summary>
    public HostTask<SeamcallResult> VpEnter(ICpu cpu, SeamcallArguments arguments) =>
        Seam.Once(cpu, SeamcallLeaf.TDH_VP_ENTER, arguments);
}
