using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Seam;

namespace Seamsim.Tests.Firmware;

/// <summary>
/// A module on a <see cref="BareMachine"/> and a host that calls it: SEAMCALLs by name, pages to give away, and the way
/// to READY.
/// </summary>
internal sealed class ModulePlatform : Conformance.IConformanceTarget
{
    public const ulong TdmrBase = BareMachine.Gigabyte, TdmrBytes = BareMachine.Gigabyte;

    private const ulong TdmrInfoArray = 0x20000, TdmrInfoAddress = 0x21000, PamtBase = 0x2000_0000,
        HostPages = 0x100_0000;
    private const ulong Pamt4KBytes = 4UL << 20, Pamt2MBytes = 0x2000, Pamt1GBytes = 0x1000;

    private readonly TdxModule module;
    private ulong nextPage = TdmrBase + (8UL << 20), nextHostPage = HostPages;

    public ModulePlatform(int packages = 1, int lpsPerPackage = 2, ModuleTables? tables = null)
    {
        Machine = new BareMachine(packages, lpsPerPackage);
        module = tables is null ? new TdxModule(ModuleVersion.Default) : new TdxModule(tables);
    }

    public BareMachine Machine { get; }

    public static ushort GlobalHkid => (ushort)BareMachine.Keys.FirstPrivate;

    /// <summary>A private HKID other than the global one.</summary>
    public static ushort Hkid(int index = 0) => (ushort)(BareMachine.Keys.FirstPrivate + 1 + index);

    /// <summary>A platform whose module is READY with one fully initialised TDMR.</summary>
    public static ModulePlatform Ready(int packages = 1, int lpsPerPackage = 2)
    {
        ModulePlatform platform = new(packages, lpsPerPackage);
        platform.BringUp();
        return platform;
    }

    /// <summary>The same with another module.</summary>
    public static ModulePlatform Ready(ModuleTables tables)
    {
        ModulePlatform platform = new(tables: tables);
        platform.BringUp();
        return platform;
    }

    /// <summary>Calls a leaf by the ABI's name; the locks it took are released when it is over.</summary>
    public SeamcallResult Seamcall(string leaf, SeamcallOperands operands = default, int version = 0, int lp = 0)
    {
        SeamcallResult result = SeamcallHoldingLocks(leaf, operands, version, lp);
        Machine.Lps[lp].EndEntry();
        return result;
    }

    /// <summary>
    /// As <see cref="Seamcall"/>, but the leaf's locks stay held until <see cref="BareLp.EndEntry"/>.
    /// </summary>
    public SeamcallResult SeamcallHoldingLocks(string leaf, SeamcallOperands operands = default, int version = 0,
        int lp = 0)
    {
        LeafInfo info = LeafCatalog.Find(leaf) ?? throw new ArgumentException($"no leaf {leaf}", nameof(leaf));
        return SeamcallRaw((uint)info.Number | (ulong)version << 16, operands, lp, out _);
    }

    /// <summary>Calls with a whole RAX; tells how the entry ended.</summary>
    public SeamcallResult SeamcallRaw(ulong rax, SeamcallOperands operands, int lp, out SeamEnd end)
    {
        BareLp core = Machine.Lps[lp];
        core.VmptrldTransferVmcs();
        core.Gpr(0) = rax;
        (core.Gpr(1), core.Gpr(2), core.Gpr(8), core.Gpr(9)) = (operands.Rcx, operands.Rdx, operands.R8, operands.R9);
        (core.Gpr(10), core.Gpr(11), core.Gpr(12), core.Gpr(13)) = (operands.R10, operands.R11, operands.R12,
            operands.R13);
        end = module.OnSeamcall(core);
        ulong[] gprs = new ulong[16];
        for (int i = 0; i < gprs.Length; i++)
            gprs[i] = core.Gpr(i);
        return new SeamcallResult(gprs);
    }

    /// <inheritdoc/>
    public int LpCount => Machine.Lps.Count;

    /// <inheritdoc/>
    public ulong OutsideTdmr => 0x3000_0000;

    /// <inheritdoc/>
    public ulong NumCmrs => 1;

    ulong Conformance.IConformanceTarget.TdmrBase => TdmrBase;

    ushort Conformance.IConformanceTarget.GlobalHkid => GlobalHkid;

    /// <inheritdoc/>
    public int PackageOf(int lp) => Machine.Lps[lp].Package;

    ushort Conformance.IConformanceTarget.Hkid(int index) => Hkid(index);

    ulong[] Conformance.IConformanceTarget.DefaultTdmr() => DefaultTdmr();

    /// <inheritdoc/>
    public ISeamPlatform View(int lp) => Machine.Lps[lp];

    /// <inheritdoc/>
    public bool TrySetMsr(int lp, uint msr, ulong value)
    {
        Machine.Lps[lp].Cpu.Msrs[msr] = value;
        return true;
    }

    /// <inheritdoc/>
    public SeamcallResult Call(ulong rax, SeamcallOperands operands, int lp)
    {
        SeamcallResult result = SeamcallRaw(rax, operands, lp, out _);
        Machine.Lps[lp].EndEntry();
        return result;
    }

