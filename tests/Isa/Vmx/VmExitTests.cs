using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Isa.Vmx;

public sealed unsafe class VmExitTests
{
    private static readonly Instruction Nop = VmxRig.Decode(0x90);

    [Test]
    public void Entry_loads_the_guest_and_exit_saves_it_and_loads_the_host()
    {
        using VmxRig rig = new();
        rig.V.Store(VmcsField.GuestFsBase, 0x7000_0000);
        rig.Enter();
        LogicalProcessor* lp = rig.Core.Lp;
        Assert.That((lp->Rip, rig.Core.Gpr(4), lp->Cr3, lp->Fs.Base),
            Is.EqualTo((VmxRig.GuestRip, 0x7000UL, 0x9000UL, 0x7000_0000UL)));
        lp->Rip = 0x40_0010;
        rig.Core.Gpr(4) = 0x6FF8;
        rig.Core.Rflags = RflagsBit.Fixed1 | RflagsBit.Cf;
        lp->InterruptShadow = 1;

        Assert.That(rig.Core.VmExit(ExitReason.Hlt, 0, 1), Is.EqualTo(Outcome.Jumped));
        Assert.That((rig.V[VmcsField.GuestRip], rig.V[VmcsField.GuestRsp]), Is.EqualTo((0x40_0010UL, 0x6FF8UL)));
        Assert.That(rig.V[VmcsField.GuestRflags], Is.EqualTo(RflagsBit.Fixed1 | RflagsBit.Cf));
        Assert.That(rig.V[VmcsField.GuestInterruptibilityState], Is.EqualTo(1));
        Assert.That((lp->Rip, rig.Core.Gpr(4), lp->Cr3), Is.EqualTo((VmxRig.HostRip, 0x9000UL, 0x8000UL)));
        Assert.That((rig.Core.Rflags, lp->InterruptShadow, lp->GdtrLimit),
            Is.EqualTo((RflagsBit.Fixed1, (byte)0, 0xFFFFu)));
        Assert.That((lp->Cs.Selector, lp->Cs.AccessRights, lp->Tr.Limit), Is.EqualTo(((ushort)8, 0xA09Bu, 0x67u)));
        Assert.That(rig.Core.LongMode64 && rig.Core.Cpl == 0, Is.True);
    }

    [Test]
    public void An_unrestricted_guest_in_protected_mode_saves_its_mode_in_the_entry_controls()
    {
        using VmxRig rig = new();
        rig.Enter();
        rig.Core.Lp->Efer &= ~(EferBit.Lma | EferBit.Lme);
        rig.Core.VmExit(ExitReason.Cpuid);
        Assert.That(rig.V[VmcsField.EntryControls] & EntryControls.Ia32eModeGuest, Is.Zero);
        Assert.That(rig.V[VmcsField.GuestEfer] & EferBit.Lma, Is.Zero);
        Assert.That(rig.Core.LongMode64, Is.True);
    }

