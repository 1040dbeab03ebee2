using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Firmware.Module.Vp;

/// <summary>TDH.VP.CREATE, ADDCX, INIT and FLUSH. TDX Module 1.5 ABI, leaf pages.</summary>
[Category("Conformance")]
public class VcpuLeafTests
{
    [Test]
    public void Creating_and_adding_pages_counts_children_and_keeps_the_pages_with_the_key_of_the_TD()
    {
        using VcpuTd t = new(pages: 1, initialised: false);
        ulong before = t.Td.Tdr.ChldCnt, page = t.Td.FreePage();
        t.Expect(4, page, t.Tdvpr);
        Assert.That(t.Tdvps.NumPages, Is.EqualTo(2));
        Assert.That(t.Tdvps.Page(1), Is.EqualTo(t.Td.Tdr.Private(new Hpa(page))));
        Assert.That(t.Td.Tdr.ChldCnt, Is.EqualTo(before + 1));
        Assert.That(t.Td.Pamt(page).Type, Is.EqualTo(PageType.Tdcx));
        Assert.That(t.Td.Pamt(t.Tdvpr).Type, Is.EqualTo(PageType.Tdvpr));
        Assert.That(t.Tdvps.AssocLpid, Is.EqualTo(Tdvps.NotAssociated));
    }

    [Test]
    public void The_bitmap_pages_of_an_L2_VM_are_all_ones()
    {
        using VcpuTd t = new(pages: Tdvps.MaxPages, initialised: false);
        for (int i = 1; i < Tdvps.MaxPages; i++)
        {
            ulong expected = i is 7 or 8 or 10 or 11 or 13 or 14 ? ulong.MaxValue : 0;
            Assert.That(t.Lp.Read<ulong>(t.Tdvps.Page(i) + 0x100), Is.EqualTo(expected), $"page {i}");
        }
        Assert.That(t.Call(4, t.Td.FreePage(), t.Tdvpr), Is.EqualTo(TdxStatus.TdcxNumIncorrect));
    }

    [Test]
    public void A_virtual_CPU_starts_in_the_state_the_base_specification_gives()
    {
        using VcpuTd t = new(gpaw: true);
        Tdvps v = t.Tdvps;
        Assert.That(v.State, Is.EqualTo(VcpuState.Ready));
        Assert.That((v.Gpr(3), v.Gpr(1), v.Gpr(8)), Is.EqualTo((52UL, 0x1234UL, 0x1234UL)), "RBX, RCX, R8");
        Assert.That((v.Gpr(2), v.Gpr(6), v.Gpr(0)), Is.EqualTo((0x806F8UL, 0UL, 0UL)), "RDX, RSI, RAX");
        Assert.That((v.Xcr0, v.Dr6, v.Xfam), Is.EqualTo((1UL, 0xFFFF0FF0UL, 3UL)));
        Assert.That(t.Lp.Read<ulong>(v.Field(0xC98)), Is.EqualTo(0x20200), "IA32_FMASK");
        Assert.That(t.Lp.Read<ulong>(v.Page(3) + 520), Is.EqualTo(1UL << 63 | 3), "XCOMP_BV");
        Assert.That(v.AssocLpid, Is.Zero);
        Assert.That((t.Tdcs.NumVcpus, t.Tdcs.NumAssocVcpus), Is.EqualTo((1u, 1u)));
    }

