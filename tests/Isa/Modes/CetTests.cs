using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Modes;

/// <summary>Shadow stacks and indirect-branch tracking. SDM vol. 1, chapter 17; vol. 2, the instructions' own pages.</summary>
public sealed unsafe class CetTests
{
    private const ulong Cet = 1 << 23, On = 1, Write = 2, Endbr = 4, Legacy = 8, NoTrack = 16, Waiting = 1 << 11, Suppressed = 1 << 10;
    private const ulong Kernel = 0x600000, User = 0x610000, Ist = 0x620000, Table = 0x630000;
    private const ulong Top = Kernel + 0x800, UserTop = User + 0x800;
    private static readonly byte[] Endbr64 = [0xF3, 0x0F, 0x1E, 0xFA];

    /// <summary>A kernel and a user shadow-stack page; the kernel's stack has a free token at its top.</summary>
    private static EngineRig Rig(byte[] code, bool user = false, ulong supervisor = On, ulong own = On)
    {
        EngineRig rig = new EngineRig(user).Load(code);
        rig.ChangePte(Kernel, 7, 0x61);
        rig.ChangePte(Ist, 7, 0x61);
        rig.ChangePte(User, 7, 0x65);
        rig.Write(Top, Top);
        rig.Lp->Cr4 |= Cet;
        (rig.Lp->SCet, rig.Lp->UCet, rig.Lp->Pl0Ssp) = (supervisor, own, Top);
        rig.Lp->Ssp = user ? UserTop : Top;
        rig.Core.FlushTlb();
        return rig;
    }

    private static void Faults(EngineRig rig, int vector, ulong error, string name)
    {
        rig.Run(50);
        Assert.That((rig.StoppedAtVector, rig.Read(rig.Lp->Gpr[4])), Is.EqualTo((vector, error)), name);
    }

    [Test]
    public void Call_and_ret_keep_both_stacks()
    {
        // call +1 ; hlt ; ret
        using EngineRig rig = Rig([0xE8, 1, 0, 0, 0, 0xF4, 0xC3], supervisor: On);
        rig.Run(1);
        Assert.That((rig.Lp->Ssp, rig.Read(Top - 8)), Is.EqualTo((Top - 8, EngineRig.Code + 5)));
        rig.Run();
        Assert.That((rig.Lp->Ssp, rig.Lp->Rip, rig.Lp->Gpr[4]), Is.EqualTo((Top, EngineRig.Code + 6, EngineRig.Stack)));
    }

    [Test]
    public void A_changed_return_address_is_a_control_protection_fault()
    {
        // call +1 ; hlt ; add qword [rsp],1 ; ret
        using EngineRig rig = Rig([0xE8, 1, 0, 0, 0, 0xF4, 0x48, 0x83, 0x04, 0x24, 1, 0xC3]);
        Faults(rig, 21, 1, "near return");
        Assert.That(rig.Read(rig.Lp->Gpr[4] + 8), Is.EqualTo(EngineRig.Code + 11), "RIP names the RET");
    }

    [Test]
    public void Call_to_the_next_instruction_leaves_the_shadow_stack_alone()
    {
        using EngineRig rig = Rig([0xE8, 0, 0, 0, 0, 0xF4]);
        rig.Run(1);
        Assert.That(rig.Lp->Ssp, Is.EqualTo(Top));
    }

    [Test]
    public void Turning_it_off_costs_nothing_and_turning_it_on_takes_effect_at_once()
    {
        using EngineRig rig = Rig([0xE8, 1, 0, 0, 0, 0xF4, 0xC3], supervisor: 0);
        rig.Run();
        Assert.That((rig.Lp->Ssp, rig.Lp->Rip), Is.EqualTo((Top, EngineRig.Code + 6)));
        rig.Lp->Rip = EngineRig.Code;
        rig.Lp->Activity = ActivityState.Active;
        rig.Lp->SCet = On;
        rig.Core.ModeChanged();
        rig.Run(1);
        Assert.That(rig.Lp->Ssp, Is.EqualTo(Top - 8), "the same code is bound anew");
    }

