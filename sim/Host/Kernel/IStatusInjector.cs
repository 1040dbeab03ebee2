using Seamsim.Firmware.Abi;

namespace Seamsim.Host.Kernel;

/// <summary>Makes chosen SEAMCALLs fail: the wrapper asks before it executes the instruction.</summary>
public interface IStatusInjector
{
    /// <summary>
    /// Whether the <paramref name="call"/>-th call (1-based, all processors) of a leaf is to fail, and how.
    /// </summary>
    bool TryInject(SeamcallLeaf leaf, int call, out TdxStatus status);
}

/// <summary>One forced failure.</summary>
/// <param name="Leaf">Which leaf.</param>
/// <param name="Call">Which call of it, 1-based; every repetition counts.</param>
/// <param name="Status">What RAX shall hold.</param>
public sealed record ForcedStatus(SeamcallLeaf Leaf, int Call, TdxStatus Status);

/// <summary>A fixed list of forced failures: <c>fail = [{ leaf, call, status }]</c>.</summary>
public sealed class StatusInjector(IReadOnlyList<ForcedStatus> list) : IStatusInjector
{
    /// <inheritdoc/>
    public bool TryInject(SeamcallLeaf leaf, int call, out TdxStatus status)
    {
        foreach (ForcedStatus forced in list)
            if (forced.Leaf == leaf && forced.Call == call)
            {
                status = forced.Status;
                return true;
            }
        status = default;
        return false;
    }
}