    [Test]
    public void The_TD_VMCS_has_every_field_of_the_table_and_the_host_state_of_the_SEAM_VMCS()
    {
        using VcpuTd t = new(initialised: false);
        BareVmcs seam = t.Lp.CurrentVmcs!;
        ulong value = 0x7000;
        foreach (TdVmcsRow row in Rules.Default.TdVmcs.Rows.Where(row => row.Source == TdVmcsSource.Seam))
            seam.Fields[row.Field] = value++;
        t.Expect(22, t.Tdvpr, 0);
        foreach (TdVmcsRow row in Rules.Default.TdVmcs.Rows)
        {
            Assert.That(t.Vmcs.Fields, Contains.Key(row.Field));
            if (row.Source == TdVmcsSource.Seam)
                Assert.That(t[row.Field], Is.EqualTo(seam.Fields[row.Field]), $"{row.Field}");
        }
        Assert.That(t.Lp.CurrentVmcs, Is.SameAs(seam), "the SEAM VMCS is current again");
        Assert.That(t[VmcsField.HostRip], Is.EqualTo(SeamRangeLayout.LinearCode + TdxModule.TdExitEntryOffset));
        Assert.That(t[VmcsField.SharedEptp], Is.EqualTo(t.Tdcs.Page(Tdcs.ZeroPage).Value));
    }

    [Test]
    public void Each_L2_VM_gets_a_VMCS_of_its_own_that_L1_has_yet_to_fill()
    {
        using VcpuTd t = new(pages: Tdvps.BasePages + 2 * Tdvps.PagesPerL2Vm, l2Vms: 2);
        BareVmcs second = t.Td.Machine.Vmcss[t.Tdvps.Page(Tdvps.VmcsPageOf(2)).Value];
        Assert.That(second.Fields[VmcsField.Vpid], Is.EqualTo(t[VmcsField.Vpid] | 2));
        Assert.That(second.Fields[VmcsField.MsrBitmap], Is.EqualTo(t.Tdvps.Page(Tdvps.VmcsPageOf(2) + 1).Value));
        ulong root = t.Lp.Keys.LineOf(t.Tdcs.Page(Tdcs.FirstL2SeptRootPage + 1));
        Assert.That(second.Fields[VmcsField.Eptp], Is.EqualTo(root | t.Tdcs.Eptp & 0xFFF));
        foreach (VmcsField field in new[]
        {
            VmcsField.VirtualApicAddress, VmcsField.VirtualizationExceptionInformationAddress,
            VmcsField.Cr0GuestHostMask, VmcsField.Cr4GuestHostMask,
        })
            Assert.That(second.Fields[field], Is.EqualTo(ulong.MaxValue), $"{field}");
        Assert.That(second.Fields[VmcsField.Cr0ReadShadow], Is.EqualTo(0x21));
        Assert.That(second.Fields[VmcsField.Cr4ReadShadow], Is.EqualTo(0x2040));
        Assert.That(second.Fields[VmcsField.ProcBasedControls2], Is.EqualTo(0x1338B3FA));
        Assert.That(second.Fields[VmcsField.HostRip], Is.EqualTo(t[VmcsField.HostRip]));
    }

    [Test]
    public void Indices_count_up_to_MAX_VCPUS()
    {
        using VcpuTd t = new();
        for (uint i = 1; i < 4; i++)
        {
            ulong tdvpr = t.Td.FreePage();
            t.Build(tdvpr, Tdvps.BasePages, initialise: true);
            Assert.That(new Tdvps(t.Lp, t.Td.Tdr.Private(new Hpa(tdvpr))).VcpuIndex, Is.EqualTo(i));
        }
        ulong last = t.Td.FreePage();
        t.Build(last, Tdvps.BasePages, initialise: false);
        Assert.That(t.Call(22, last), Is.EqualTo(TdxStatus.MaxVcpusExceeded));
        Assert.That(t.Tdcs.NumVcpus, Is.EqualTo(4));
    }

    [Test]
    public void A_changed_TSC_ADJUST_refuses_INIT_but_the_virtual_CPU_counts()
    {
        using VcpuTd t = new(initialised: false);
        t.Lp.Cpu.Msrs[0x3B] = 7;
        Assert.That(t.Call(22, t.Tdvpr), Is.EqualTo(TdxStatus.InconsistentMsr.With(0x3B)));
        Assert.That(t.Tdcs.NumVcpus, Is.EqualTo(1));
        Assert.That(t.Tdvps.State, Is.EqualTo(VcpuState.Uninitialized));
    }

