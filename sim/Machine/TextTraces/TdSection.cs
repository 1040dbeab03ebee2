using Seamsim.Guests;
using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Host.Vmm;
using Seamsim.Runs;

namespace Seamsim.TextTraces;

/// <summary>
/// A section inside a trust domain: KVM and the module build it, its vCPU boots to 64-bit mode and runs the code.
/// </summary>
internal sealed class TdSection(Machine machine, TextSection section, ulong limit)
{
    private const ulong Minimum = 2UL << 20, LowLimit = 3UL << 30;

    /// <summary>Plays it.</summary>
    /// <exception cref="TdxUnavailableException">KVM or the module refused the TD.</exception>
    public SectionResult Play()
    {
        TdVmm vmm = new(machine.Kvm, Config(), new OutputConsole());
        Errno error = machine.Execute(0, vmm.Build);
        if (error != Errno.Ok)
            throw new TdxUnavailableException($"{section.Name}: {vmm.Reason}");
        SectionWatch watch = new(section, machine.Cores[0], limit, new SectionPlace(
            TextTraceBoot.HandlerOf, TextTraceBoot.Handlers, TextTraceBoot.VeTold, TextTraceBoot.Base,
            () => vmm.Stop("the section is over")));
        watch.Attach();
        try
        {
            TdEnd end = machine.Execute(0, vmm.Run);
            watch.Abandon(
                end == TdEnd.Finished ? SectionEnd.Halted : SectionEnd.Stopped,
                end == TdEnd.Finished ? "the TD halted" : $"{end}: {vmm.Reason}");
        }
        catch (MachineStoppedException stopped)
        {
            watch.Abandon(SectionEnd.Stopped, stopped.Message);
        }
        finally
        {
            watch.Detach();
        }
        return watch.Result;
    }

    private TdConfig Config()
    {
        List<GuestRegion> regions = [.. Regions(), TextTraceBoot.For(section.Origin)];
        ulong end = Minimum;
        foreach (GuestRegion region in regions)
            if (region.Gpa < LowLimit)
                end = Math.Max(end, region.Gpa + (ulong)region.Bytes.Length);
        return new TdConfig
        {
            Name = section.Name,
            Guest = new GuestImage(section.Name, regions),
            Attributes = section.Options.Attributes,
            Xfam = section.Options.Xfam,
            GuestPhysicalBits = section.Options.Gpaw,
            MemoryBytes = end,
        };
    }

    /// <summary>Code and memory, page by page, joined where they touch.</summary>
    private IEnumerable<GuestRegion> Regions()
    {
        SortedDictionary<ulong, byte[]> pages = [];
        foreach (CodeLine line in section.Code)
            Put(pages, line.Address, line.Bytes);
        foreach (MemoryBlock block in section.Memory)
            Put(pages, block.Address, block.Bytes);
        List<byte> run = [];
        ulong start = 0;
        foreach ((ulong page, byte[] bytes) in pages)
        {
            if (run.Count > 0 && page != start + (ulong)run.Count)
            {
                yield return new GuestRegion(start, run.ToArray());
                run.Clear();
            }
            if (run.Count == 0)
                start = page;
            run.AddRange(bytes);
        }
        yield return new GuestRegion(start, run.ToArray());
    }

    private static void Put(SortedDictionary<ulong, byte[]> pages, ulong address, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            ulong page = address & ~(PageAllocator.PageSize - 1);
            int offset = (int)(address - page), count = Math.Min(bytes.Length, (int)PageAllocator.PageSize - offset);
            if (!pages.TryGetValue(page, out byte[]? contents))
                pages.Add(page, contents = new byte[PageAllocator.PageSize]);
            bytes[..count].CopyTo(contents.AsSpan(offset));
            bytes = bytes[count..];
            address += (ulong)count;
        }
    }
}
