using Seamsim.Isa;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;
using Seamsim.Tests.Isa.Vmx;

namespace Seamsim.Tests.Isa.Seam;

public sealed unsafe class SeamTransitionTests
{
    [Test]
    public void Seamcall_and_seamret_bring_the_callers_state_back_with_the_answer_in_rax()
    {
        using SeamRig rig = new();
        LogicalProcessor* lp = rig.Core.Lp;
        rig.Core.Rflags = RflagsBit.Fixed1 | RflagsBit.Cf | RflagsBit.Zf | RflagsBit.If;
        rig.Core.Gpr(4) = 0x5000;
        lp->Gs.Base = 0xFFFF_8800_0000_0000;
        Assert.That(rig.Rig.Execute(0x66, 0x0F, 0x01, 0xCF), Is.EqualTo(Outcome.Jumped));
        Assert.That((lp->Rip, rig.Core.InSeamRoot, lp->Gs.Base), Is.EqualTo((SeamRig.SeamEntry, true, 0UL)));
        Assert.That(rig.Transfer[VmcsField.ExitReason], Is.EqualTo(76));
        Assert.That(rig.Transfer[VmcsField.ExitInstructionLength], Is.EqualTo(4));

        Outcome end = rig.RunSeamcall(p =>
        {
            p.Gpr(0) = 0xC000_0100_0000_0000;
            Assert.That(p.Vmwrite(VmcsField.GuestRip, p.Vmread(VmcsField.GuestRip) + 4), Is.EqualTo(VmxResult.Succeed));
            return SeamEnd.SeamRet;
        });
        Assert.That(end, Is.EqualTo(Outcome.Jumped));
        Assert.That((lp->Rip, rig.Core.Gpr(4), lp->Gs.Base), Is.EqualTo((0x1238UL, 0x5000UL, 0xFFFF_8800_0000_0000)));
        Assert.That(rig.Core.Gpr(0), Is.EqualTo(0xC000_0100_0000_0000));
        Assert.That(rig.Core.Rflags,
            Is.EqualTo(RflagsBit.Fixed1 | RflagsBit.If), "CF and ZF say that SEAMCALL succeeded");
        Assert.That((rig.Core.InSeam, rig.Core.Vmx.Current), Is.EqualTo((false, VmxRig.Region)));
    }

    [TestCase(0UL, false, true)]
    [TestCase(1UL << 63, true, false)]
    public void A_target_that_is_not_loaded_is_vmfail_invalid(ulong rax, bool seam, bool seamldr)
    {
        using SeamRig rig = new();
        rig.Ready(seam, seamldr);
        rig.Core.Gpr(0) = rax;
        Assert.That(rig.Core.Seamcall(), Is.EqualTo(Outcome.Next));
        Assert.That(rig.Core.Rflags & RflagsBit.Arithmetic, Is.EqualTo(RflagsBit.Cf));
        Assert.That((rig.Core.InSeam, rig.Core.Gpr(0)), Is.EqualTo((false, rax)));
    }

    [Test]
    public void P_seamldr_serves_one_processor_at_a_time()
    {
        using SeamRig rig = new();
        rig.Core.Gpr(0) = 1UL << 63;
        Assert.That(rig.Core.Seamcall(), Is.EqualTo(Outcome.Jumped));
        Assert.That(rig.Core.Vmx.Current, Is.EqualTo(rig.Range.TransferVmcs(0, seamldr: true)));
        Assert.That(rig.Core.Uncore.SeamShared.SeamldrOwner, Is.EqualTo(0));
        VmxRig.EnterLongMode(rig.Rig.Other);
        rig.Rig.Other.EnterVmxOperation(VmxRig.Second);
        rig.Rig.Other.Gpr(0) = 1UL << 63;
        Assert.That(rig.Rig.Other.Seamcall(), Is.EqualTo(Outcome.Next));
        Assert.That(rig.Rig.Other.Rflags & RflagsBit.Cf, Is.EqualTo(RflagsBit.Cf));
        rig.RunSeamcall(_ => SeamEnd.SeamRet);
        Assert.That(rig.Core.InSeam, Is.False);
        Assert.That(rig.Rig.Other.Seamcall(), Is.EqualTo(Outcome.Jumped));
        Assert.That(rig.Core.Uncore.SeamShared.SeamldrOwner, Is.EqualTo(1));
    }

