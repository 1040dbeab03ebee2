using Seamsim.BareMetal;
using Seamsim.Isa;
using Seamsim.Isa.Memory;

namespace Seamsim.Loading;

/// <summary>Puts an image, its modules and the information structure into memory.</summary>
internal sealed class MultibootLoader(PhysicalMemory memory, PcMemoryMap map)
{
    private const ulong PageMask = 4095, FirstInformation = 0x9000, OneMebibyte = 1 << 20;
    private readonly List<(ulong Start, ulong End)> taken = [];

    /// <summary>Loads everything; null: why it cannot be, on one line. The result is what EBX holds.</summary>
    public uint? Load(
        MultibootImage image, string commandLine, IReadOnlyList<MultibootModule> modules, out string wrong)
    {
        foreach (LoadedRange range in image.Ranges)
        {
            wrong = $"0x{range.Address:X}..0x{range.End:X} is not memory of this machine";
            if (!map.IsAvailable(range.Address, range.Length))
                return null;
            taken.Add((range.Address, range.End));
        }
        List<(MultibootModule, uint)> placed = [];
        foreach (MultibootModule module in modules)
        {
            wrong = $"{module.Name}: there is no room in memory for {module.Bytes.Length} bytes";
            if (Place((ulong)module.Bytes.Length, Math.Max(OneMebibyte, HighestTaken)) is not { } start)
                return null;
            placed.Add((module, (uint)start));
        }
        wrong = "there is no room in memory for the Multiboot information";
        ulong needed = (ulong)MultibootInformation.Build(0, map, commandLine, placed).Length;
        if ((Place(needed, FirstInformation) ?? Place(needed, OneMebibyte)) is not { } at)
            return null;
        foreach (LoadedRange range in image.Ranges)
            Write(range);
        foreach ((MultibootModule module, uint start) in placed)
            Store(start, module.Bytes);
        Store(at, MultibootInformation.Build((uint)at, map, commandLine, placed));
        return (uint)at;
    }

    private ulong HighestTaken => taken.Max(range => range.End);

    /// <summary>The first page-aligned free place at or above an address; modules are page-aligned (3.1.2).</summary>
    private ulong? Place(ulong bytes, ulong from)
    {
        bytes = Math.Max(1, bytes);
        ulong at = (from + PageMask) & ~PageMask;
        for (int i = 0; i <= taken.Count; i++)
        {
            ulong next = at;
            foreach ((ulong start, ulong end) in taken)
                if (at < end && start < at + bytes)
                    next = Math.Max(next, (end + PageMask) & ~PageMask);
            if (next == at)
                break;
            at = next;
        }
        if (at + bytes > uint.MaxValue || !map.IsAvailable(at, bytes))
            return null;
        taken.Add((at, at + bytes));
        return at;
    }

    /// <summary>Memory is zero after power-on, but a later range may lie over an earlier one.</summary>
    private void Write(in LoadedRange range)
    {
        Store(range.Address, range.Bytes.Span);
        ulong zeroFrom = range.Address + (ulong)range.Bytes.Length;
        byte[] zeros = new byte[PageMask + 1];
        while (zeroFrom < range.End)
        {
            int bytes = (int)Math.Min(range.End - zeroFrom, (PageMask + 1) - (zeroFrom & PageMask));
            Store(zeroFrom, zeros.AsSpan(0, bytes));
            zeroFrom += (ulong)bytes;
        }
    }

    private void Store(ulong address, ReadOnlySpan<byte> bytes) =>
        memory.Write(new Hpa(address), bytes, inSeam: false);
}