    // shadow-stack memory, SDM vol. 3A, 4.6.1 and 4.7: a CALL with SSP on a page | error code of #PF
    [TestCase(0x7UL, 0x43UL, Description = "writable page")]
    [TestCase(0x3UL, 0x43UL, Description = "supervisor page, writable")]
    [TestCase(0x21UL, 0x43UL, Description = "read-only, not dirty")]
    [TestCase(0x65UL, 0x43UL, Description = "user shadow-stack page")]
    [TestCase(0x60UL, 0x42UL, Description = "not present")]
    public void A_shadow_stack_access_needs_a_shadow_stack_page(ulong flags, ulong error)
    {
        using EngineRig rig = Rig([0xE8, 1, 0, 0, 0]);
        rig.ChangePte(Kernel, 0xFF, flags);
        rig.Core.FlushTlb();
        // the handler of #PF cannot push on the same shadow stack
        rig.SetGate(14, EngineRig.Handler(14), 0xEE, ist: 1);
        rig.Lp->InterruptSspTable = Table;
        rig.Write(Table + 8, Ist + 0x800);
        rig.Write(Ist + 0x800, Ist + 0x800);
        rig.Run(50);
        Assert.That((rig.StoppedAtVector, rig.Read(rig.Lp->Gpr[4]), rig.Lp->Cr2), Is.EqualTo((14, error, Top - 8)));
    }

    [Test]
    public void An_ordinary_store_to_a_shadow_stack_page_is_a_page_fault_and_a_load_is_not()
    {
        using EngineRig load = Rig([0x48, 0x8B, 0x03, 0xF4]);
        load.Lp->Gpr[3] = Top;
        load.Run();
        Assert.That(load.Lp->Gpr[0], Is.EqualTo(Top));
        using EngineRig store = Rig([0x48, 0x89, 0x03]);
        store.Lp->Gpr[3] = Top;
        Faults(store, 14, 3, "store");
    }

    [Test]
    public void An_interrupt_in_level_0_pushes_cs_rip_and_ssp_and_iretq_checks_them()
    {
        using EngineRig rig = Rig([0xCD, 0x40, 0xF4]).LoadAt(EngineRig.Handler(0x40), 0x48, 0xCF);
        rig.Run(1);
        Assert.That((rig.Lp->Ssp, rig.Read(Top - 8), rig.Read(Top - 16), rig.Read(Top - 24)),
            Is.EqualTo((Top - 24, (ulong)EngineRig.KernelCode, EngineRig.Code + 2, Top)));
        rig.Run();
        Assert.That((rig.Lp->Rip, rig.Lp->Ssp), Is.EqualTo((EngineRig.Code + 3, Top)));
        using EngineRig broken = Rig([0xCD, 0x40, 0xF4]).LoadAt(EngineRig.Handler(0x40), 0x48, 0x83, 0x04, 0x24, 1, 0x48, 0xCF);
        Faults(broken, 21, 2, "the frame says another address");
    }

    [Test]
    public void An_interrupt_from_level_3_takes_the_token_and_iretq_frees_it()
    {
        using EngineRig rig = Rig([0xCD, 0x40, 0x90], user: true).LoadAt(EngineRig.Handler(0x40), 0x48, 0xCF);
        rig.Run(1);
        Assert.That((rig.Core.Cpl, rig.Lp->Ssp, rig.Read(Top), rig.Lp->Pl3Ssp), Is.EqualTo((0, Top, Top | 1, UserTop)));
        rig.Run(1);
        Assert.That((rig.Core.Cpl, rig.Lp->Ssp, rig.Read(Top), rig.Lp->Rip), Is.EqualTo((3, UserTop, Top, EngineRig.Code + 2)));
    }

    [Test]
    public void A_busy_or_foreign_token_refuses_the_handler()
    {
        foreach (ulong token in (ulong[])[Top | 1, Top + 8, 0])
        {
            using EngineRig rig = Rig([0xCD, 0x40], user: true);
            rig.Write(Top, token);
            rig.Run(50);
            Assert.That(rig.Lp->Activity, Is.EqualTo(ActivityState.Shutdown), "#GP and #DF meet the same token");
        }
    }

    [Test]
    public void An_ist_gate_takes_its_shadow_stack_from_the_table_and_iretq_goes_back()
    {
        using EngineRig rig = Rig([0xCD, 0x40, 0xF4]).LoadAt(EngineRig.Handler(0x40), 0x48, 0xCF);
        rig.SetGate(0x40, EngineRig.Handler(0x40), 0xEE, ist: 1);
        rig.Lp->InterruptSspTable = Table;
        rig.Write(Table + 8, Ist + 0x800);
        rig.Write(Ist + 0x800, Ist + 0x800);
        rig.Run(1);
        Assert.That((rig.Lp->Ssp, rig.Read(Ist + 0x800), rig.Read(Ist + 0x800 - 24)), Is.EqualTo((Ist + 0x800 - 24, (Ist + 0x800) | 1, Top)));
        rig.Run();
        Assert.That((rig.Lp->Ssp, rig.Read(Ist + 0x800)), Is.EqualTo((Top, Ist + 0x800)), "the token is free again");
    }