    [Test]
    public void Seamcall_right_after_mov_ss_is_a_general_protection_fault()
    {
        using SeamRig rig = new();
        rig.Core.Lp->InterruptShadow = 2;
        Assert.That(rig.Core.Seamcall(), Is.EqualTo(Outcome.Fault));
        Assert.That(rig.Core.PendingFault.Vector, Is.EqualTo(Vector.GP));
    }

    [Test]
    public void Seamret_needs_the_transfer_vmcs_to_be_current()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        rig.PrepareTd();
        rig.Core.Vmptrld(rig.TdVmcsAddress);
        Assert.That(rig.Core.Seamret(), Is.EqualTo(Outcome.Next));
        Assert.That((rig.Core.Rflags & RflagsBit.Cf, rig.Core.InSeamRoot), Is.EqualTo((RflagsBit.Cf, true)));
    }

    [Test]
    public void Tdcall_exits_to_the_module_with_reason_77()
    {
        using SeamRig rig = new(OperationMode.SeamNonRoot);
        Assert.That(rig.Core.Tdcall(), Is.EqualTo(Outcome.Jumped));
        Assert.That((rig.Core.Lp->Rip, rig.Core.InSeamRoot), Is.EqualTo((SeamRig.TdExitEntry, true)));
        Assert.That((rig.Core.CurrentVmcs[VmcsField.ExitReason], rig.Core.CurrentVmcs[VmcsField.ExitInstructionLength]),
            Is.EqualTo((77UL, 4UL)));
    }

    [Test]
    public void The_module_enters_a_td_and_gets_its_exits()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        rig.PrepareTd();
        Outcome entered = rig.RunSeamcall(p =>
        {
            p.Vmptrld(new Hpa(rig.TdVmcsAddress));
            return p.EnterGuest(launch: true) == VmxResult.Succeed ? SeamEnd.Entered : SeamEnd.Shutdown;
        });
        Assert.That((entered, rig.Core.InNonRoot, rig.Core.Lp->Rip),
            Is.EqualTo((Outcome.Jumped, true, VmxRig.GuestRip)));
        rig.Core.Tdcall();
        Outcome resumed = rig.RunTdExit(p => p.EnterGuest(launch: false) == VmxResult.Succeed
            ? SeamEnd.Entered : SeamEnd.Shutdown);
        Assert.That((resumed, rig.Core.InNonRoot), Is.EqualTo((Outcome.Jumped, true)));
    }

    [Test]
    public void A_td_vmcs_reads_as_poison_or_noise_through_another_key()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        rig.PrepareTd();
        Assert.That(rig.Core.Vmptrld(SeamRig.TdVmcs), Is.EqualTo(VmxResult.FailValid));
        Assert.That(rig.Core.CurrentVmcs[VmcsField.VmInstructionError],
            Is.EqualTo((ulong)VmInstructionError.VmptrldWrongRevision));
    }

    [Test]
    public void A_read_through_the_wrong_integrity_key_shuts_the_processor_down_at_the_end_of_the_entry()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        rig.PrepareTd();
        rig.Memory.ProgramKey(0, new KeyId(41), secret: 6, integrity: true);
        ulong wrong = rig.Memory.Keys.WithKey(new Hpa(SeamRig.TdVmcs), new KeyId(41)).Value;
        Outcome end = rig.RunSeamcall(p =>
        {
            p.Read<ulong>(new Hpa(wrong));
            return SeamEnd.SeamRet;
        });
        Assert.That((end, rig.Core.Lp->Activity), Is.EqualTo((Outcome.Shutdown, ActivityState.Shutdown)));
    }

    [Test]
    public void Outside_seam_the_range_reads_all_ones_and_writes_vanish()
    {
        using SeamRig rig = new();
        ulong before = rig.Rig.Read64(VmxRig.SeamBase + 0x1000);
        Assert.That(rig.Memory.Read<ulong>(new Hpa(VmxRig.SeamBase + 0x1000), inSeam: false, out _),
            Is.EqualTo(ulong.MaxValue));
        rig.Memory.Write(new Hpa(VmxRig.SeamBase + 0x1000), 0UL, inSeam: false);
        Assert.That(rig.Rig.Read64(VmxRig.SeamBase + 0x1000), Is.EqualTo(before));
    }

    [Test]
    public void Interrupts_are_held_in_seam_root_and_a_td_exits_for_them()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        Assert.That(rig.Core.InterruptsHeld, Is.True);
        Assert.That(rig.Core.InterceptsExternalInterrupt(out _), Is.False);
        rig.EnterTd();
        Assert.That(rig.Core.InterruptsHeld, Is.False);
        Assert.That(rig.Core.InterceptsNmi(out _), Is.True);
        Assert.That((rig.Core.InSeamRoot, rig.Core.Lp->Rip), Is.EqualTo((true, SeamRig.TdExitEntry)));
    }

    [Test]
    public void Locks_stay_held_until_time_reaches_the_end_of_the_entry()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        var word = new Hpa(VmxRig.SeamBase + 0x10_0000);
        rig.RunSeamcall(p =>
        {
            p.CompareExchange<ushort>(word, 0, 3);
            p.ReleaseAtEnd(new LockRelease(word, 2, LockReleaseKind.Subtract, 2));
            p.ReleaseAtEnd(new LockRelease(word, 2, LockReleaseKind.ClearBits, 1));
            p.Charge(Operation.HashBlock, 10);
            return SeamEnd.SeamRet;
        });
        ulong stamp = rig.Core.PendingLockReleases[0].Cycles;
        rig.Core.ApplyLockReleases(stamp - 1);
        Assert.That(rig.Rig.Read64(word.Value), Is.EqualTo(3));
        rig.Core.ApplyLockReleases(stamp);
        Assert.That((rig.Rig.Read64(word.Value), rig.Core.PendingLockReleases.Count), Is.EqualTo((0UL, 0)));
    }

    [Test]
    public void An_entry_releases_its_own_processors_older_locks_first()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        var word = new Hpa(VmxRig.SeamBase + 0x10_0000);
        rig.RunSeamcall(p =>
        {
            p.Write<byte>(word, 1);
            p.ReleaseAtEnd(new LockRelease(word, 1, LockReleaseKind.Store, 0));
            return SeamEnd.SeamRet;
        });
        rig.Core.Seamcall();
        byte seen = 0xFF;
        rig.RunSeamcall(p =>
        {
            seen = p.Read<byte>(word);
            return SeamEnd.SeamRet;
        });
        Assert.That(seen, Is.Zero);
    }

    [Test]
    public void The_observer_sees_each_transition_once_and_may_answer_a_seamcall()
    {
        using SeamRig rig = new();
        Recorder recorder = new();
        rig.Core.Worlds = recorder;
        rig.Core.Seamcall();
        rig.EnterTd();
        rig.Core.Tdcall();
        rig.Core.Vmptrld(rig.Range.TransferVmcs(0, seamldr: false));
        rig.Core.Seamret();
        Assert.That(recorder.Seen,
            Is.EqualTo(new[] { Operation.Seamcall, Operation.VmEntry, Operation.VmExit, Operation.Seamret }));

        recorder.Forced = 0x8000_0200_0000_0000;
        Assert.That(rig.Core.Seamcall(), Is.EqualTo(Outcome.Next));
        Assert.That((rig.Core.Gpr(0), rig.Core.InSeam, rig.Core.Rflags & RflagsBit.Arithmetic),
            Is.EqualTo((0x8000_0200_0000_0000, false, 0UL)));
    }

    private sealed class Recorder : IWorldObserver
    {
        public List<Operation> Seen { get; } = [];

        public ulong Forced { get; set; }

        public bool Intercepts(Core core, out ulong status) => (status = Forced) != 0;

        public void Switched(Core core, Operation transition, uint cycles) => Seen.Add(transition);
    }
}
