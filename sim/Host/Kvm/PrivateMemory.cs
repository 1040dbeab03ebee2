using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Isa;

namespace Seamsim.Host.Kvm;

/// <summary>
/// KVM's copy of a TD's secure EPT (the mirror page table) and the flows that keep the two equal: SEPT.ADD for missing
/// levels, PAGE.ADD or PAGE.AUG for pages, BLOCK, TRACK, REMOVE for zaps. All pages are 4 KiB.
/// </summary>
public sealed partial class PrivateMemory
{
    private readonly KvmTdx vm;
    private readonly HostMutex zapLock;
    private readonly SortedDictionary<(int Level, ulong Index), Table> tables = [];
    private readonly SortedDictionary<ulong, Mapping> pages = [];

    internal PrivateMemory(KvmTdx vm)
    {
        this.vm = vm;
        zapLock = new HostMutex(vm.Kvm.Kernel.Platform);
    }

    /// <summary>Pages mapped in the mirror before the TD has them (nr_premapped).</summary>
    public int Premapped { get; private set; }

    /// <summary>Pages in the secure EPT.</summary>
    public int PageCount => pages.Count;

    /// <summary>Secure-EPT pages, the root not counted (it is a TDCS page).</summary>
    public int TableCount => tables.Count;

    /// <summary>While a zap retries, vCPUs stay out of the TD (wait_for_sept_zap).</summary>
    public bool KeepVcpusOut { get; private set; }

    private Tdh Tdh => vm.Kernel.Tdh;

    /// <summary>Whether a guest page is in the mirror.</summary>
    public bool IsMapped(ulong gpa) => pages.ContainsKey(gpa >> 12);

    /// <summary>
    /// Maps a guest page: adds missing tables, then counts it as premapped (before FINALIZE) or adds it pending
    /// (PAGE.AUG). -EBUSY or -EAGAIN: somebody else is at it, try again; -EIO: the VM is dead.
    /// </summary>
    public async HostTask<Errno> Map(ICpu cpu, ulong gpa, MemorySlot slot)
    {
        cpu.Charge("kvm.mmu_fault");
        ulong gfn = gpa >> 12;
        if (pages.TryGetValue(gfn, out Mapping? present))
            return present.IsFrozen ? Errno.EAGAIN : Errno.Ok;
        if (!slot.Memfd!.TryGetPage(slot.IndexOf(gpa), out Hpa page))
            return Errno.ENOMEM;
        Errno error = await AddTables(cpu, gpa);
        if (error != Errno.Ok)
            return error;
        if (pages.TryGetValue(gfn, out present))
            return present.IsFrozen ? Errno.EAGAIN : Errno.Ok;
        Mapping mapping = new(page, slot.Memfd, slot.IndexOf(gpa));
        pages.Add(gfn, mapping);
        if (vm.State != TdState.Runnable)
        {
            mapping.IsPremapped = true;
            Premapped++;
            return Errno.Ok;
        }
        return await Augment(cpu, gfn, mapping);
    }

    /// <summary>INIT_MEM_REGION's PAGE.ADD of a premapped page. -EBUSY when the module is busy.</summary>
    public async HostTask<Errno> Add(ICpu cpu, ulong gpa, Hpa source)
    {
        Mapping mapping = pages[gpa >> 12];
        SeamcallResult result = await Tdh.MemPageAdd(cpu, vm.Tdr, new Gpa(gpa), mapping.Page, source);
        if (result.Ok)
        {
            mapping.IsPremapped = false;
            Premapped--;
            return Errno.Ok;
        }
        SeamcallArguments arguments = new()
        {
            Rcx = gpa, Rdx = vm.Tdr.Value, R8 = mapping.Page.Value, R9 = source.Value,
        };
        vm.Report(cpu, SeamcallLeaf.TDH_MEM_PAGE_ADD, arguments, result, 2);
        return result.Busy ? Errno.EBUSY : Errno.EIO;
    }

    private async HostTask<Errno> Augment(ICpu cpu, ulong gfn, Mapping mapping)
    {
        mapping.IsFrozen = true;
        SeamcallResult result = await Tdh.MemPageAug(cpu, vm.Tdr, new Gpa(gfn << 12), 0, mapping.Page);
        mapping.IsFrozen = false;
        if (result.Ok)
            return Errno.Ok;
        pages.Remove(gfn);
        if (result.Busy)
            return Errno.EBUSY;
        SeamcallArguments arguments = new() { Rcx = gfn << 12, Rdx = vm.Tdr.Value, R8 = mapping.Page.Value };
        vm.Report(cpu, SeamcallLeaf.TDH_MEM_PAGE_AUG, arguments, result, 2);
        vm.Kill(cpu, "TDH_MEM_PAGE_AUG failed");
        return Errno.EIO;
    }

    private async HostTask<Errno> AddTables(ICpu cpu, ulong gpa)
    {
        for (int level = vm.Ept.Levels - 1; level >= 1; level--)
        {
            (int Level, ulong Index) key = (level, gpa >> (12 + (9 * level)));
            if (tables.TryGetValue(key, out Table? table))
            {
                if (table.IsFrozen)
                    return Errno.EAGAIN;
                continue;
            }
            if (!vm.Kernel.Pages.TryAllocate(out Hpa page))
                return Errno.ENOMEM;
            Errno error = await AddTable(cpu, key, page);
            if (error != Errno.Ok)
                return error;
        }
        return Errno.Ok;
    }

    private async HostTask<Errno> AddTable(ICpu cpu, (int Level, ulong Index) key, Hpa page)
    {
        Table table = new(page) { IsFrozen = true };
        tables.Add(key, table);
        Gpa gpa = new(key.Index << (12 + (9 * key.Level)));
        SeamcallResult result = await Tdh.MemSeptAdd(cpu, vm.Tdr, gpa, key.Level, page);
        table.IsFrozen = false;
        if (result.Ok)
            return Errno.Ok;
        tables.Remove(key);
        vm.Kernel.Pages.Free(page);
        if (result.Busy)
            return Errno.EBUSY;
        SeamcallArguments arguments = new()
        {
            Rcx = Kernel.Tdh.GpaAndLevel(gpa, key.Level), Rdx = vm.Tdr.Value, R8 = page.Value,
        };
        vm.Report(cpu, SeamcallLeaf.TDH_MEM_SEPT_ADD, arguments, result, 2);
        vm.Kill(cpu, "TDH_MEM_SEPT_ADD failed");
        return Errno.EIO;
    }

    /// <summary>A secure-EPT page.</summary>
    private sealed class Table(Hpa page)
    {
        internal Hpa Page { get; } = page;

        /// <summary>A SEAMCALL about it is on its way: others come back later.</summary>
        internal bool IsFrozen { get; set; }
    }

    /// <summary>A guest page in the mirror.</summary>
    private sealed class Mapping(Hpa page, GuestMemfd memfd, ulong index)
    {
        internal Hpa Page { get; } = page;

        internal GuestMemfd Memfd { get; } = memfd;

        internal ulong Index { get; } = index;

        internal bool IsFrozen { get; set; }

        internal bool IsPremapped { get; set; }
    }
}
