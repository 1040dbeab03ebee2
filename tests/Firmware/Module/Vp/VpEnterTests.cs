using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Firmware.Module.Vp;

/// <summary>TDH.VP.ENTER. TDX Module 1.5 ABI, "TDH.VP.ENTER Leaf".</summary>
[Category("Conformance")]
public class VpEnterTests
{
    private const ulong Hint = 1UL << 52, ResumeL1 = 1UL << 53;

    private static TdxStatus Invalid => TdxStatus.OperandInvalid.With(OperandId.Rcx);

    // name | arrange | expected; a failure further up beats every one below it.
    private static readonly (string Name, Action<VcpuTd, Call> Arrange, TdxStatus Status)[] InOrder =
    [
        ("CPUID is limited", (t, _) => t.Lp.Cpu.Msrs[0x1A0] |= 1 << 22, TdxStatus.LimitCpuidMaxvalSet),
        ("RCX bit 3", (_, c) => c.Rcx |= 8, Invalid),
        ("RCX bit 54", (_, c) => c.Rcx |= 1UL << 54, Invalid),
        ("RCX with a KeyID", (t, c) => c.Rcx = t.Td.Tdr.Private(new Hpa(t.Tdvpr)).Value, Invalid),
        ("outside every TDMR", (_, c) => c.Rcx = Conditions.OutsideTdmr,
            TdxStatus.OperandAddrRangeError.With(OperandId.Rcx)),
        ("TDVPR held", (t, _) => t.Lp.Write<ushort>(t.Td.Pamt(t.Tdvpr).Address, 1),
            TdxStatus.OperandBusy.With(OperandId.Rcx)),
        ("page is no TDVPR", (t, c) => c.Rcx = t.Td.FreePage(), TdxStatus.PageMetadataIncorrect.With(OperandId.Rcx)),
        ("TDR held", (t, _) => t.Lp.Write<ushort>(t.Td.Pamt(MemTd.TdrPage).Address, 1),
            TdxStatus.OperandBusy.With(OperandId.Tdr)),
        ("TD fatal", (t, _) => With(t.Td.Tdr, tdr => tdr.Fatal = true), TdxStatus.TdFatal),
        ("keys not configured", (t, _) => With(t.Td.Tdr, tdr => tdr.Lifecycle = Lifecycle.Blocked),
            TdxStatus.TdKeysNotConfigured),
        ("TDCS incomplete", (t, _) => With(t.Td.Tdr, tdr => tdr.NumTdcx = 5), TdxStatus.TdcsNotAllocated),
        ("OP_STATE held", (t, _) => t.Lp.Write<ushort>(t.Tdcs.OpStateLock, 1),
            TdxStatus.OperandBusy.With(OperandId.OpState)),
        ("not finalised", (t, _) => With(t.Tdcs, tdcs => tdcs.OpState = OpState.Initialized),
            TdxStatus.OpStateIncorrect),
        ("pages missing", (t, _) => With(t.Tdvps, v => v.NumPages = 5), TdxStatus.TdcxNumIncorrect),
        ("VCPU disabled", (t, _) => With(t.Tdvps, v => v.State = VcpuState.Disabled), TdxStatus.VcpuStateIncorrect),
        ("VCPU active", (t, _) => With(t.Tdvps, v => v.State = VcpuState.Active), TdxStatus.VcpuStateIncorrect),
        ("associated elsewhere", (t, _) => With(t.Tdvps, v => v.AssocLpid = 1), TdxStatus.VcpuAssociated),
        ("hint without a trap-like exit", (_, c) => c.Rcx |= Hint, Invalid),
        ("resume L1 in L1", (_, c) => c.Rcx |= ResumeL1, Invalid),
        ("TSC_ADJUST changed", (t, _) => t.Lp.Cpu.Msrs[0x3B] = 1, TdxStatus.InconsistentMsr.With(0x3B)),
        ("TSC went back", (t, _) => With(t.Tdvps, v => v.LastExitTsc = 1UL << 60), TdxStatus.TscRollback),
        ("MONITOR FSM off", (t, _) => OfferMonitorWithoutFsm(t), TdxStatus.IncorrectMsrValue.With(0x1A0)),
        ("TD_EPOCH held", (t, _) => t.Lp.Write<ushort>(t.Tdcs.EpochLock, 1),
            TdxStatus.OperandBusy.With(OperandId.TdEpoch)),
        ("SEPT tree held under a zero-step list", (t, _) => ListZeroStep(t),
            TdxStatus.OperandBusy.With(OperandId.SeptTree)),
    ];