    /// <inheritdoc/>
    public void WriteHost(ulong address, ReadOnlySpan<byte> bytes) =>
        Machine.Memory.Write(new Hpa(address), bytes, inSeam: false);

    /// <inheritdoc/>
    public byte[] ReadHost(ulong address, int count)
    {
        byte[] bytes = new byte[count];
        Machine.Memory.Read(new Hpa(address), bytes, inSeam: false);
        return bytes;
    }

    /// <summary>A TD exit arrives; tells how the entry ended.</summary>
    public SeamEnd TdExit(int lp = 0) => module.OnTdExit(Machine.Lps[lp]);

    /// <summary>Calls a leaf that must succeed.</summary>
    public SeamcallResult Do(string leaf, SeamcallOperands operands = default, int version = 0, int lp = 0)
    {
        SeamcallResult result = Seamcall(leaf, operands, version, lp);
        Assert.That(result.Status, Is.EqualTo(TdxStatus.Success), leaf);
        return result;
    }

    /// <summary>A fresh free page inside the TDMR.</summary>
    public ulong Page() => (nextPage += 4096) - 4096;

    /// <summary>A fresh free range of 2 MiB inside the TDMR, aligned.</summary>
    public ulong LargePage()
    {
        ulong page = nextPage + 0x1F_FFFF & ~0x1F_FFFFUL;
        nextPage = page + 0x20_0000;
        return page;
    }

    /// <summary>A fresh zeroed host page outside every TDMR.</summary>
    public ulong HostPage()
    {
        Machine.Memory.FillPage(new Hpa(nextHostPage), 0, inSeam: false);
        return (nextHostPage += 4096) - 4096;
    }

    /// <summary>
    /// SYS.INIT, SYS.LP.INIT everywhere, SYS.CONFIG, SYS.KEY.CONFIG per package, SYS.TDMR.INIT to the end.
    /// </summary>
    public void BringUp()
    {
        Do("TDH.SYS.INIT");
        InitLps();
        Configure();
        ConfigureKeys();
        InitialiseTdmr();
    }

    /// <inheritdoc/>
    public void InitialiseTdmr()
    {
        while (Do("TDH.SYS.TDMR.INIT", new(Rcx: TdmrBase)).Rdx < TdmrBase + TdmrBytes)
        {
        }
    }

    public void InitLps()
    {
        for (int lp = 0; lp < Machine.Lps.Count; lp++)
            Do("TDH.SYS.LP.INIT", lp: lp);
    }

    public void Configure() => Do("TDH.SYS.CONFIG", new(Rcx: WriteTdmrs(DefaultTdmr()), Rdx: 1, R8: GlobalHkid));

    public void ConfigureKeys()
    {
        for (int lp = 0; lp < Machine.Lps.Count; lp++)
            if (lp == 0 || Machine.Lps[lp].Package != Machine.Lps[lp - 1].Package)
                Do("TDH.SYS.KEY.CONFIG", lp: lp);
    }

    /// <summary>A TDMR of one gigabyte with its PAMT below it.</summary>
    public static ulong[] DefaultTdmr()
    {
        ulong[] info = new ulong[64];
        info[TdmrInfo.Base / 8] = TdmrBase;
        info[TdmrInfo.Size / 8] = TdmrBytes;
        info[TdmrInfo.Pamt4KBase / 8] = PamtBase;
        info[TdmrInfo.Pamt4KSize / 8] = Pamt4KBytes;
        info[TdmrInfo.Pamt2MBase / 8] = PamtBase + Pamt4KBytes;
        info[TdmrInfo.Pamt2MSize / 8] = Pamt2MBytes;
        info[TdmrInfo.Pamt1GBase / 8] = PamtBase + Pamt4KBytes + Pamt2MBytes;
        info[TdmrInfo.Pamt1GSize / 8] = Pamt1GBytes;
        return info;
    }

    /// <summary>Writes TDMR_INFOs and the array of their addresses; returns the array's address.</summary>
    public ulong WriteTdmrs(params ulong[][] infos)
    {
        for (int i = 0; i < infos.Length; i++)
        {
            ulong address = TdmrInfoAddress + (ulong)i * 512;
            Machine.WriteBytes(address, System.Runtime.InteropServices.MemoryMarshal.AsBytes<ulong>(infos[i]));
            Machine.Write(TdmrInfoArray + (ulong)i * 8, address);
        }
        return TdmrInfoArray;
    }

    /// <summary>The TDR page as the module sees it.</summary>
    public Tdr TdrOf(ulong page, int lp = 0) =>
        new(Machine.Lps[lp], BareMachine.Keys.WithKey(new Hpa(page), new KeyId(GlobalHkid)));

    /// <summary>The type PHYMEM.PAGE.RDMD reports for a page.</summary>
    public PageType TypeOf(ulong page) => (PageType)Do("TDH.PHYMEM.PAGE.RDMD", new(Rcx: page)).Rcx;

    public void Dispose() => Machine.Dispose();
}