    [Test]
    public void Flush_ends_the_association_and_drops_VMCS_and_translations()
    {
        using VcpuTd t = new();
        t.Lp.Invepts.Clear();
        t.Expect(18, t.Tdvpr, 0);
        Assert.That(t.Tdvps.AssocLpid, Is.EqualTo(Tdvps.NotAssociated));
        Assert.That(t.Tdcs.NumAssocVcpus, Is.Zero);
        ulong eptp = t.Td.Tdr.Private(new Hpa(t.Tdcs.Eptp)).Value;
        Assert.That(t.Lp.Invepts, Is.EqualTo(new[] { (1, eptp) }));
        Assert.That(t.Call(18, t.Tdvpr), Is.EqualTo(TdxStatus.VcpuNotAssociated), "only once");
    }

    [Test]
    public void A_virtual_CPU_of_another_LP_cannot_be_flushed_here_nor_entered()
    {
        using VcpuTd t = new();
        MakeRunnable(t);
        Assert.That(t.Call(18, t.Tdvpr, lp: t.Td.OtherLp), Is.EqualTo(TdxStatus.VcpuNotAssociated));
        Assert.That(t.Enter(lp: t.Td.OtherLp), Is.EqualTo(TdxStatus.VcpuAssociated));
        t.Expect(18, t.Tdvpr, 0);
        Assert.That(t.Enter(lp: t.Td.OtherLp), Is.Null, "after the flush it runs elsewhere");
    }

    [Test]
    public void A_running_virtual_CPU_cannot_be_flushed()
    {
        using VcpuTd t = new();
        MakeRunnable(t);
        t.Run();
        Assert.That(t.Call(18, t.Tdvpr, lp: t.Td.OtherLp), Is.EqualTo(TdxStatus.OperandBusy.With(OperandId.Rcx)));
    }

    [Test]
    public void A_dead_TD_can_be_flushed()
    {
        using VcpuTd t = new();
        Tdr tdr = t.Td.Tdr;
        tdr.Fatal = true;
        t.Expect(18, t.Tdvpr, 0);
    }

    [Test]
    public void TDH_VP_CREATE_checks_in_the_order_of_the_ABI() => Precedence.Check(
        10,
        () => Make(td => (td.Regs.Rcx, td.Regs.Rdx) = (td.FreePage(), MemTd.TdrPage)),
        [
            .. Conditions.Tdr(exclusive: false),
            .. Conditions.State(withLock: true, OpState.Runnable),
            .. Conditions.FreePage(OperandId.Rcx, (td, v) => td.Regs.Rcx = v, td => td.Regs.Rcx),
        ]);

    [Test]
    public void TDH_VP_ADDCX_checks_in_the_order_of_the_ABI() => Precedence.Check(
        4,
        () => WithVcpu(
            pages: 1, initialised: false, (td, tdvpr) => (td.Regs.Rcx, td.Regs.Rdx) = (td.FreePage(), tdvpr)),
        [
            .. TdvprInRdx(),
            TdrHeld,
            .. Conditions.State(withLock: true, OpState.Runnable),
            new("VCPU initialised", "vcpu", td => With(td, v => v.State = VcpuState.Ready),
                TdxStatus.VcpuStateIncorrect),
            new("all pages there", "pages", td => With(td, v => v.NumPages = Tdvps.MaxPages),
                TdxStatus.TdcxNumIncorrect),
            .. Conditions.FreePage(OperandId.Rcx, (td, v) => td.Regs.Rcx = v, td => td.Regs.Rcx),
        ]);

