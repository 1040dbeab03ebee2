using Seamsim.Isa.State;

namespace Seamsim.Isa.Ports;

/// <summary>
/// Knows where in the memory hierarchy a line would be found. Lines are named by their address with its KeyID: the same
/// memory under another KeyID is another line. It holds no data and changes nothing but cost.
/// </summary>
public interface ICacheTiming
{
    /// <summary>Managed SEAM code accesses a line.</summary>
    /// <param name="core">The logical processor.</param>
    /// <param name="address">An address in it, with KeyID.</param>
    /// <param name="write">Whether it becomes the only copy.</param>
    /// <returns>
    /// What the access costs beyond an L1 hit: <see cref="Operation.L2Hit"/>, <see cref="Operation.L3Hit"/> or
    /// <see cref="Operation.DramAccess"/>; null for an L1 hit.
    /// </returns>
    Operation? Access(Core core, ulong address, bool write);

    /// <summary>Managed SEAM code accesses a page through a mapping of its own.</summary>
    /// <returns>Whether it has to be mapped first.</returns>
    bool Maps(Core core, ulong address);

    /// <summary>A line leaves every cache: a direct store or a flush.</summary>
    void Drop(ulong address);
}
