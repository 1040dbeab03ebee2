using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Isa;

namespace Seamsim.Host.Kvm;

/// <content>Building the TD in the module: KeyID, TDR, keys, TDCS, INIT (patches 07, 13, 14).</content>
public sealed partial class KvmTdx
{
    private async HostTask<(Errno, TdxStatus)> Create(ICpu cpu, byte[] parameters)
    {
        if (!Kernel.Tdx.KeyIds!.TryAllocate(out KeyId keyId))
            return (Errno.ENOSPC, default);
        Errno error = ChargeCgroup();
        if (error != Errno.Ok)
        {
            Kernel.Tdx.KeyIds.Free(keyId);
            return (error, default);
        }
        List<Hpa> pages = [];
        error = AllocatePages(1 + Kernel.Tdx.Info.TdcsPages, pages);
        if (error == Errno.Ok && !Kernel.Cpus.EveryPackageOnline)
        {
            Kernel.Log(cpu, "kvm_intel: All packages need to have online CPU to create TD. "
                + "Online CPU and retry.");
            error = Errno.EIO;
        }
        if (error == Errno.Ok)
            error = await CreateTdr(cpu, pages[0], keyId);
        if (error != Errno.Ok)
        {
            pages.ForEach(Kernel.Pages.Free);
            Kernel.Tdx.KeyIds.Free(keyId);
            Kvm.CgroupCharge--;
            return (error, default);
        }
        KeyId = keyId;
        Tdr = pages[0];
        return await Build(cpu, pages, parameters);
    }

    private async HostTask<(Errno, TdxStatus)> Build(ICpu cpu, List<Hpa> pages, byte[] parameters)
    {
        TdxStatus hwError = default;
        Errno error = await Kernel.OnEachPackage(cpu, ConfigureKey);
        int added = 0;
        for (; error == Errno.Ok && added < pages.Count - 1; added++)
        {
            error = await AddTdcsPage(cpu, pages[1 + added]);
            if (error != Errno.Ok)
                break;
        }
        if (error == Errno.Ok)
            (error, hwError) = await InitializeTdcs(cpu, parameters);
        if (error == Errno.Ok)
            error = await ReadTsc(cpu);
        if (error == Errno.Ok)
        {
            State = TdState.Initialized;
            return (Errno.Ok, default);
        }
        for (int i = 1 + added; i < pages.Count; i++)
            Kernel.Pages.Free(pages[i]);
        await ReleaseKeyId(cpu);
        await ReclaimControlPages(cpu);
        return (error, hwError);
    }

    private Errno ChargeCgroup()
    {
        if (Kvm.Options.CgroupLimit is { } limit)
        {
            if (limit == 0)
                return Errno.EINVAL;
            if (Kvm.CgroupCharge >= limit)
                return Errno.EBUSY;
        }
        Kvm.CgroupCharge++;
        return Errno.Ok;
    }

    private Errno AllocatePages(int count, List<Hpa> pages)
    {
        for (int i = 0; i < count; i++)
        {
            if (!Kernel.Pages.TryAllocate(out Hpa page))
                return Errno.ENOMEM;
            pages.Add(page);
        }
        return Errno.Ok;
    }

    private async HostTask<Errno> CreateTdr(ICpu cpu, Hpa tdr, KeyId keyId)
    {
        // MNG.CREATE takes the key ownership table of the whole module: two at a time would meet BUSY.
        await Kernel.TdxLock.Acquire(cpu);
        SeamcallResult result = await Kernel.Tdh.MngCreate(cpu, tdr, keyId);
        Kernel.TdxLock.Release();
        if (result.Ok)
            return Errno.Ok;
        if (result.Status.Is(TdxStatus.RndNoEntropy))
            return Errno.EAGAIN;
        SeamcallArguments arguments = new() { Rcx = tdr.Value, Rdx = keyId.Value };
        Report(cpu, SeamcallLeaf.TDH_MNG_CREATE, arguments, result);
        return Errno.EIO;
    }

    private async HostTask<Errno> ConfigureKey(ICpu cpu)
    {
        SeamcallResult result = await Kernel.Tdh.MngKeyConfig(cpu, Tdr);
        if (result.Ok)
            return Errno.Ok;
        Report(cpu, SeamcallLeaf.TDH_MNG_KEY_CONFIG, new SeamcallArguments { Rcx = Tdr.Value }, result);
        Kill(cpu, "TDH_MNG_KEY_CONFIG failed");
        return Errno.EIO;
    }

    private async HostTask<Errno> AddTdcsPage(ICpu cpu, Hpa page)
    {
        SeamcallResult result = await Kernel.Tdh.MngAddCx(cpu, Tdr, page);
        if (result.Ok)
        {
            tdcsPages.Add(page);
            return Errno.Ok;
        }
        if (result.Status.Is(TdxStatus.RndNoEntropy))
            return Kvm.Options.Flavour == KvmFlavour.Series ? Errno.EBUSY : Errno.EAGAIN;
        Report(cpu, SeamcallLeaf.TDH_MNG_ADDCX, new SeamcallArguments { Rcx = page.Value, Rdx = Tdr.Value }, result);
        return Errno.EIO;
    }

    private async HostTask<(Errno, TdxStatus)> InitializeTdcs(ICpu cpu, byte[] parameters)
    {
        if (!Kernel.TryZeroedPage(out Hpa page))
            return (Errno.ENOMEM, default);
        Kernel.Platform.Memory.Write(page, parameters);
        SeamcallResult result = await Kernel.Tdh.MngInit(cpu, Tdr, page);
        Kernel.Pages.Free(page);
        if (result.Ok)
            return (Errno.Ok, default);
        SeamcallArguments arguments = new() { Rcx = Tdr.Value, Rdx = page.Value };
        Report(cpu, SeamcallLeaf.TDH_MNG_INIT, arguments, result, 1);
        return result.Status.Is(TdxStatus.OperandInvalid) ? (Errno.EINVAL, result.Status) : (Errno.EIO, default);
    }

    private async HostTask<Errno> ReadTsc(ICpu cpu)
    {
        SeamcallResult offset = await Kernel.Tdh.MngRd(cpu, Tdr, TdFields.TscOffset);
        SeamcallResult multiplier = await Kernel.Tdh.MngRd(cpu, Tdr, TdFields.TscMultiplier);
        if (!offset.Ok || !multiplier.Ok)
        {
            SeamcallArguments arguments = new() { Rcx = Tdr.Value, Rdx = TdFields.TscOffset.Value };
            Report(cpu, SeamcallLeaf.TDH_MNG_RD, arguments, offset.Ok ? multiplier : offset);
            return Errno.EIO;
        }
        (TscOffset, TscMultiplier) = (offset.R8, multiplier.R8);
        return Errno.Ok;
    }
}
