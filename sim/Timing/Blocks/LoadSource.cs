namespace Seamsim.Timing.Blocks;

/// <summary>Where a load gets its bytes from.</summary>
/// <param name="Store">The number in the block of the store; negative when no recent store wrote them.</param>
/// <param name="FromPrevious">Whether it is the store of the iteration before.</param>
/// <param name="Blocked">Whether the store has only some of the bytes, so that the load waits until it is in the
/// cache.</param>
internal readonly record struct LoadSource(int Store, bool FromPrevious, bool Blocked)
{
    /// <summary>No store of this iteration or the one before.</summary>
    public static LoadSource Memory => new(-1, false, false);
}
