using Seamsim.Isa.Ports;

namespace Seamsim.Isa.Memory;

/// <summary>Device windows in physical address space.</summary>
public sealed class MmioMap
{
    private readonly List<(ulong Base, ulong Bytes, IMmioDevice Device)> windows = [];

    /// <summary>Registers a window; windows do not overlap each other or RAM.</summary>
    public void Add(ulong start, ulong bytes, IMmioDevice device) => windows.Add((start, bytes, device));

    /// <summary>The device at an address (KeyID stripped) and the offset in its window.</summary>
    public bool TryFind(ulong address, out IMmioDevice device, out ulong offset)
    {
        foreach ((ulong start, ulong bytes, IMmioDevice candidate) in windows)
        {
            offset = address - start;
            device = candidate;
            if (offset < bytes)
                return true;
        }
        device = null!;
        offset = 0;
        return false;
    }
}