    [Test]
    public void Qualifications_follow_the_manuals_tables()
    {
        (string Row, Action<VmxRig> Prepare, Func<VmxRig, bool> Run, ExitReason Reason, ulong Qualification)[] rows =
        [
            ("invlpg",        r => Or(r, ProcControls.InvlpgExiting), r => r.Core.Intercepts(ExitReason.Invlpg, Nop, out _, 0x1234),         ExitReason.Invlpg, 0x1234),
            ("cpuid",         _ => { },                               r => r.Core.Intercepts(ExitReason.Cpuid, Nop, out _),                  ExitReason.Cpuid, 0),
            ("hlt",           _ => { },                               r => r.Core.Intercepts(ExitReason.Hlt, Nop, out _),                    ExitReason.Hlt, 0),
            ("rdmsr bitmap",  r => r.Write64(VmxRig.MsrBitmap, 1UL << 0x10), r => r.Core.InterceptsRdmsr(0x10, Nop, out _),                  ExitReason.Rdmsr, 0),
            ("rdmsr outside", _ => { },                               r => r.Core.InterceptsRdmsr(0x4000, Nop, out _),                       ExitReason.Rdmsr, 0),
            ("wrmsr high",    r => r.Write64(VmxRig.MsrBitmap + 3072 + 0x80 / 8, 1), r => r.Core.InterceptsWrmsr(0xC000_0080, Nop, out _),   ExitReason.Wrmsr, 0),
            ("in al, dx",     r => r.Write64(VmxRig.IoBitmapA + 0x60 / 8, 1), r => r.Core.InterceptsIo(0x60, 1, true, VmxRig.Decode(0xEC), out _), ExitReason.IoInstruction, 0x60_0008),
            ("out imm8, eax", r => r.Write64(VmxRig.IoBitmapA + 0x80 / 8, 8), r => r.Core.InterceptsIo(0x80, 4, false, VmxRig.Decode(0xE7, 0x80), out _), ExitReason.IoInstruction, 0x80_0043),
            ("rep insb",      r => r.Write64(VmxRig.IoBitmapB, 1),    r => r.Core.InterceptsIo(0x8000, 1, true, VmxRig.Decode(0xF3, 0x6C), out _), ExitReason.IoInstruction, 0x8000_0038),
            ("io wraps",      _ => { },                               r => r.Core.InterceptsIo(0xFFFF, 2, false, VmxRig.Decode(0x66, 0xEF), out _), ExitReason.IoInstruction, 0xFFFF_0001),
            ("mov cr0",       r => r.V.Store(VmcsField.Cr0GuestHostMask, Cr0Bit.Ts), r => r.Core.InterceptsMovToCr(0, 3, Cr0Bit.Ts, Nop, out _), ExitReason.ControlRegisterAccess, 0x300),
            ("mov cr3",       r => Or(r, ProcControls.Cr3LoadExiting), r => r.Core.InterceptsMovToCr(3, 1, 0x5000, Nop, out _),              ExitReason.ControlRegisterAccess, 0x103),
            ("mov from cr8",  r => Or(r, ProcControls.Cr8StoreExiting), r => r.Core.InterceptsMovFromCr(8, 9, Nop, out _),                   ExitReason.ControlRegisterAccess, 0x918),
            ("clts",          Ts,                                     r => r.Core.InterceptsClts(Nop, out _),                                ExitReason.ControlRegisterAccess, 0x20),
            ("lmsw",          Ts,                                     r => r.Core.InterceptsLmsw(0, VmxRig.Decode(0x0F, 0x01, 0xF0), out _), ExitReason.ControlRegisterAccess, 0x30),
            ("mov from dr7",  r => Or(r, ProcControls.MovDrExiting),  r => r.Core.InterceptsMovDr(7, 2, true, Nop, out _),                   ExitReason.MovDr, 0x217),
            ("task switch",   _ => { },                               r => r.Core.InterceptsTaskSwitch(0x28, 2, 2, out _),                   ExitReason.TaskSwitch, 0x8000_0028),
            ("nmi window",    r => Or(r, ProcControls.NmiWindowExiting), r => r.Core.InterceptsWindow(out _),                                ExitReason.NmiWindow, 0),
            ("mtf",           r => Or(r, ProcControls.MonitorTrapFlag), r => r.Core.InterceptsTrap(out _),                                   ExitReason.MonitorTrapFlag, 0),
            ("triple fault",  _ => { },                               r => r.Core.InterceptsTripleFault(out _),                              ExitReason.TripleFault, 0),
            ("init",          _ => { },                               r => r.Core.InterceptsInit(out _),                                     ExitReason.InitSignal, 0),
        ];
        foreach (var row in rows)
        {
            using VmxRig rig = new();
            row.Prepare(rig);
            rig.Enter();
            Assert.That(row.Run(rig), Is.True, row.Row);
            Assert.That(rig.V[VmcsField.ExitReason], Is.EqualTo((ulong)row.Reason), row.Row);
            Assert.That(rig.V[VmcsField.ExitQualification], Is.EqualTo(row.Qualification), row.Row);
        }
    }

