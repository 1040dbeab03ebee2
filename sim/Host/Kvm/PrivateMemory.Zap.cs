using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Isa;

namespace Seamsim.Host.Kvm;

/// <content>Taking pages back.</content>
public sealed partial class PrivateMemory
{
    /// <summary>
    /// Takes a guest page away: BLOCK, TRACK, every vCPU out, REMOVE, write-back, zeros. Before FINALIZE nobody runs,
    /// so there is nothing to track.
    /// </summary>
    public async HostTask<Errno> Zap(ICpu cpu, ulong gpa)
    {
        await zapLock.Acquire(cpu);
        Errno error = pages.TryGetValue(gpa >> 12, out Mapping? mapping)
            ? await ZapMapping(cpu, gpa & ~0xFFFUL, mapping)
            : Errno.Ok;
        zapLock.Release();
        return error;
    }

    /// <summary>Takes all guest pages away; stops at the first that does not go.</summary>
    public async HostTask ZapAll(ICpu cpu)
    {
        foreach (ulong gfn in pages.Keys.ToArray())
            if (await Zap(cpu, gfn << 12) != Errno.Ok)
                return;
    }

    /// <summary>Takes the guest pages of a range away.</summary>
    public async HostTask<Errno> ZapRange(ICpu cpu, ulong gpa, ulong bytes)
    {
        foreach (ulong gfn in pages.Keys.Where(gfn => gfn >= gpa >> 12 && gfn < (gpa + bytes) >> 12).ToArray())
            if (await Zap(cpu, gfn << 12) is var error && error != Errno.Ok)
                return error;
        return Errno.Ok;
    }

    /// <summary>
    /// After the KeyID is gone: reclaims guest pages no zap took back (as KVM_TDX_TERMINATE_VM would).
    /// </summary>
    public async HostTask ReclaimLeftovers(ICpu cpu)
    {
        foreach (Mapping mapping in pages.Values)
            if (mapping.IsPremapped || await vm.Reclaim(cpu, mapping.Page))
                mapping.Memfd.Free(mapping.Index);
            else
                mapping.Memfd.Leak(mapping.Index);
        pages.Clear();
        Premapped = 0;
    }

    /// <summary>After the KeyID is gone: reclaims the secure-EPT pages.</summary>
    public async HostTask ReclaimTables(ICpu cpu)
    {
        foreach (Table table in tables.Values)
            if (await vm.Reclaim(cpu, table.Page))
                vm.Kernel.Pages.Free(table.Page);
        tables.Clear();
    }

    /// <summary>The KeyID could not be freed: every page stays with the module.</summary>
    public void LeakAll()
    {
        foreach (Mapping mapping in pages.Values)
            mapping.Memfd.Leak(mapping.Index);
        pages.Clear();
        tables.Clear();
    }

    private async HostTask<Errno> ZapMapping(ICpu cpu, ulong gpa, Mapping mapping)
    {
        Hpa tdr = vm.Tdr;
        SeamcallResult result =
            await RetryOnce(cpu, () => Tdh.MemRangeBlock(cpu, tdr, new Gpa(gpa), 0));
        if (mapping.IsPremapped && result.Status.Is(TdxStatus.EptEntryStateIncorrect))
        {
            // The module never saw this page; only the mirror did.
            Premapped--;
            return Forget(gpa, mapping);
        }
        if (!result.Ok)
            return Fail(cpu, SeamcallLeaf.TDH_MEM_RANGE_BLOCK, gpa, result);
        if (vm.State == TdState.Runnable)
        {
            result = await RetryOnce(cpu, () => Tdh.MemTrack(cpu, tdr));
            if (!result.Ok)
                return Fail(cpu, SeamcallLeaf.TDH_MEM_TRACK, gpa, result);
            await vm.KickVcpus(cpu);
        }
        result = await RetryOnce(cpu, () => Tdh.MemPageRemove(cpu, tdr, new Gpa(gpa), 0));
        if (!result.Ok)
            return Fail(cpu, SeamcallLeaf.TDH_MEM_PAGE_REMOVE, gpa, result);
        if (!await vm.WriteBack(cpu, mapping.Page, vm.KeyId!.Value))
        {
            vm.Kill(cpu, "TDH_PHYMEM_PAGE_WBINVD failed");
            mapping.Memfd.Leak(mapping.Index);
            pages.Remove(gpa >> 12);
            return Errno.EIO;
        }
        await cpu.ClearPage(mapping.Page.Value);
        return Forget(gpa, mapping);
    }

    /// <summary>A busy module gets one more try, with every vCPU out of the TD and kept out.</summary>
    private async HostTask<SeamcallResult> RetryOnce(ICpu cpu, Func<HostTask<SeamcallResult>> call)
    {
        SeamcallResult result = await call();
        if (!result.Busy && !result.Status.Is(TdxStatus.PreviousTlbEpochBusy))
            return result;
        KeepVcpusOut = true;
        await vm.KickVcpus(cpu);
        result = await call();
        KeepVcpusOut = false;
        return result;
    }

    private Errno Forget(ulong gpa, Mapping mapping)
    {
        pages.Remove(gpa >> 12);
        mapping.Memfd.Free(mapping.Index);
        return Errno.Ok;
    }

    private Errno Fail(ICpu cpu, SeamcallLeaf leaf, ulong gpa, in SeamcallResult result)
    {
        vm.Report(cpu, leaf, new SeamcallArguments { Rcx = gpa, Rdx = vm.Tdr.Value }, result, 2);
        vm.Kill(cpu, leaf + " failed");
        return Errno.EIO;
    }
}
