using Seamsim.Firmware.Abi;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>How a host leaf ended: with a status for RAX, inside the TD, or with the module giving up.</summary>
/// <param name="End">What the engine does next.</param>
/// <param name="Status">RAX when <paramref name="End"/> is SEAMRET.</param>
/// <param name="WritesRax">False when the leaf has written RAX itself (TD-exit information).</param>
internal readonly record struct LeafEnd(SeamEnd End, TdxStatus Status, bool WritesRax)
{
    /// <summary>VMLAUNCH or VMRESUME succeeded: the engine goes on in the TD.</summary>
    public static LeafEnd Entered => new(SeamEnd.Entered, default, false);

    /// <summary>A condition the module does not survive.</summary>
    public static LeafEnd Fatal => new(SeamEnd.Shutdown, default, false);

    /// <summary>Back to the host; the leaf has written all registers itself.</summary>
    public static LeafEnd Returned => new(SeamEnd.SeamRet, default, false);

    /// <summary>Back to the host with a completion status.</summary>
    public static implicit operator LeafEnd(TdxStatus status) => new(SeamEnd.SeamRet, status, true);
}

/// <summary>A host leaf. It returns the first failing check's status, or commits and returns success.</summary>
internal delegate LeafEnd LeafHandler(LeafCall call);