    [Test]
    public void Without_its_control_or_bitmap_bit_nothing_exits()
    {
        using VmxRig rig = new();
        rig.Enter();
        Assert.That(rig.Core.Intercepts(ExitReason.Rdtsc, Nop, out _), Is.False);
        Assert.That(rig.Core.Intercepts(ExitReason.WbinvdOrWbnoinvd, Nop, out _), Is.False);
        Assert.That(rig.Core.InterceptsRdmsr(0x10, Nop, out _), Is.False);
        Assert.That(rig.Core.InterceptsIo(0x60, 1, true, Nop, out _), Is.False);
        Assert.That(rig.Core.InterceptsMovToCr(0, 0, ulong.MaxValue, Nop, out _), Is.False);
        Assert.That(rig.Core.InterceptsWindow(out _), Is.False);
        Assert.That(rig.Core.InterceptsTrap(out _), Is.False);
        Assert.That(rig.Core.InNonRoot, Is.True);
    }

    [Test]
    public void Host_owned_control_register_bits_are_read_from_the_shadow_and_kept_on_writes()
    {
        using VmxRig rig = new();
        rig.V.Store(VmcsField.Cr4GuestHostMask, Cr4Bit.Vmxe | Cr4Bit.Mce);
        rig.V.Store(VmcsField.Cr4ReadShadow, Cr4Bit.Mce);
        rig.Enter();
        Assert.That(rig.Core.VisibleCr(4), Is.EqualTo(Cr4Bit.Pae | Cr4Bit.Mce));
        Assert.That(rig.Core.MergeGuestCr(4, Cr4Bit.Mce | Cr4Bit.Pge), Is.EqualTo(Cr4Bit.Vmxe | Cr4Bit.Pge));
    }

    [Test]
    public void A_cr3_target_is_loaded_without_exit()
    {
        using VmxRig rig = new();
        Or(rig, ProcControls.Cr3LoadExiting);
        rig.V.Store(VmcsField.Cr3TargetCount, 1);
        rig.V.Store(VmcsField.Cr3Target0, 0x5000);
        rig.Enter();
        Assert.That(rig.Core.InterceptsMovToCr(3, 0, 0x5000, Nop, out _), Is.False);
        Assert.That(rig.Core.InterceptsMovToCr(3, 0, 0x6000, Nop, out _), Is.True);
    }

    [TestCase(0xFFFF_FFFFu, 0u, 0u, 4u, true)]
    [TestCase(1u << 14, 1u, 1u, 0u, false)]
    [TestCase(1u << 14, 1u, 1u, 5u, true)]
    [TestCase(0u, 1u, 1u, 4u, true)]
    [TestCase(0u, 1u, 1u, 5u, false)]
    public void Page_faults_exit_by_bitmap_mask_and_match(uint bitmap, uint mask, uint match, uint error, bool exits)
    {
        using VmxRig rig = new();
        rig.V.Store(VmcsField.ExceptionBitmap, bitmap);
        rig.V.Store(VmcsField.PageFaultErrorCodeMask, mask);
        rig.V.Store(VmcsField.PageFaultErrorCodeMatch, match);
        rig.Enter();
        rig.Core.Raise(Vector.PF, error, 0xABC000);
        Assert.That(rig.Core.InterceptsFault(EventType.HardwareException, 0, out _), Is.EqualTo(exits));
        if (!exits)
            return;
        Assert.That(rig.V[VmcsField.ExitInterruptionInformation], Is.EqualTo(0x8000_0B0E));
        Assert.That((rig.V[VmcsField.ExitInterruptionErrorCode], rig.V[VmcsField.ExitQualification]),
            Is.EqualTo(((ulong)error, 0xABC000UL)));
        Assert.That(rig.V[VmcsField.GuestRflags] & RflagsBit.Rf, Is.Not.Zero);
    }

