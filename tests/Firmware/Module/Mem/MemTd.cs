using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Seam;

namespace Seamsim.Tests.Firmware;

/// <summary>Operand registers of a call.</summary>
internal sealed class Operands
{
    public ulong Rcx { get; set; }

    public ulong Rdx { get; set; }

    public ulong R8 { get; set; }

    public ulong R9 { get; set; }

    public ulong R10 { get; set; }

    public ulong R11 { get; set; }

    public ulong Version { get; set; }
}

/// <summary>
/// A TD made by hand in a READY module, so that the memory leaves are tested without the leaves that lead there: TDR,
/// TDCS pages and an empty Secure EPT in one TDMR whose PAMT is initialised.
/// </summary>
internal sealed class MemTd : IDisposable
{
    public const ulong TdmrBase = 1UL << 30, TdmrSize = 1UL << 30;
    public const ulong Pamt4K = 0x1000_0000, Pamt2M = 0x1100_0000, Pamt1G = 0x1200_0000;
    public const ulong TdrPage = TdmrBase;

    /// <summary>Shared host memory below the TDMR.</summary>
    public const ulong HostPage = 0x2000_0000;

    private const int PamtSnapshotPages = 1024, FirstFreePage = 16;

    private readonly TdxModule module = new(ModuleVersion.Default);
    private readonly List<Hpa> septPages = [];
    private Tdvps? vcpu;
    private ulong nextPage = TdmrBase + FirstFreePage * 4096;
    private ulong nextLargePage = TdmrBase + (64UL << 20);

    public MemTd(int topLevel = 3, bool gpaw = false, int l2Vms = 0)
    {
        Machine = new BareMachine();
        GlobalKey = new KeyId(32);
        TdKey = new KeyId(33);
        Machine.Memory.ProgramKey(0, GlobalKey, 32, integrity: false);
        Machine.Memory.ProgramKey(0, TdKey, 33, integrity: false);
        MakeModuleReady();
        Tdr = new Tdr(Lp, Keys.WithKey(new Hpa(TdrPage), GlobalKey));
        MakeTd(topLevel, gpaw, l2Vms);
        Regs.Rdx = TdrPage;
    }

    public BareMachine Machine { get; }

    public BareLp Lp => Machine.Lps[0];

    public BareLp OtherLp => Machine.Lps[1];

    public KeyId GlobalKey { get; }

    public KeyId TdKey { get; }

    public Tdr Tdr { get; }

    public Tdcs Tdcs => Tdr.Tdcs;

    /// <summary>Operands of the next call; RDX starts as the TDR.</summary>
    public Operands Regs { get; } = new();

    public SeptTree Tree => TdSept.TreeOf(Lp, Tdcs);

    public ModuleTables Tables => Rules.Default.Tables;

    /// <summary>The TD's virtual CPU.</summary>
    public Tdvps Vcpu => vcpu ??= MakeVcpu();

    /// <summary>The GPA a test is about.</summary>
    public ulong Gpa { get; init; } = 0x4020_0000;

    private KeyIdLayout Keys => Lp.Keys;

    private ModuleData Data => ModuleData.Of(Lp);

    /// <summary>A free 4-KiB page of the TDMR.</summary>
    public ulong FreePage()
    {
        ulong page = nextPage;
        nextPage += 4096;
        return page;
    }

    /// <summary>A free, aligned 2-MiB range of the TDMR.</summary>
    public ulong FreeLargePage()
    {
        ulong page = nextLargePage;
        nextLargePage += 2UL << 20;
        return page;
    }

    /// <summary>Calls a host leaf with <see cref="Regs"/>; locks are released when it returns.</summary>
    public TdxStatus Call(int leaf, BareLp? lp = null)
    {
        lp ??= Lp;
        TdxStatus status = Begin(leaf, lp);
        lp.EndEntry();
        return status;
    }

    /// <summary>
    /// Calls a host leaf and leaves its locks held, as another LP sees them until the leaf's end time.
    /// </summary>
    public TdxStatus Begin(int leaf, BareLp lp)
    {
        lp.Gpr(0) = (uint)leaf | Regs.Version << 16;
        (lp.Gpr(1), lp.Gpr(2), lp.Gpr(8)) = (Regs.Rcx, Regs.Rdx, Regs.R8);
        (lp.Gpr(9), lp.Gpr(10), lp.Gpr(11)) = (Regs.R9, Regs.R10, Regs.R11);
        Assert.That(module.OnSeamcall(lp), Is.EqualTo(SeamEnd.SeamRet));
        return new TdxStatus(lp.Gpr(0));
    }

