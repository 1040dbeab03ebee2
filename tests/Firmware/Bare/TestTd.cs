using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Tests.Conformance;

namespace Seamsim.Tests.Firmware;

/// <summary>How far a test TD is brought.</summary>
internal enum TdStage
{
    /// <summary>TDH.MNG.CREATE: lifecycle HKID_ASSIGNED.</summary>
    Created,

    /// <summary>TDH.MNG.KEY.CONFIG on every package.</summary>
    KeysConfigured,

    /// <summary>Six TDH.MNG.ADDCX.</summary>
    TdcsAllocated,

    /// <summary>TDH.MNG.INIT.</summary>
    Initialized,

    /// <summary>One virtual CPU initialised and TDH.MR.FINALIZE done.</summary>
    Runnable,

    /// <summary>TDH.MNG.VPFLUSHDONE: lifecycle BLOCKED.</summary>
    Blocked,

    /// <summary>TDH.PHYMEM.CACHE.WB on every package and TDH.MNG.KEY.FREEID.</summary>
    Teardown,
}

/// <summary>A TD on a platform that answers SEAMCALLs.</summary>
internal sealed class TestTd
{
    private const int TdvpsExtraPages = 5;

    private readonly IConformanceTarget platform;
    private readonly byte[] tdParams = new byte[TdParams.Bytes];

    public TestTd(IConformanceTarget platform, int hkidIndex = 0)
    {
        this.platform = platform;
        Hkid = platform.Hkid(hkidIndex);
        TdrPage = platform.Page();
        Set(TdParams.Xfam, 3UL);
        Set(TdParams.EptpControls, 6UL | 3 << 3);
        BinaryPrimitives.WriteUInt16LittleEndian(tdParams.AsSpan(TdParams.MaxVcpus), 4);
        BinaryPrimitives.WriteUInt16LittleEndian(tdParams.AsSpan(TdParams.TscFrequency), 40);
    }

    public ushort Hkid { get; }

    public ulong TdrPage { get; }

    /// <summary>TDCS pages in the order they were added.</summary>
    public List<ulong> TdcxPages { get; } = [];

    /// <summary>TDVPR pages of the virtual CPUs.</summary>
    public List<ulong> Vcpus { get; } = [];

    /// <summary>Every other page the TD owns.</summary>
    public List<ulong> OtherPages { get; } = [];

    /// <summary>TD_PARAMS; change it before <see cref="TdStage.Initialized"/>.</summary>
    public Span<byte> Params => tdParams;

    public Tdr Tdr => platform.TdrOf(TdrPage);

    public Tdcs Tdcs => Tdr.Tdcs;

    /// <summary>A TD brought to a stage, with default parameters (4-level EPT, GPAW 48, XFAM 3).</summary>
    public static TestTd At(IConformanceTarget platform, TdStage stage, int hkidIndex = 0)
    {
        TestTd td = new(platform, hkidIndex);
        td.BringTo(stage);
        return td;
    }

    /// <summary>Sets a qword of TD_PARAMS.</summary>
    public void Set(int offset, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(tdParams.AsSpan(offset), value);

    public void BringTo(TdStage stage)
    {
        Create();
        if (stage == TdStage.Created)
            return;
        ConfigureKeys();
        if (stage == TdStage.KeysConfigured)
            return;
        AddTdcx(Tdr.BaseTdcx);
        if (stage == TdStage.TdcsAllocated)
            return;
        platform.Do("TDH.MNG.INIT", InitOperands());
        if (stage is TdStage.Runnable)
        {
            AddVcpu();
            platform.Do("TDH.MR.FINALIZE", new(Rcx: TdrPage));
        }
        if (stage is TdStage.Blocked or TdStage.Teardown)
            platform.Do("TDH.MNG.VPFLUSHDONE", new(Rcx: TdrPage));
        if (stage is TdStage.Teardown)
            FreeKey();
    }

    public void Create() => platform.Do("TDH.MNG.CREATE", new(Rcx: TdrPage, Rdx: Hkid));

    public void ConfigureKeys() => platform.DoOnPackages("TDH.MNG.KEY.CONFIG", new(Rcx: TdrPage));

    public void AddTdcx(int pages)
    {
        for (int i = 0; i < pages; i++)
        {
            TdcxPages.Add(platform.Page());
            platform.Do("TDH.MNG.ADDCX", new(Rcx: TdcxPages[^1], Rdx: TdrPage));
        }
    }

    /// <summary>Writes TD_PARAMS to host memory; the operands of TDH.MNG.INIT.</summary>
    public SeamcallOperands InitOperands()
    {
        ulong buffer = platform.HostPage();
        platform.WriteHost(buffer, tdParams);
        return new(Rcx: TdrPage, Rdx: buffer);
    }

    /// <summary>VP.CREATE, VP.ADDCX and VP.INIT; returns the TDVPR page.</summary>
    public ulong AddVcpu(int lp = 0)
    {
        ulong tdvpr = CreateVcpu(lp);
        for (int i = 0; i < TdvpsExtraPages; i++)
        {
            OtherPages.Add(platform.Page());
            platform.Do("TDH.VP.ADDCX", new(Rcx: OtherPages[^1], Rdx: tdvpr), lp: lp);
        }
        platform.Do("TDH.VP.INIT", new(Rcx: tdvpr, Rdx: 0x1234), lp: lp);
        return tdvpr;
    }

    /// <summary>VP.CREATE only.</summary>
    public ulong CreateVcpu(int lp = 0)
    {
        Vcpus.Add(platform.Page());
        platform.Do("TDH.VP.CREATE", new(Rcx: Vcpus[^1], Rdx: TdrPage), lp: lp);
        return Vcpus[^1];
    }

    /// <summary>The view of a virtual CPU's state.</summary>
    public Tdvps Tdvps(ulong tdvpr, int lp = 0)
    {
        ISeamPlatform view = platform.View(lp);
        return new(view, view.Keys.WithKey(new Hpa(tdvpr), new KeyId(Hkid)));
    }

    /// <summary>CACHE.WB on every package, then KEY.FREEID.</summary>
    public void FreeKey()
    {
        platform.DoOnPackages("TDH.PHYMEM.CACHE.WB");
        platform.Do("TDH.MNG.KEY.FREEID", new(Rcx: TdrPage));
    }

    /// <summary>Reclaims every page, the TDR last.</summary>
    public void Reclaim()
    {
        foreach (ulong page in OtherPages.Concat(Vcpus).Concat(TdcxPages).Append(TdrPage))
            platform.Do("TDH.PHYMEM.PAGE.RECLAIM", new(Rcx: page));
    }
}
