using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// A virtual CPU a leaf or a TD exit works on: its TD, its TDVPS and what this logical processor remembers about it.
/// While the TD runs, and until a TD exit returns to the host, the general registers of <see cref="C"/> are the TD's.
/// </summary>
/// <param name="call">The call or exit that is being served.</param>
/// <param name="tdr">The TD.</param>
/// <param name="tdvpr">Address of the TDVPR page, without KeyID.</param>
internal readonly struct Vcpu(LeafCall call, Tdr tdr, Hpa tdvpr)
{
    /// <summary>The call or exit being served; its registers are the TD's in guest leaves.</summary>
    public LeafCall C { get; } = call;

    /// <summary>The machine.</summary>
    public ISeamPlatform P => C.P;

    /// <summary>The TD's root page.</summary>
    public Tdr Tdr { get; } = tdr;

    /// <summary>The TD's control structure.</summary>
    public Tdcs Tdcs { get; } = tdr.Tdcs;

    /// <summary>The virtual CPU's state.</summary>
    public Tdvps Tdvps { get; } = new(call.P, tdr.Private(tdvpr));

    /// <summary>Address of the TDVPR page without KeyID.</summary>
    public Hpa Tdvpr { get; } = tdvpr;

    /// <summary>What this logical processor remembers between TD entry and TD exit.</summary>
    public VpContext Context => new(C.P, C.Data.Lp);

    /// <summary>The virtual CPU that has just left this logical processor's VMX non-root operation.</summary>
    public static Vcpu Running(LeafCall c)
    {
        VpContext context = new(c.P, c.Data.Lp);
        return new Vcpu(c, new Tdr(c.P, c.P.Keys.WithKey(context.Tdr, c.Data.GlobalKey)), context.Tdvpr);
    }
}
