using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Isa;

namespace Seamsim.Oracle;

/// <summary>
/// A TD made of raw SEAMCALLs for one question: created, initialised, read and torn down again, without KVM's policy.
/// Its pages and its KeyID are the host's again afterwards.
/// </summary>
internal sealed class OracleTd(HostKernel kernel)
{
    private const int MaxCacheWritebacks = 10_000;
    private readonly List<Hpa> tdcsPages = [];

    /// <summary>Where the TDR is.</summary>
    public Hpa Tdr { get; private set; }

    /// <summary>The SEAMCALL that failed although the question was not at fault; null when all went well.</summary>
    public string? Problem { get; private set; }

    /// <summary>MNG.CREATE, MNG.KEY.CONFIG on every package, MNG.ADDCX for every TDCS page.</summary>
    public async HostTask<bool> Create(ICpu cpu, KeyId keyId)
    {
        if (!kernel.Pages.TryAllocate(out Hpa tdr))
            return Fail("no memory for a TDR");
        SeamcallResult created = await kernel.Tdh.MngCreate(cpu, tdr, keyId);
        if (!created.Ok)
        {
            kernel.Pages.Free(tdr);
            return Fail(SeamcallLeaf.TDH_MNG_CREATE, created);
        }
        Tdr = tdr;
        if (await kernel.OnEachPackage(cpu, ConfigureKey) != Errno.Ok)
            return false;
        while (tdcsPages.Count < kernel.Tdx.Info.TdcsPages)
            if (!await AddTdcsPage(cpu))
                return false;
        return true;
    }

    /// <summary>MNG.INIT; what it answers is the answer to the question.</summary>
    public async HostTask<SeamcallResult> Initialize(ICpu cpu, byte[] parameters)
    {
        kernel.TryZeroedPage(out Hpa page);
        kernel.Platform.Memory.Write(page, parameters);
        SeamcallResult result = await kernel.Tdh.MngInit(cpu, Tdr, page);
        kernel.Pages.Free(page);
        return result;
    }

    /// <summary>MNG.RD; null when the module says that the field cannot be read.</summary>
    public async HostTask<ulong?> Read(ICpu cpu, FieldId field)
    {
        SeamcallResult result = await kernel.Tdh.MngRd(cpu, Tdr, field);
        if (result.Ok)
            return result.R8;
        if (!result.Status.Is(TdxStatus.MetadataFieldNotReadable))
            Fail(SeamcallLeaf.TDH_MNG_RD, result);
        return null;
    }

    /// <summary>MNG.VPFLUSHDONE, PHYMEM.CACHE.WB on every package, MNG.KEY.FREEID, PAGE.RECLAIM of every page.</summary>
    public async HostTask Destroy(ICpu cpu)
    {
        if (Tdr == default || !await RetireKey(cpu))
            return;
        foreach (Hpa page in tdcsPages)
            if (await Reclaim(cpu, page))
                await Release(cpu, page);
        tdcsPages.Clear();
        Hpa tdr = Tdr;
        if (!await Reclaim(cpu, tdr))
            return;
        // The TDR was written under the module's own key.
        ulong address = tdr.Value | ((ulong)kernel.Tdx.KeyIds!.Global.Value << kernel.Tdx.PhysicalBits);
        SeamcallResult written = await kernel.Tdh.PhymemPageWbinvd(cpu, address);
        if (!written.Ok)
        {
            Fail(SeamcallLeaf.TDH_PHYMEM_PAGE_WBINVD, written);
            return;
        }
        await Release(cpu, tdr);
        Tdr = default;
    }

    private async HostTask<Errno> ConfigureKey(ICpu cpu)
    {
        SeamcallResult result = await kernel.Tdh.MngKeyConfig(cpu, Tdr);
        if (result.Ok)
            return Errno.Ok;
        Fail(SeamcallLeaf.TDH_MNG_KEY_CONFIG, result);
        return Errno.EIO;
    }

    private async HostTask<bool> AddTdcsPage(ICpu cpu)
    {
        if (!kernel.Pages.TryAllocate(out Hpa page))
            return Fail("no memory for a TDCS");
        SeamcallResult result = await kernel.Tdh.MngAddCx(cpu, Tdr, page);
        if (!result.Ok)
        {
            kernel.Pages.Free(page);
            return Fail(SeamcallLeaf.TDH_MNG_ADDCX, result);
        }
        tdcsPages.Add(page);
        return true;
    }

    private async HostTask<bool> RetireKey(ICpu cpu)
    {
        SeamcallResult flushed = await kernel.Tdh.MngVpFlushDone(cpu, Tdr);
        if (!flushed.Ok)
            return Fail(SeamcallLeaf.TDH_MNG_VPFLUSHDONE, flushed);
        if (await kernel.OnEachPackage(cpu, WriteBackPackage) != Errno.Ok)
            return false;
        SeamcallResult freed = await kernel.Tdh.MngKeyFreeId(cpu, Tdr);
        return freed.Ok || Fail(SeamcallLeaf.TDH_MNG_KEY_FREEID, freed);
    }

    private async HostTask<Errno> WriteBackPackage(ICpu cpu)
    {
        for (int i = 0; i < MaxCacheWritebacks; i++)
        {
            SeamcallResult result = await kernel.Tdh.PhymemCacheWb(cpu, resume: i > 0);
            if (result.Ok || result.Status.Is(TdxStatus.NoHkidReadyToWbcache))
                return Errno.Ok;
            if (result.Status.Is(TdxStatus.InterruptedResumable))
                continue;
            Fail(SeamcallLeaf.TDH_PHYMEM_CACHE_WB, result);
            return Errno.EIO;
        }
        return Errno.EIO;
    }

    private async HostTask<bool> Reclaim(ICpu cpu, Hpa page)
    {
        SeamcallResult result = await kernel.Tdh.PhymemPageReclaim(cpu, page);
        return result.Ok || Fail(SeamcallLeaf.TDH_PHYMEM_PAGE_RECLAIM, result);
    }

    // MOVDIR64B of zeros: the page is the kernel's again.
    private async HostTask Release(ICpu cpu, Hpa page)
    {
        await cpu.ClearPage(page.Value);
        kernel.Pages.Free(page);
    }

    private bool Fail(SeamcallLeaf leaf, in SeamcallResult result) =>
        Fail($"{SeamcallPrinter.NameOf(leaf)} failed: {SoftwareStatus.Describe(result.Status)}");

    // The first failure is the cause.
    private bool Fail(string problem)
    {
        Problem ??= problem;
        return false;
    }
}
