using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Isa;

namespace Seamsim.Host.Kvm;

/// <content>The end of a TD: private pages, KeyID, vCPU pages, secure EPT, TDCS, TDR (patch 13).</content>
public sealed partial class KvmTdx
{
    private const int MaxCacheWritebacks = 10_000;

    /// <summary>Whether the TD and all its pages are gone.</summary>
    public bool IsDestroyed { get; private set; }

    /// <summary>
    /// Closes the VM. Private pages go one by one while the KeyID is live; those of a TD that can no longer be managed
    /// that way are reclaimed after the KeyID is gone, like everything else. Pages the module keeps are lost.
    /// </summary>
    public override async HostTask Destroy(ICpu cpu)
    {
        if (IsDestroyed)
            return;
        if (KeyId is not null && State != TdState.Uninitialized && !IsDead)
            await Private.ZapAll(cpu);
        await ReleaseKeyId(cpu);
        bool keyGone = KeyId is null;
        if (keyGone)
            await Private.ReclaimLeftovers(cpu);
        foreach (VcpuTdx vcpu in TdVcpus)
            await vcpu.Free(cpu, keyGone);
        if (keyGone)
        {
            await Private.ReclaimTables(cpu);
            await ReclaimControlPages(cpu);
        }
        else
        {
            Private.LeakAll();
        }
        foreach (MemorySlot slot in Memory.Slots)
            slot.Memfd?.Close();
        Kvm.Forget(this);
        IsDestroyed = keyGone;
    }

    /// <summary>
    /// PHYMEM.PAGE.RECLAIM, then MOVDIR64B zeros: the page is the kernel's again. False: the page is lost.
    /// </summary>
    internal async HostTask<bool> Reclaim(ICpu cpu, Hpa page)
    {
        SeamcallResult result = await Kernel.Tdh.PhymemPageReclaim(cpu, page);
        if (!result.Ok)
        {
            Report(cpu, SeamcallLeaf.TDH_PHYMEM_PAGE_RECLAIM, new SeamcallArguments { Rcx = page.Value }, result, 3);
            return false;
        }
        await cpu.ClearPage(page.Value);
        return true;
    }

    /// <summary>PHYMEM.PAGE.WBINVD of a page under a KeyID.</summary>
    internal async HostTask<bool> WriteBack(ICpu cpu, Hpa page, KeyId keyId)
    {
        ulong address = page.Value | (ulong)keyId.Value << Kernel.Tdx.PhysicalBits;
        SeamcallResult result = await Kernel.Tdh.PhymemPageWbinvd(cpu, address);
        if (!result.Ok)
            Report(cpu, SeamcallLeaf.TDH_PHYMEM_PAGE_WBINVD, new SeamcallArguments { Rcx = address }, result);
        return result.Ok;
    }

    private async HostTask ReleaseKeyId(ICpu cpu)
    {
        if (KeyId is not { } keyId)
            return;
        foreach (VcpuTdx vcpu in TdVcpus)
            if (vcpu.AssociatedCpu is { } there)
                await Kernel.OnCpu(cpu, there, vcpu.Flush);
        await Kernel.TdxLock.Acquire(cpu);
        bool released = await RetireKey(cpu);
        Kernel.TdxLock.Release();
        if (!released)
            return;
        Kernel.Tdx.KeyIds!.Free(keyId);
        Kvm.CgroupCharge--;
        KeyId = null;
    }

    private async HostTask<bool> RetireKey(ICpu cpu)
    {
        SeamcallArguments tdr = new() { Rcx = Tdr.Value };
        SeamcallResult result = await Kernel.Tdh.MngVpFlushDone(cpu, Tdr);
        if (result.Status.Is(TdxStatus.FlushvpNotDone))
            return false;
        if (!result.Ok)
        {
            Report(cpu, SeamcallLeaf.TDH_MNG_VPFLUSHDONE, tdr, result);
            return false;
        }
        if (await Kernel.OnEachPackage(cpu, WriteBackPackage) != Errno.Ok)
            return false;
        result = await Kernel.Tdh.MngKeyFreeId(cpu, Tdr);
        if (result.Ok)
            return true;
        Report(cpu, SeamcallLeaf.TDH_MNG_KEY_FREEID, tdr, result);
        Kill(cpu, "TDH_MNG_KEY_FREEID failed");
        return false;
    }

    private async HostTask<Errno> WriteBackPackage(ICpu cpu)
    {
        for (int i = 0; i < MaxCacheWritebacks; i++)
        {
            SeamcallResult result = await Kernel.Tdh.PhymemCacheWb(cpu, resume: i > 0);
            if (result.Ok || result.Status.Is(TdxStatus.NoHkidReadyToWbcache))
                return Errno.Ok;
            if (result.Status.Is(TdxStatus.InterruptedResumable))
                continue;
            SeamcallArguments arguments = new() { Rcx = i > 0 ? 1UL : 0 };
            Report(cpu, SeamcallLeaf.TDH_PHYMEM_CACHE_WB, arguments, result);
            return Errno.EIO;
        }
        return Errno.EIO;
    }

    private async HostTask ReclaimControlPages(ICpu cpu)
    {
        if (KeyId is not null || Tdr == default)
            return;
        foreach (Hpa page in tdcsPages)
            if (await Reclaim(cpu, page))
                Kernel.Pages.Free(page);
        tdcsPages.Clear();
        SeamcallResult result = await Kernel.Tdh.PhymemPageReclaim(cpu, Tdr);
        Hpa tdr = Tdr;
        Tdr = default;
        if (!result.Ok)
        {
            Report(cpu, SeamcallLeaf.TDH_PHYMEM_PAGE_RECLAIM, new SeamcallArguments { Rcx = tdr.Value }, result, 3);
            return;
        }
        // The TDR was written under the module's own key.
        if (!await WriteBack(cpu, tdr, Kernel.Tdx.KeyIds!.Global))
            return;
        await cpu.ClearPage(tdr.Value);
        Kernel.Pages.Free(tdr);
    }
}