    [Test]
    public void Far_call_and_retf_keep_three_slots()
    {
        using EngineRig rig = Rig([0x48, 0xFF, 0x1C, 0x25, 0, 0, 0x20, 0, 0xF4]); // call far m16:64 [200000h]
        rig.LoadAt(0x110000, 0x48, 0xCB);
        rig.Write(EngineRig.Data, 0x110000);
        rig.Write(EngineRig.Data + 8, EngineRig.KernelCode);
        rig.Run(1);
        Assert.That((rig.Lp->Ssp, rig.Read(Top - 8), rig.Read(Top - 16), rig.Read(Top - 24)),
            Is.EqualTo((Top - 24, (ulong)EngineRig.KernelCode, EngineRig.Code + 8, Top)));
        rig.Run();
        Assert.That((rig.Lp->Rip, rig.Lp->Ssp), Is.EqualTo((EngineRig.Code + 9, Top)));
        using EngineRig broken = Rig([0x48, 0xFF, 0x1C, 0x25, 0, 0, 0x20, 0, 0xF4]);
        broken.LoadAt(0x110000, 0x48, 0x83, 0x04, 0x24, 1, 0x48, 0xCB);
        broken.Write(EngineRig.Data, 0x110000);
        broken.Write(EngineRig.Data + 8, EngineRig.KernelCode);
        Faults(broken, 21, 2, "far return");
    }

    [Test]
    public void Syscall_saves_ssp_and_clears_it_and_sysret_restores_it()
    {
        using EngineRig rig = Rig([0x0F, 0x05, 0x90], user: true);
        rig.LoadAt(0x110000, 0x48, 0x0F, 0x07);
        rig.Lp->Efer |= 1;
        (rig.Lp->Lstar, rig.Lp->Star) = (0x110000, (0x0008UL << 32) | (0x001BUL << 48));
        rig.Run(1);
        Assert.That((rig.Lp->Ssp, rig.Lp->Pl3Ssp), Is.EqualTo((0UL, UserTop)));
        rig.Run(1);
        Assert.That((rig.Lp->Ssp, rig.Core.Cpl), Is.EqualTo((UserTop, 3)));
    }

    [Test]
    public void Rdssp_and_incssp()
    {
        // rdsspq rax ; incsspq rcx ; rdsspd edx
        byte[] code = [0xF3, 0x48, 0x0F, 0x1E, 0xC8, 0xF3, 0x48, 0x0F, 0xAE, 0xE9, 0xF3, 0x0F, 0x1E, 0xCA, 0xF4];
        using EngineRig rig = Rig(code);
        rig.Lp->Gpr[1] = 0x103;
        rig.Lp->Gpr[2] = ulong.MaxValue;
        rig.Run();
        Assert.That((rig.Lp->Gpr[0], rig.Lp->Ssp, rig.Lp->Gpr[2]), Is.EqualTo((Top, Top + 24, (Top + 24) & uint.MaxValue)));
        using EngineRig off = Rig([0xF3, 0x48, 0x0F, 0x1E, 0xC8, 0xF3, 0x48, 0x0F, 0xAE, 0xE9], supervisor: 0);
        off.Lp->Gpr[0] = 7;
        off.Run(50);
        Assert.That((off.Lp->Gpr[0], off.StoppedAtVector), Is.EqualTo((7UL, 6)), "RDSSP is a NOP, INCSSP is undefined");
    }

    [Test]
    public void Rstorssp_and_saveprevssp_switch_there_and_back()
    {
        // rstorssp [rbx] ; saveprevssp ; hlt
        using EngineRig rig = Rig([0xF3, 0x0F, 0x01, 0x2B, 0xF3, 0x0F, 0x01, 0xEA, 0xF4]);
        ulong other = Kernel + 0x400;
        rig.Write(other - 8, other | 1);
        rig.Lp->Gpr[3] = other - 8;
        rig.Run(1);
        Assert.That((rig.Lp->Ssp, rig.Read(other - 8)), Is.EqualTo((other - 8, Top | 3)), "previous-SSP token");
        rig.Run();
        Assert.That((rig.Lp->Ssp, rig.Read(Top - 8)), Is.EqualTo((other, Top | 1)), "restore token on the old stack");
        using EngineRig bad = Rig([0xF3, 0x0F, 0x01, 0x2B]);
        bad.Write(other - 8, (other + 8) | 1);
        bad.Lp->Gpr[3] = other - 8;
        Faults(bad, 21, 4, "a token of another place");
        using EngineRig unaligned = Rig([0xF3, 0x0F, 0x01, 0x2B]);
        unaligned.Lp->Gpr[3] = other - 4;
        Faults(unaligned, 13, 0, "not a multiple of 8");
    }