    /// <summary>Calls a host leaf with the usual operands: RCX mapping, TDR in RDX, R8 page, R9 source.</summary>
    public TdxStatus Call(int leaf, ulong rcx, ulong r8 = 0, ulong r9 = 0)
    {
        (Regs.Rcx, Regs.Rdx, Regs.R8, Regs.R9, Regs.Version) = (rcx, TdrPage, r8, r9, 0);
        return Call(leaf);
    }

    // Just the first page.
    private Tdvps MakeVcpu()
    {
        ulong page = FreePage();
        Lp.FillPage(Tdr.Private(new Hpa(page)), 0);
        Own(page, PageType.Tdvpr, PageLevel.Page4K);
        return new Tdvps(Lp, Tdr.Private(new Hpa(page)));
    }

    /// <summary>Calls a guest leaf on a logical processor; locks are released when it ends.</summary>
    public GuestLeafEnd Tdcall(int leaf, ulong rcx, ulong rdx = 0, ulong r8 = 0, BareLp? lp = null)
    {
        lp ??= Lp;
        (lp.Gpr(0), lp.Gpr(1), lp.Gpr(2), lp.Gpr(8)) = ((uint)leaf, rcx, rdx, r8);
        GuestLeafEnd end = GuestLeafTable.Find(leaf)!(new GuestCall(new LeafCall(lp, Rules.Default), Tdr, Vcpu));
        lp.EndEntry();
        return end;
    }

    /// <summary>Adds SEPT pages down to the table that holds the entries of <paramref name="level"/>.</summary>
    public void BuildTo(ulong gpa, int level)
    {
        for (int at = Tdcs.TopSeptLevel; at > level; at--)
        {
            SeptSlot slot = Tree.Walk(new Gpa(gpa), at);
            if (slot.Level == at && !slot.Entry.IsFree)
                continue;
            ulong page = FreePage();
            ulong start = gpa & ~(GpaMapping.BytesAt(at) - 1);
            Assert.That(Call(3, start | (uint)at, page), Is.EqualTo(TdxStatus.Success), $"SEPT.ADD at level {at}");
            septPages.Add(Tdr.Private(new Hpa(page)));
        }
    }

    /// <summary>Builds the tree and adds a measured 4-KiB page whose bytes are <paramref name="content"/>.</summary>
    public ulong AddPage(ulong gpa, byte content = 0)
    {
        BuildTo(gpa, 0);
        byte[] bytes = new byte[4096];
        Array.Fill(bytes, content);
        Machine.WriteBytes(HostPage, bytes);
        ulong page = FreePage();
        Assert.That(Call(2, gpa, page, HostPage), Is.EqualTo(TdxStatus.Success));
        return page;
    }

    /// <summary>Builds the tree and adds a pending page.</summary>
    public ulong AugPage(ulong gpa, int level = 0)
    {
        BuildTo(gpa, level);
        ulong page = level == 0 ? FreePage() : FreeLargePage();
        Assert.That(Call(6, gpa | (uint)level, page), Is.EqualTo(TdxStatus.Success));
        return page;
    }

    public SeptEntry EntryAt(ulong gpa, int level) => Tree.Walk(new Gpa(gpa), level).Entry;

    /// <summary>Replaces the entry at a level; the tree down to it must exist.</summary>
    public void SetEntry(ulong gpa, int level, SeptEntry entry)
    {
        SeptSlot slot = Tree.Walk(new Gpa(gpa), level);
        Assert.That(slot.Level, Is.EqualTo(level));
        Lp.Write(slot.Address, entry.Raw);
    }

    /// <summary>
    /// An entry in a state: leaves map a fresh page of the TD, non-leaf entries point at a fresh empty SEPT page.
    /// </summary>
    public SeptEntry Make(SeptState state, int level)
    {
        if (state is SeptState.FREE)
            return SeptEntry.Free;
        if (state is SeptState.REMOVED)
            return SeptEntry.RemovedIn(0);
        if (state is SeptState.NL_MAPPED or SeptState.NL_BLOCKED)
        {
            ulong table = FreePage();
            Lp.FillPage(Tdr.Private(new Hpa(table)), SeptEntry.Free.Raw);
            septPages.Add(Tdr.Private(new Hpa(table)));
            Own(table, PageType.Ept, PageLevel.Page4K);
            return SeptEntry.NonLeaf(table).Become(state);
        }
        ulong page = level == 0 ? FreePage() : FreeLargePage();
        Own(page, PageType.Reg, (PageLevel)level);
        return SeptEntry.Leaf(state, page);
    }

    public void Own(ulong page, PageType type, PageLevel level)
    {
        Pamt(page, level).Assign(type, new Hpa(TdrPage));
        Tdr.AddChildren(GpaMapping.PagesAt((int)level));
    }

