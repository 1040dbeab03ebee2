using Seamsim.Configuration;
using Seamsim.Host.Kernel;
using Seamsim.Hosting;
using Seamsim.Isa;

namespace Seamsim.TextTraces;

/// <summary>Takes the pages of host sections out of the kernel's free memory before anybody else gets them.</summary>
internal static class HostPages
{
    /// <summary>Where the stack of a host section starts: it grows down in memory that nobody uses.</summary>
    public const ulong StackTop = 0x9_0000;

    private const ulong LowEnd = 0x10_0000;

    /// <summary>Claims everything.</summary>
    public static void Claim(Machine machine, TextTrace trace)
    {
        SortedDictionary<ulong, int> pages = [];
        foreach (TextSection section in trace.Sections)
        {
            if (section.World != SectionWorld.Host)
                continue;
            Add(pages, section.Origin, section.End, section.Line);
            foreach (MemoryBlock block in section.Memory)
                Add(pages, block.Address, block.Address + (ulong)block.Bytes.Length, block.Line);
        }
        foreach ((ulong page, int line) in pages)
            if (!(page >= HostLayout.End && page < LowEnd) && !IsClaimed(machine, page))
                throw new ConfigurationException(
                    new Origin(trace.Name, line), $"0x{page:X}: the platform has no free RAM there");
    }

    private static void Add(SortedDictionary<ulong, int> pages, ulong start, ulong end, int line)
    {
        for (ulong page = start & ~(PageAllocator.PageSize - 1); page < end; page += PageAllocator.PageSize)
            pages.TryAdd(page, line);
    }

    private static bool IsClaimed(Machine machine, ulong page) =>
        machine.Kernel.Pages.TryAllocateBlock(
            PageAllocator.PageSize, PageAllocator.PageSize, page, page + PageAllocator.PageSize, out Hpa block)
        && block.Value == page;
}
