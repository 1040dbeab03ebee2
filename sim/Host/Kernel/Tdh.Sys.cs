using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Host.Kernel;

/// <content>The leaves that bring the module up, and those on physical memory.</content>
public sealed partial class Tdh
{
    /// <summary>TDH.SYS.INIT: attributes must be 0.</summary>
    public HostTask<SeamcallResult> SysInit(ICpu cpu) => Call(cpu, SeamcallLeaf.TDH_SYS_INIT);

    /// <summary>TDH.SYS.LP.INIT.</summary>
    public HostTask<SeamcallResult> SysLpInit(ICpu cpu) => Call(cpu, SeamcallLeaf.TDH_SYS_LP_INIT);

    /// <summary>TDH.SYS.RD: the value comes in R8.</summary>
    public HostTask<SeamcallResult> SysRd(ICpu cpu, FieldId field) =>
        Call(cpu, SeamcallLeaf.TDH_SYS_RD, rdx: field.Value);

    /// <summary>TDH.SYS.CONFIG.</summary>
    public HostTask<SeamcallResult> SysConfig(ICpu cpu, Hpa array, int count, KeyId global) =>
        Call(cpu, SeamcallLeaf.TDH_SYS_CONFIG, array.Value, (ulong)count, global.Value);

    /// <summary>TDH.SYS.KEY.CONFIG on the package of <paramref name="cpu"/>.</summary>
    public HostTask<SeamcallResult> SysKeyConfig(ICpu cpu) => Call(cpu, SeamcallLeaf.TDH_SYS_KEY_CONFIG);

    /// <summary>TDH.SYS.TDMR.INIT: RDX returns the address up to which the TDMR is usable.</summary>
    public HostTask<SeamcallResult> SysTdmrInit(ICpu cpu, ulong tdmr) =>
        Call(cpu, SeamcallLeaf.TDH_SYS_TDMR_INIT, tdmr);

    /// <summary>TDH.PHYMEM.PAGE.RDMD: RCX type, RDX owner, R8 size.</summary>
    public HostTask<SeamcallResult> PhymemPageRdmd(ICpu cpu, Hpa page) =>
        Call(cpu, SeamcallLeaf.TDH_PHYMEM_PAGE_RDMD, page.Value);

    /// <summary>TDH.PHYMEM.PAGE.RECLAIM: RCX type, RDX owner, R8 size.</summary>
    public HostTask<SeamcallResult> PhymemPageReclaim(ICpu cpu, Hpa page) =>
        Call(cpu, SeamcallLeaf.TDH_PHYMEM_PAGE_RECLAIM, page.Value);

    /// <summary>TDH.PHYMEM.PAGE.WBINVD of a page with its KeyID bits.</summary>
    public HostTask<SeamcallResult> PhymemPageWbinvd(ICpu cpu, ulong pageWithKeyId) =>
        Call(cpu, SeamcallLeaf.TDH_PHYMEM_PAGE_WBINVD, pageWithKeyId);

    /// <summary>TDH.PHYMEM.CACHE.WB on the package of <paramref name="cpu"/>.</summary>
    public HostTask<SeamcallResult> PhymemCacheWb(ICpu cpu, bool resume) =>
        Call(cpu, SeamcallLeaf.TDH_PHYMEM_CACHE_WB, resume ? 1UL : 0);
}