    public PamtWord Pamt(ulong page, PageLevel level = PageLevel.Page4K)
    {
        Assert.That(PamtIndex.TryFind(new LeafCall(Lp, Rules.Default), new Hpa(page), out PamtIndex index));
        return index.At(level);
    }

    public byte[] ReadPrivate(ulong page, int count = 4096)
    {
        byte[] bytes = new byte[count];
        Lp.ReadBytes(Tdr.Private(new Hpa(page)), bytes);
        return bytes;
    }

    public void WritePrivate(ulong page, byte[] bytes) => Lp.WriteBytes(Tdr.Private(new Hpa(page)), bytes);

    /// <summary>Everything a failed leaf must leave as it was: TDR, TDCS, SEPT pages, PAMT.</summary>
    public byte[] Snapshot()
    {
        List<byte> all = [];
        Append(Tdr.Page, 4096);
        for (int i = 0; i < Tdr.NumTdcx; i++)
            Append(Tdr.TdcxPa(i), 4096);
        foreach (Hpa page in septPages)
            Append(page, 4096);
        Append(Keys.WithKey(new Hpa(Pamt4K), GlobalKey), PamtSnapshotPages * PamtEntry.Bytes);
        Append(Keys.WithKey(new Hpa(Pamt2M), GlobalKey), 512 * PamtEntry.Bytes);
        Append(Keys.WithKey(new Hpa(Pamt1G), GlobalKey), PamtEntry.Bytes);
        return [.. all];

        void Append(Hpa address, int count)
        {
            byte[] bytes = new byte[count];
            Lp.ReadBytes(address, bytes);
            all.AddRange(bytes);
        }
    }

    public void Dispose() => Machine.Dispose();

    private void MakeModuleReady()
    {
        ModuleData data = Data;
        data.State = SysState.Ready;
        data.GlobalKey = GlobalKey;
        data.NumTdmrs = 1;
        data.SeamrrSize = BareMachine.SeamBytes;
        byte[] info = new byte[TdmrInfo.Bytes];
        Put(TdmrInfo.Base, TdmrBase);
        Put(TdmrInfo.Size, TdmrSize);
        Put(TdmrInfo.Pamt4KBase, Pamt4K);
        Put(TdmrInfo.Pamt4KSize, (TdmrSize >> 12) * PamtEntry.Bytes);
        Put(TdmrInfo.Pamt2MBase, Pamt2M);
        Put(TdmrInfo.Pamt2MSize, (TdmrSize >> 21) * PamtEntry.Bytes);
        Put(TdmrInfo.Pamt1GBase, Pamt1G);
        Put(TdmrInfo.Pamt1GSize, 4096);
        TdmrEntry tdmr = data.Tdmr(0);
        tdmr.Store(info);
        tdmr.Next = TdmrBase + TdmrSize;
        foreach ((ulong array, ulong bytes) in new[] { (Pamt4K, 4UL << 20), (Pamt2M, 8192UL), (Pamt1G, 4096UL) })
            Machine.Memory.Fill(Keys.WithKey(new Hpa(array), data.GlobalKey), bytes, new byte[8], inSeam: true);

        void Put(int offset, ulong value) => BitConverter.TryWriteBytes(info.AsSpan(offset), value);
    }

    private void MakeTd(int topLevel, bool gpaw, int l2Vms)
    {
        Tdr tdr = Tdr;
        Lp.FillPage(tdr.Page, 0);
        Pamt(TdrPage).Assign(PageType.Tdr, default);
        tdr.Hkid = TdKey;
        tdr.Lifecycle = Lifecycle.KeysConfigured;
        tdr.NumTdcx = Tdr.BaseTdcx + l2Vms;
        for (int i = 0; i < tdr.NumTdcx; i++)
        {
            Hpa page = tdr.Private(new Hpa(TdrPage + 4096 * (ulong)(i + 1)));
            Lp.FillPage(page, i == Tdcs.SeptRootPage ? SeptEntry.Free.Raw : 0);
            tdr.SetTdcxPa(i, page);
            Own(Keys.LineOf(page), PageType.Tdcx, PageLevel.Page4K);
        }
        Tdcs tdcs = tdr.Tdcs;
        tdcs.OpState = OpState.Initialized;
        tdcs.TdEpoch = 1;
        tdcs.NumL2Vms = (ushort)l2Vms;
        tdcs.Gpaw = gpaw;
        tdcs.Eptp = 6 | (ulong)topLevel << 3 | Keys.LineOf(tdcs.Page(Tdcs.SeptRootPage));
        new MrTd(Lp, tdcs.Sha384Context).Start();
    }
}
