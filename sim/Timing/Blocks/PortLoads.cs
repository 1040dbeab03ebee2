using System.Numerics;

namespace Seamsim.Timing.Blocks;

/// <summary>
/// µops an iteration at each port when they are spread so that the fullest ports are as empty as can be.
/// </summary>
internal static class PortLoads
{
    /// <summary>The load of every port of a core, in order of their numbers.</summary>
    /// <remarks>
    /// The ports of the bound are full to it; what is left is spread over the others in the same way.
    /// </remarks>
    public static IReadOnlyList<PortLoad> Of(IReadOnlyDictionary<int, Ratio> uses, PipelineParameters core)
    {
        Ratio[] loads = new Ratio[16];
        SortedDictionary<int, Ratio> left = new(uses.ToDictionary());
        while (left.Count > 0)
        {
            PortBound fullest = PortBound.Of(left);
            if (fullest.Ports == 0)
                break;
            for (int port = 0; port < loads.Length; port++)
                if ((fullest.Ports >> port & 1) != 0)
                    loads[port] = fullest.Cycles;
            left = Without(left, fullest.Ports);
        }
        return [.. Enumerable.Range(0, loads.Length).Where(port => (core.Ports >> port & 1) != 0)
            .Select(port => new PortLoad(PortUse.NamePorts(1 << port), loads[port]))];
    }

    private static SortedDictionary<int, Ratio> Without(SortedDictionary<int, Ratio> uses, int ports)
    {
        SortedDictionary<int, Ratio> left = [];
        foreach ((int set, Ratio count) in uses)
            if (BitOperations.PopCount((uint)(set & ~ports)) > 0)
                left[set & ~ports] = left.GetValueOrDefault(set & ~ports) + count;
        return left;
    }
}