    [Test]
    public void Every_failure_gives_its_status_and_beats_every_later_one()
    {
        List<string> wrong = [];
        for (int first = 0; first < InOrder.Length; first++)
        {
            for (int second = first; second < InOrder.Length; second++)
            {
                using VcpuTd t = Runnable();
                Call call = new() { Rcx = t.Tdvpr };
                InOrder[second].Arrange(t, call);
                InOrder[first].Arrange(t, call);
                TdxStatus? status = Enter(t, call);
                // Two conditions about one word of state: the one arranged last is the one that holds.
                bool sameWord = InOrder[first].Name is "TDVPR held" && InOrder[second].Name is "page is no TDVPR";
                if (!sameWord && status != InOrder[first].Status)
                    wrong.Add($"{InOrder[first].Name} beats {InOrder[second].Name}: {status}");
            }
        }
        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void A_refused_entry_makes_the_SEAM_VMCS_current_and_leaves_no_count()
    {
        foreach ((string name, Action<VcpuTd, Call> arrange, TdxStatus _) in InOrder)
        {
            using VcpuTd t = Runnable();
            BareVmcs seam = t.Lp.CurrentVmcs!;
            Call call = new() { Rcx = t.Tdvpr };
            arrange(t, call);
            Enter(t, call);
            Assert.That(t.Lp.CurrentVmcs, Is.SameAs(seam), name);
            Assert.That((t.Tdcs.Refcount(0), t.Tdcs.Refcount(1)), Is.EqualTo(((ushort)0, (ushort)0)), name);
        }
    }

    [Test]
    public void An_entry_launches_first_and_resumes_afterwards()
    {
        using VcpuTd t = Runnable();
        t.Run();
        Assert.That(t.Lp.Entries, Is.EqualTo(new[] { true }));
        Assert.That(t.Tdvps.State, Is.EqualTo(VcpuState.Active));
        Assert.That(t.Lp.CurrentVmcs, Is.SameAs(t.Vmcs));
        t.Wait();
        t.Exit(ExitReason.ExternalInterrupt, interruption: 0x800000EC);
        t.Run();
        Assert.That(t.Lp.Entries, Is.EqualTo(new[] { true, false }));
    }

    [Test]
    public void The_locks_of_TDVPR_and_TDR_are_held_while_the_TD_runs_and_OP_STATE_is_not()
    {
        using VcpuTd t = Runnable();
        t.Run();
        Assert.That(t.Lp.Read<ushort>(t.Td.Pamt(t.Tdvpr).Address), Is.EqualTo(4), "one reader");
        Assert.That(t.Lp.Read<ushort>(t.Td.Pamt(MemTd.TdrPage).Address), Is.EqualTo(4), "one reader");
        Assert.That(t.Lp.Read<ushort>(t.Tdcs.OpStateLock), Is.Zero);
        t.Wait();
        t.Exit(ExitReason.ExternalInterrupt, interruption: 0x800000EC);
        Assert.That(t.Lp.Read<ushort>(t.Td.Pamt(t.Tdvpr).Address), Is.Zero);
        Assert.That(t.Lp.Read<ushort>(t.Td.Pamt(MemTd.TdrPage).Address), Is.Zero);
    }

    [Test]
    public void Registers_of_the_first_entry_are_those_of_INIT()
    {
        using VcpuTd t = Runnable();
        t.Lp.Gpr(15) = 0xBAD;
        t.Run();
        Assert.That((t.Lp.Gpr(3), t.Lp.Gpr(1), t.Lp.Gpr(8)), Is.EqualTo((48UL, 0x1234UL, 0x1234UL)));
        Assert.That((t.Lp.Gpr(15), t.Lp.Gpr(5)), Is.EqualTo((0UL, 0UL)), "nothing of the host");
    }

    [Test]
    public void An_entry_joins_the_epoch_and_an_exit_leaves_it()
    {
        using VcpuTd t = Runnable();
        t.Run();
        Assert.That(t.Tdcs.Refcount(1), Is.EqualTo(1));
        Assert.That(t.Tdvps.VcpuEpoch, Is.EqualTo(t.Tdcs.TdEpoch));
        t.Wait();
        t.Exit(ExitReason.ExternalInterrupt, interruption: 0x800000EC);
        Assert.That(t.Tdcs.Refcount(1), Is.Zero);
    }

    [Test]
    public void Tracking_waits_for_those_who_entered_before_and_the_next_entry_invalidates()
    {
        using VcpuTd t = Runnable();
        t.Run();
        Assert.That(t.Call(38, MemTd.TdrPage, lp: t.Td.OtherLp), Is.EqualTo(TdxStatus.Success), "epoch 1 → 2");
        Assert.That(
            t.Call(38, MemTd.TdrPage, lp: t.Td.OtherLp), Is.EqualTo(TdxStatus.PreviousTlbEpochBusy),
            "one still runs in 1");
        t.Wait();
        t.Exit(ExitReason.ExternalInterrupt, interruption: 0x800000EC);
        Assert.That(t.Call(38, MemTd.TdrPage, lp: t.Td.OtherLp), Is.EqualTo(TdxStatus.Success));

        t.Lp.Invepts.Clear();
        t.Run();
        Assert.That(t.Lp.Invepts, Has.Count.EqualTo(1), "its epoch was old");
        t.Wait();
        t.Exit(ExitReason.ExternalInterrupt, interruption: 0x800000EC);
        t.Lp.Invepts.Clear();
        t.Run();
        Assert.That(t.Lp.Invepts, Is.Empty, "nothing has changed");
    }

    [Test]
    public void Another_virtual_CPU_on_this_LP_invalidates()
    {
        using VcpuTd t = Runnable();
        With(t.Tdcs, tdcs => tdcs.OpState = OpState.Initialized);
        ulong second = t.Td.FreePage();
        t.Build(second, Tdvps.BasePages, initialise: true);
        With(t.Tdcs, tdcs => tdcs.OpState = OpState.Runnable);
        t.Run();
        t.Wait();
        t.Exit(ExitReason.ExternalInterrupt, interruption: 0x800000EC);
        t.Lp.Invepts.Clear();
        Assert.That(t.Enter(tdvpr: second), Is.Null);
        Assert.That(t.Lp.Invepts, Is.Not.Empty);
    }

    [Test]
    public void A_page_that_keeps_faulting_comes_back_as_an_EPT_violation_without_an_entry()
    {
        using VcpuTd t = Runnable();
        ListZeroStep(t);
        t.Lp.Write<ushort>(t.Tdcs.SeptLock, 0);
        t.Lp.Gpr(15) = 0xBAD;
        Assert.That(t.Enter(), Is.EqualTo(new TdxStatus(48)));
        Assert.That((t.Lp.Gpr(1), t.Lp.Gpr(2), t.Lp.Gpr(8), t.Lp.Gpr(15)), Is.EqualTo((2UL, 0UL, 0x4020_0000UL, 0UL)));
        Assert.That(t.Tdvps.State, Is.EqualTo(VcpuState.Ready));
        Assert.That(t.Tdcs.Refcount(1), Is.Zero);
        Assert.That(t.Lp.Entries, Is.Empty);
    }

    [Test]
    public void An_MSR_that_cannot_be_loaded_is_a_TD_exit_that_names_it()
    {
        using VcpuTd t = Runnable();
        t.Lp.Write(t.Tdvps.Field(0xC90), 0x1234UL);
        t.Lp.Cpu.Msrs.Remove(0xC0000082);
        TdxStatus? status = t.Enter();
        Assert.That(status, Is.EqualTo(TdxStatus.NonRecoverableTd.With(0x80000022)));
        Assert.That(t.Lp.Gpr(2), Is.EqualTo(3 | 0xC0000082UL << 32));
        Assert.That(t.Td.Tdr.Fatal, Is.True);
        Assert.That(t.Lp.Read<ushort>(t.Td.Pamt(t.Tdvpr).Address), Is.Zero, "no hold is left");
    }

    [Test]
    public void A_pending_NMI_opens_the_window_unless_VE_information_waits()
    {
        using VcpuTd t = Runnable();
        With(t.Tdvps, v => v.PendNmi = true);
        t.VeInfo.Store(default, 0);
        t.Run();
        Assert.That(t[VmcsField.ProcBasedControls] & ProcControls.NmiWindowExiting, Is.Zero);
        t.Tdcall(3);
        Assert.That(t[VmcsField.ProcBasedControls] & ProcControls.NmiWindowExiting, Is.Not.Zero,
            "VEINFO.GET made room");
        t.Exit(ExitReason.NmiWindow);
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(0x80000202));
        Assert.That(t.Tdvps.PendNmi, Is.False);
        Assert.That(t[VmcsField.ProcBasedControls] & ProcControls.NmiWindowExiting, Is.Zero);
    }

