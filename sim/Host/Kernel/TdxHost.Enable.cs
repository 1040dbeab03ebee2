using System.Buffers.Binary;
using System.Globalization;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Host.Kernel;

/// <content>Global initialization: metadata, TDMRs and PAMTs, keys, PAMT contents.</content>
public sealed partial class TdxHost
{
    /// <summary>
    /// Makes the module ready (tdx_enable): -EINVAL when an earlier try failed, a package has no processor online, or
    /// the module is too old; -ENOSPC when RAM needs too many TDMRs; -EIO when the module refuses.
    /// </summary>
    public async HostTask<Errno> Enable(ICpu cpu)
    {
        if (State == TdxState.Initialized)
            return Errno.Ok;
        if (State == TdxState.Error || KeyIds is null || !kernel.Cpus.EveryPackageOnline)
            return Errno.EINVAL;
        Errno error = await InitializeModule(cpu);
        State = error == Errno.Ok ? TdxState.Initialized : TdxState.Error;
        kernel.Log(cpu, error == Errno.Ok
            ? "virt/tdx: module initialized"
            : string.Create(CultureInfo.InvariantCulture, $"virt/tdx: module initialization failed (-{(int)error})"));
        return error;
    }

    private async HostTask<Errno> InitializeModule(ICpu cpu)
    {
        if (await TdxSysInfo.Read(kernel, cpu) is not { } info)
            return Errno.EIO;
        Info = info;
        if ((info.Features0 & TdxFeatures0.NoRbpMod) == 0)
        {
            kernel.Log(cpu, "virt/tdx: NO_RBP_MOD feature is not supported. Upgrade the TDX module.");
            return Errno.EINVAL;
        }
        MemoryList = TdmrPlan.MemoryList(kernel.Platform.Memory.Ranges);
        List<Tdmr> tdmrs = [];
        Errno error = PlanTdmrs(tdmrs);
        if (error != Errno.Ok)
            return error;
        error = await ConfigureModule(cpu, tdmrs);
        if (error == Errno.Ok)
            error = await kernel.OnEachPackage(cpu, ConfigureGlobalKey);
        if (error == Errno.Ok)
            error = await InitializeTdmrs(cpu, tdmrs);
        if (error != Errno.Ok)
        {
            await UndoPamts(cpu, tdmrs);
            return error;
        }
        Tdmrs = tdmrs;
        ulong pamt = tdmrs.Aggregate(0UL, (sum, tdmr) => sum + tdmr.PamtBytes);
        kernel.Log(cpu, string.Create(CultureInfo.InvariantCulture, $"virt/tdx: {pamt >> 10} KB allocated for PAMT"));
        return Errno.Ok;
    }

    private Errno PlanTdmrs(List<Tdmr> tdmrs)
    {
        Errno error = TdmrPlan.Cover(MemoryList, Info.Limits.MaxTdmrs, tdmrs);
        if (error != Errno.Ok)
            return error;
        List<Tdmr> placed = [];
        foreach (Tdmr tdmr in tdmrs)
        {
            TdmrPlan.SizePamt(tdmr, Info.Limits);
            (ulong from, ulong bytes) = MemoryList.First(range => range.Base + range.Bytes > tdmr.Base);
            ulong to = from + bytes;
            if (!kernel.Pages.TryAllocateBlock(tdmr.PamtBytes, PageAllocator.PageSize, from, to, out Hpa block))
            {
                FreePamts(placed);
                return Errno.ENOMEM;
            }
            TdmrPlan.PlacePamt(tdmr, block.Value);
            placed.Add(tdmr);
        }
        error = TdmrPlan.Reserve(tdmrs, MemoryList, Info.Limits.MaxReserved);
        if (error != Errno.Ok)
            FreePamts(placed);
        return error;
    }

    private async HostTask<Errno> ConfigureModule(ICpu cpu, List<Tdmr> tdmrs)
    {
        int infoBytes = (TdmrInfo.Reserved + (Info.Limits.MaxReserved * TdmrInfo.ReservedBytes) + 511) & ~511;
        ulong blockBytes = PageAllocator.PageSize + (ulong)(infoBytes * tdmrs.Count);
        if (!kernel.Pages.TryAllocateBlock(blockBytes, PageAllocator.PageSize, 0, ulong.MaxValue, out Hpa array))
            return Errno.ENOMEM;
        byte[] pointers = new byte[PageAllocator.PageSize];
        for (int i = 0; i < tdmrs.Count; i++)
        {
            Hpa info = array + PageAllocator.PageSize + (ulong)(i * infoBytes);
            BinaryPrimitives.WriteUInt64LittleEndian(pointers.AsSpan(i * 8), info.Value);
            kernel.Platform.Memory.Write(info, tdmrs[i].ToInfo(infoBytes));
        }
        kernel.Platform.Memory.Write(array, pointers);

        SeamcallResult result = await kernel.Tdh.SysConfig(cpu, array, tdmrs.Count, KeyIds!.Global);
        SeamcallArguments arguments =
            new() { Rcx = array.Value, Rdx = (ulong)tdmrs.Count, R8 = KeyIds.Global.Value };
        kernel.Pages.FreeBlock(array, blockBytes);
        Errno error = Report(cpu, SeamcallLeaf.TDH_SYS_CONFIG, arguments, result);
        // PAMTs may have dirty lines under KeyID 0; they must be gone before the module writes them under its own key.
        return error == Errno.Ok ? await kernel.OnEachCpu(cpu, WriteBackCaches) : error;
    }

    private async HostTask<Errno> ConfigureGlobalKey(ICpu cpu) =>
        Report(cpu, SeamcallLeaf.TDH_SYS_KEY_CONFIG, default, await kernel.Tdh.SysKeyConfig(cpu));

    private async HostTask<Errno> InitializeTdmrs(ICpu cpu, List<Tdmr> tdmrs)
    {
        foreach (Tdmr tdmr in tdmrs)
            for (ulong next = tdmr.Base; next < tdmr.End;)
            {
                SeamcallResult result = await kernel.Tdh.SysTdmrInit(cpu, tdmr.Base);
                Errno error = Report(
                    cpu, SeamcallLeaf.TDH_SYS_TDMR_INIT, new SeamcallArguments { Rcx = tdmr.Base }, result);
                if (error != Errno.Ok)
                    return error;
                next = result.Rdx;
                await kernel.Yield(cpu);
            }
        return Errno.Ok;
    }

    private static async HostTask<Errno> WriteBackCaches(ICpu cpu)
    {
        await cpu.Execute(Stub.Wbinvd);
        return Errno.Ok;
    }

    private async HostTask UndoPamts(ICpu cpu, List<Tdmr> tdmrs)
    {
        await kernel.OnEachCpu(cpu, WriteBackCaches);
        if (PartialWriteErratum)
            foreach (Tdmr tdmr in tdmrs)
                for (ulong at = 0; at < tdmr.PamtBytes; at += PageAllocator.PageSize)
                    await cpu.ClearPage(tdmr.PamtBlock + at);
        FreePamts(tdmrs);
    }

    private void FreePamts(List<Tdmr> tdmrs)
    {
        foreach (Tdmr tdmr in tdmrs)
            kernel.Pages.FreeBlock(new Hpa(tdmr.PamtBlock), tdmr.PamtBytes);
    }
}