    [Test]
    public void Setssbsy_and_clrssbsy_take_and_free_the_token()
    {
        using EngineRig rig = Rig([0xF3, 0x0F, 0x01, 0xE8, 0xF3, 0x0F, 0xAE, 0x33, 0xF4]); // setssbsy ; clrssbsy [rbx]
        rig.Lp->Gpr[3] = Top;
        rig.Lp->Ssp = 0;
        rig.Run(1);
        Assert.That((rig.Lp->Ssp, rig.Read(Top)), Is.EqualTo((Top, Top | 1)));
        rig.Run();
        Assert.That((rig.Lp->Ssp, rig.Read(Top), rig.Core.Rflags & 1), Is.EqualTo((0UL, Top, 0UL)));
        using EngineRig busy = Rig([0xF3, 0x0F, 0x01, 0xE8]);
        busy.Write(Top, Top | 1);
        Faults(busy, 21, 5, "busy");
        using EngineRig free = Rig([0xF3, 0x0F, 0xAE, 0x33, 0xF4]);
        free.Lp->Gpr[3] = Top;
        free.Run();
        Assert.That((free.Lp->Ssp, free.Read(Top), free.Core.Rflags & 1), Is.EqualTo((0UL, Top, 1UL)), "CF: no busy token");
    }

    [Test]
    public void Wrss_needs_its_own_permission_and_wruss_writes_user_pages()
    {
        byte[] wrss = [0x48, 0x0F, 0x38, 0xF6, 0x03, 0xF4], wruss = [0x66, 0x48, 0x0F, 0x38, 0xF5, 0x03, 0xF4];
        using EngineRig rig = Rig(wrss, supervisor: On | Write);
        (rig.Lp->Gpr[3], rig.Lp->Gpr[0]) = (Top - 8, 0x1234);
        rig.Run();
        Assert.That(rig.Read(Top - 8), Is.EqualTo(0x1234));
        using EngineRig refused = Rig(wrss);
        refused.Run(50);
        Assert.That(refused.StoppedAtVector, Is.EqualTo(6), "WR_SHSTK_EN");
        using EngineRig user = Rig(wruss);
        (user.Lp->Gpr[3], user.Lp->Gpr[0]) = (UserTop, 0x5678);
        user.Run();
        Assert.That(user.Read(UserTop), Is.EqualTo(0x5678));
        using EngineRig supervisor = Rig(wruss);
        supervisor.Lp->Gpr[3] = Top - 8;
        Faults(supervisor, 14, 0x47, "a user access to a supervisor shadow stack");
    }

    // name | jmp rax, with what at the target | IA32_S_CET | vector (−1: goes on)
    private static readonly (string Name, byte[] Jump, byte[] Target, ulong Cet, int Vector)[] Tracked =
    [
        ("endbr64",                 [0xFF, 0xE0],       [.. Endbr64, 0xF4],              Endbr,           -1),
        ("no endbranch",            [0xFF, 0xE0],       [0x90, 0xF4],                    Endbr,           21),
        ("endbr32 in 64-bit code",  [0xFF, 0xE0],       [0xF3, 0x0F, 0x1E, 0xFB, 0xF4],  Endbr,           21),
        ("call",                    [0xFF, 0xD0],       [0x90, 0xF4],                    Endbr,           21),
        ("call with endbr64",       [0xFF, 0xD0],       [.. Endbr64, 0xF4],              Endbr,           -1),
        ("3E without NO_TRACK_EN",  [0x3E, 0xFF, 0xE0], [0x90, 0xF4],                    Endbr,           21),
        ("3E with NO_TRACK_EN",     [0x3E, 0xFF, 0xE0], [0x90, 0xF4],                    Endbr | NoTrack, -1),
        ("suppressed",              [0xFF, 0xE0],       [0x90, 0xF4],                    Endbr | Suppressed, -1),
        ("off",                     [0xFF, 0xE0],       [0x90, 0xF4],                    0,               -1),
        ("int3 may stand there",    [0xFF, 0xE0],       [0xCC],                          Endbr,           3),
    ];