    [Test]
    public void TDH_VP_INIT_checks_in_the_order_of_the_ABI() => Precedence.Check(
        22,
        () => WithVcpu(Tdvps.BasePages, initialised: false, (td, tdvpr) => td.Regs.Rcx = tdvpr),
        [
            .. Tdvpr(),
            TdrHeld,
            .. Conditions.State(withLock: true, OpState.Runnable),
            new("pages missing", "pages", td => With(td, v => v.NumPages = 5), TdxStatus.TdcxNumIncorrect),
            new("VCPU initialised", "vcpu", td => With(td, v => v.State = VcpuState.Ready),
                TdxStatus.VcpuStateIncorrect),
            new("enough VCPUs", "max", td => With(td.Tdcs, c => c.MaxVcpus = 0), TdxStatus.MaxVcpusExceeded),
        ]);

    [Test]
    public void TDH_VP_FLUSH_checks_in_the_order_of_the_ABI() => Precedence.Check(
        18,
        () => WithVcpu(Tdvps.BasePages, initialised: true, (td, tdvpr) => td.Regs.Rcx = tdvpr),
        [
            .. Tdvpr(),
            TdrHeld,
            new("keys not configured", "keys", td => With(td.Tdr, t => t.Lifecycle = Lifecycle.Blocked),
                TdxStatus.TdKeysNotConfigured),
            new("pages missing", "pages", td => With(td, v => v.NumPages = 5), TdxStatus.TdcxNumIncorrect),
            new("associated elsewhere", "assoc", td => With(td, v => v.AssocLpid = 1), TdxStatus.VcpuNotAssociated),
        ]);

    internal static Condition TdrHeld => new(
        "TDR held", "tdr lock", td => td.Lp.Write<ushort>(td.Pamt(MemTd.TdrPage).Address, 1),
        TdxStatus.OperandBusy.With(OperandId.Tdr));

    /// <summary>The TDVPR operand in RCX, wanted exclusively.</summary>
    internal static Condition[] Tdvpr() => TdvprOperand(OperandId.Rcx, (td, v) => td.Regs.Rcx = v);

    private static Condition[] TdvprInRdx() => TdvprOperand(OperandId.Rdx, (td, v) => td.Regs.Rdx = v);

    private static Condition[] TdvprOperand(OperandId operand, Action<MemTd, ulong> set) =>
    [
        new("TDVPR misaligned", "tdvpr", td => set(td, VcpuTd.FirstTdvpr + 0x40),
            TdxStatus.OperandInvalid.With(operand)),
        new("TDVPR with a KeyID", "tdvpr", td => set(td, td.Tdr.Private(new Hpa(VcpuTd.FirstTdvpr)).Value),
            TdxStatus.OperandInvalid.With(operand)),
        new("TDVPR outside every TDMR", "tdvpr", td => set(td, Conditions.OutsideTdmr),
            TdxStatus.OperandAddrRangeError.With(operand)),
        new("TDVPR held", "tdvpr", td => td.Lp.Write<ushort>(td.Pamt(VcpuTd.FirstTdvpr).Address, 4),
            TdxStatus.OperandBusy.With(operand)),
        new("page is no TDVPR", "tdvpr", td => set(td, td.FreePage()), TdxStatus.PageMetadataIncorrect.With(operand)),
    ];

    private static MemTd WithVcpu(int pages, bool initialised, Action<MemTd, ulong> arrange)
    {
        VcpuTd t = new(pages, initialised); // disposing the MemTd disposes all there is
        arrange(t.Td, t.Tdvpr);
        return t.Td;
    }

    private static void With(MemTd td, Action<Tdvps> change) =>
        change(new Tdvps(td.Lp, td.Tdr.Private(new Hpa(VcpuTd.FirstTdvpr))));

    private static void With(Tdcs tdcs, Action<Tdcs> change) => change(tdcs);

    private static void With(Tdr tdr, Action<Tdr> change) => change(tdr);

    internal static void MakeRunnable(VcpuTd t)
    {
        Tdcs tdcs = t.Tdcs;
        tdcs.OpState = OpState.Runnable;
    }

    private static MemTd Make(Action<MemTd> arrange)
    {
        MemTd td = new();
        arrange(td);
        return td;
    }
}