    internal static VcpuTd Runnable(ulong attributes = 0)
    {
        VcpuTd t = new(attributes: attributes);
        VcpuLeafTests.MakeRunnable(t);
        t.Lp.Entries.Clear();
        return t;
    }

    // Six faults at one RIP are tolerated, the seventh is listed; nothing is mapped there.
    private static void ListZeroStep(VcpuTd t)
    {
        EpfLog log = new(t.Lp, t.Tdvps);
        for (int i = 0; i <= EpfLog.Threshold; i++)
            log.Record(new Gpa(0x4020_0000));
        t.Lp.Write<ushort>(t.Tdcs.SeptLock, 2);
    }

    private static TdxStatus? Enter(VcpuTd t, Call call) => t.Enter(flags: call.Rcx, tdvpr: 0);

    private static void With(Tdvps v, Action<Tdvps> change) => change(v);

    private static void With(Tdcs v, Action<Tdcs> change) => change(v);

    private static void With(Tdr v, Action<Tdr> change) => change(v);

    private static void OfferMonitorWithoutFsm(VcpuTd t)
    {
        With(t.Tdcs, tdcs => tdcs.Set(CpuidFlag.MonitorMwait, true));
        t.Lp.Cpu.Msrs[0x1A0] &= ~(1UL << 18);
    }

    internal sealed class Call
    {
        public ulong Rcx { get; set; }
    }
}
