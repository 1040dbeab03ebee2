using Seamsim.Host;
using Seamsim.Isa;
using Seamsim.Isa.Memory;

namespace Seamsim.Hosting;

/// <summary>The direct map of the host kernel: physical memory through KeyID 0, from outside SEAM.</summary>
internal sealed class HostMemory(
    PhysicalMemory memory,
    IReadOnlyList<(ulong Base, ulong Bytes)> ranges,
    IReadOnlyList<(ulong Base, ulong Bytes)> reserved) : IHostMemory
{
    /// <inheritdoc/>
    public IReadOnlyList<(ulong Base, ulong Bytes)> Ranges { get; } = ranges;

    /// <inheritdoc/>
    public IReadOnlyList<(ulong Base, ulong Bytes)> Reserved { get; } = reserved;

    /// <inheritdoc/>
    public void Read(Hpa address, Span<byte> destination) => memory.Read(address, destination, inSeam: false);

    /// <inheritdoc/>
    public void Write(Hpa address, ReadOnlySpan<byte> source) => memory.Write(address, source, inSeam: false);
}
