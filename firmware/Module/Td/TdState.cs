using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The state check TD leaves share: FATAL, keys, TDCS pages, OP_STATE lock, and the leaf's row of the OP_STATE table.
/// TDX Module 1.5 base specification, "TD operation state".
/// </summary>
internal static class TdState
{
    /// <summary>
    /// Checks and, with a lock mode, holds OP_STATE. A failed check is <see cref="OpStateHold.Failed"/>; the lock stays
    /// held until the entry ends even then.
    /// </summary>
    public static OpStateHold Check(LeafCall c, Tdr tdr, LockMode mode) => Check(c, tdr, mode, c.Leaf);

    /// <summary>As the other overload, by the row of a given leaf.</summary>
    public static OpStateHold Check(LeafCall c, Tdr tdr, LockMode mode, int leaf) =>
        Check(c, tdr, mode, leaf, serviceTd: false);

    /// <summary>As the first overload, for the service TD of a leaf that works on two TDs.</summary>
    public static OpStateHold CheckServiceTd(LeafCall c, Tdr tdr, LockMode mode) =>
        Check(c, tdr, mode, c.Leaf, serviceTd: true);

    private static OpStateHold Check(LeafCall c, Tdr tdr, LockMode mode, int leaf, bool serviceTd)
    {
        if (tdr.Fatal)
            return new OpStateHold(TdxStatus.TdFatal, null);
        if (tdr.Lifecycle != Lifecycle.KeysConfigured)
            return new OpStateHold(TdxStatus.TdKeysNotConfigured, null);
        if (tdr.NumTdcx < Tdr.BaseTdcx)
            return new OpStateHold(TdxStatus.TdcsNotAllocated, null);

        Tdcs tdcs = tdr.Tdcs;
        LockHold hold = LockHold.Of(c.P, tdcs.OpStateLock, mode, OperandId.OpState);
        if (hold.Failed)
            return new OpStateHold(hold.Status, null);
        OpStateTable table = c.Tables.OpState;
        bool allowed = serviceTd
            ? table.AllowsServiceTd(leaf, tdcs.OpState)
            : table.Allows(leaf, tdcs.OpState);
        return allowed
            ? new OpStateHold(TdxStatus.Success, hold)
            : new OpStateHold(TdxStatus.OpStateIncorrect, hold);
    }
}

/// <summary>
/// The outcome of <see cref="TdState.Check(LeafCall, Tdr, LockMode)"/> and the OP_STATE lock that goes with it.
/// </summary>
internal sealed class OpStateHold(TdxStatus status, LockHold? hold) : IDisposable
{
    /// <summary>The first failing check, or success.</summary>
    public TdxStatus Status => status;

    /// <summary>Whether a check failed.</summary>
    public bool Failed => status.IsError;

    /// <summary>Releases the lock inside the entry (VP.ENTER does, just before it enters the TD).</summary>
    public void ReleaseNow() => hold?.ReleaseNow();

    /// <inheritdoc/>
    public void Dispose() => hold?.Dispose();
}