    [Test]
    public void An_exit_during_event_delivery_reports_the_event()
    {
        using VmxRig rig = new();
        rig.Enter();
        rig.Core.BeginVectoring(13, EventType.HardwareException, 0x18, 0);
        rig.Core.VmExit(ExitReason.EptViolation);
        Assert.That((rig.V[VmcsField.IdtVectoringInformation], rig.V[VmcsField.IdtVectoringErrorCode]),
            Is.EqualTo((0x8000_0B0DUL, 0x18UL)));
    }

    [Test]
    public void An_nmi_exit_leaves_nmis_blocked_in_the_host()
    {
        using VmxRig rig = new();
        rig.Enter();
        Assert.That(rig.Core.InterceptsNmi(out _), Is.True);
        Assert.That(rig.V[VmcsField.ExitInterruptionInformation], Is.EqualTo(0x8000_0202));
        Assert.That(rig.Core.Lp->NmiBlocked, Is.True);
    }

    [Test]
    public void The_guests_tsc_is_scaled_and_offset()
    {
        using VmxRig rig = new();
        Or(rig, ProcControls.UseTscOffsetting);
        Vmcs v = rig.V;
        v[VmcsField.ProcBasedControls2] |= ProcControls2.UseTscScaling;
        v[VmcsField.TscMultiplier] = 3UL << 47;
        v[VmcsField.TscOffset] = 1000;
        rig.Enter();
        Assert.That(rig.Core.GuestTsc(100), Is.EqualTo(1150));
        rig.Core.VmExit(ExitReason.Hlt);
        Assert.That(rig.Core.GuestTsc(100), Is.EqualTo(100));
    }

    [Test]
    public void The_preemption_timer_exits_when_it_has_counted_down()
    {
        using VmxRig rig = new();
        Vmcs v = rig.V;
        v[VmcsField.PinBasedControls] |= PinControls.ActivatePreemptionTimer;
        v[VmcsField.PreemptionTimerValue] = 10;
        rig.Enter();
        Assert.That(rig.Core.InterceptsWindow(out _), Is.False);
        rig.Core.Lp->Cycles += 11 << VmxCapabilities.PreemptionShift;
        Assert.That(rig.Core.InterceptsWindow(out _), Is.True);
        Assert.That(v[VmcsField.ExitReason], Is.EqualTo((ulong)ExitReason.PreemptionTimer));
    }

    [Test]
    public void Msr_areas_move_registers_and_a_bad_entry_is_exit_34_with_its_number()
    {
        using VmxRig rig = new();
        rig.V.Store(VmcsField.EntryMsrLoadAddress, 0xB000);
        rig.V.Store(VmcsField.EntryMsrLoadCount, 2);
        rig.Write64(0xB000, 0xC000_0102);
        rig.Write64(0xB008, 0x1234);
        rig.Write64(0xB010, 0xC000_0100);
        Assert.That(rig.Core.EnterGuest(true, out _), Is.EqualTo(Seamsim.Isa.Seam.VmxResult.Succeed));
        Assert.That((rig.V[VmcsField.ExitReason], rig.V[VmcsField.ExitQualification]),
            Is.EqualTo((0x8000_0022UL, 2UL)));
        Assert.That((rig.Core.InNonRoot, rig.Core.Lp->KernelGsBase, rig.Core.Lp->Rip),
            Is.EqualTo((false, 0x1234UL, VmxRig.HostRip)));
    }

    private static void Or(VmxRig rig, uint bits) =>
        rig.V.Store(VmcsField.ProcBasedControls, rig.V[VmcsField.ProcBasedControls] | bits);

    private static void Ts(VmxRig rig)
    {
        rig.V.Store(VmcsField.Cr0GuestHostMask, Cr0Bit.Ts);
        rig.V.Store(VmcsField.Cr0ReadShadow, Cr0Bit.Ts);
    }
}