    [Test]
    public void An_indirect_branch_must_meet_an_endbranch()
    {
        foreach ((string name, byte[] jump, byte[] target, ulong cet, int vector) in Tracked)
        {
            using EngineRig rig = Rig(jump, supervisor: cet).LoadAt(0x110000, target);
            for (int n = 0; n < 32; n++)
                rig.LoadAt(EngineRig.Handler(n), [.. Endbr64, 0xF4]);
            rig.Lp->Gpr[0] = 0x110000;
            rig.Run(50);
            Assert.That(rig.StoppedAtVector, Is.EqualTo(vector), name);
            if (vector == 21)
                Assert.That((rig.Read(rig.Lp->Gpr[4]), rig.Read(rig.Lp->Gpr[4] + 8)), Is.EqualTo((3UL, 0x110000UL)), name);
        }
    }

    [Test]
    public void A_handler_must_begin_with_an_endbranch_too()
    {
        using EngineRig rig = Rig([0xCD, 0x40], supervisor: Endbr).LoadAt(EngineRig.Handler(21), [.. Endbr64, 0xF4]);
        Faults(rig, 21, 3, "the handler of 40h is a HLT");
        Assert.That(rig.Lp->SCet, Is.EqualTo(Endbr), "ENDBR64 has ended the wait");
    }

    [Test]
    public void The_legacy_bitmap_lets_a_page_go_on_without_tracking()
    {
        foreach (bool marked in (bool[])[true, false])
        {
            using EngineRig rig = Rig([0xFF, 0xE0], supervisor: Endbr | Legacy | Table).LoadAt(0x110000, 0x90, 0xF4);
            rig.LoadAt(EngineRig.Handler(21), [.. Endbr64, 0xF4]);
            rig.LoadAt(Table + (0x110 >> 3), (byte)(marked ? 1 : 0));
            rig.Lp->Gpr[0] = 0x110000;
            rig.Run(50);
            Assert.That(rig.StoppedAtVector, Is.EqualTo(marked ? -1 : 21));
            Assert.That(rig.Lp->SCet & (Suppressed | Waiting), Is.EqualTo(marked ? Suppressed : 0));
        }
    }

    [Test]
    public void Level_3_keeps_its_tracker_across_an_interrupt()
    {
        using EngineRig rig = Rig([0xFF, 0xE0], user: true, supervisor: 0, own: Endbr).LoadAt(0x110000, 0xCC);
        rig.LoadAt(EngineRig.Handler(3), 0x48, 0xCF);
        rig.Lp->Gpr[0] = 0x110000;
        rig.Run(3); // jmp ; int3 ; iretq
        Assert.That((rig.Core.Cpl, rig.Lp->UCet & Waiting), Is.EqualTo((3, Waiting)));
        Faults(rig, 21, 3, "what follows INT3 is no ENDBRANCH either");
    }

    // instruction | CR4.CET | CPL | IA32_S_CET and IA32_U_CET | vector
    [TestCase("F30F01E8", false, 0, On, 6, Description = "SETSSBSY")]
    [TestCase("F30F01E8", true, 0, 0UL, 6, Description = "SETSSBSY")]
    [TestCase("F30F01E8", true, 3, On, 13, Description = "SETSSBSY")]
    [TestCase("F30FAE33", true, 3, On, 13, Description = "CLRSSBSY")]
    [TestCase("F30F01EA", true, 0, 0UL, 6, Description = "SAVEPREVSSP")]
    [TestCase("F30F01EA", true, 0, On, 13, Description = "SAVEPREVSSP without a token")]
    [TestCase("F30F012B", true, 0, 0UL, 6, Description = "RSTORSSP")]
    [TestCase("66480F38F503", true, 3, On, 13, Description = "WRUSSQ")]
    [TestCase("66480F38F503", false, 0, On, 6, Description = "WRUSSQ")]
    [TestCase("480F38F603", true, 3, On, 6, Description = "WRSSQ")]
    public void The_instructions_have_their_faults(string hex, bool cr4, int cpl, ulong cet, int vector)
    {
        using EngineRig rig = Rig(Convert.FromHexString(hex), user: cpl == 3, supervisor: cet, own: cet);
        if (!cr4)
            rig.Lp->Cr4 &= ~Cet;
        rig.Lp->Gpr[3] = Top;
        rig.Core.ModeChanged();
        rig.Run(50);
        Assert.That(rig.StoppedAtVector, Is.EqualTo(vector));
    }
}
