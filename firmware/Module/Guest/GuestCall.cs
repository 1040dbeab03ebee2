namespace Seamsim.Firmware.Module;

/// <summary>
/// One TDCALL on its way through the module: the call (whose general registers are the guest's) and the TD and virtual
/// CPU that made it. The TD's VMCS is current.
/// </summary>
internal readonly struct GuestCall(LeafCall call, Tdr tdr, Tdvps tdvps)
{
    /// <summary>Platform, tables, module data and the guest's general registers.</summary>
    public LeafCall Call { get; } = call;

    /// <summary>The TD.</summary>
    public Tdr Tdr { get; } = tdr;

    /// <summary>The TD's control structure.</summary>
    public Tdcs Tdcs => Tdr.Tdcs;

    /// <summary>The virtual CPU.</summary>
    public Tdvps Tdvps { get; } = tdvps;
}
