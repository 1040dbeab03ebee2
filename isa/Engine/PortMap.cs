using Seamsim.Isa.Ports;

namespace Seamsim.Isa.Engine;

/// <summary>Devices in I/O port space.</summary>
public sealed class PortMap
{
    private readonly List<(ushort First, int Count, IPortDevice Device)> ranges = [];

    /// <summary>Registers the device behind <paramref name="count"/> ports from <paramref name="first"/> on.</summary>
    public void Add(ushort first, int count, IPortDevice device) => ranges.Add((first, count, device));

    /// <summary>The device behind a port.</summary>
    public bool TryFind(ushort port, out IPortDevice device)
    {
        foreach ((ushort first, int count, IPortDevice candidate) in ranges)
        {
            device = candidate;
            if ((uint)(port - first) < (uint)count)
                return true;
        }
        device = null!;
        return false;
    }
}
