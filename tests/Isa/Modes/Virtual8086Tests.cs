using Seamsim.Isa.State;

namespace Seamsim.Tests.Isa.Modes;

/// <summary>Virtual-8086 mode. SDM vol. 3A, chapter 21.</summary>
public sealed unsafe class Virtual8086Tests
{
    private const ulong Vme = 1, Pvi = 2, If = 0x200, Vif = 0x80000, Vip = 0x100000, Vm = 0x20000;

    [Test]
    public void Level_0_enters_by_iretd_with_nine_doublewords_and_an_interrupt_leaves_with_nine()
    {
        using ModeRig rig = new ModeRig().Load("CF").Load("8CD8 CC", 0x10000 + 0x120);
        uint[] frame = [0x120, 0x1000, 0x23202, 0xFFF0, 0x2000, 0x3000, 0x3100, 0x3200, 0x3300];
        for (int n = 0; n < frame.Length; n++)
            rig.Write32(ModeRig.Stack + ((uint)n * 4), frame[n]);
        rig.Run(1);
        Assert.That((rig.Core.Cpl, rig.Lp->Cs.Base, rig.Lp->Rip, rig.Lp->Ss.Base, rig.Lp->Gpr[4]), Is.EqualTo((3, 0x10000UL, 0x120UL, 0x20000UL, 0xFFF0UL)));
        Assert.That((rig.Lp->Es.Base, rig.Lp->Ds.Base, rig.Lp->Fs.Base, rig.Lp->Gs.Base), Is.EqualTo((0x30000UL, 0x31000UL, 0x32000UL, 0x33000UL)));
        rig.Run(2);
        Assert.That((rig.Vector, rig.Core.Cpl, rig.Esp, rig.Lp->Gpr[0]), Is.EqualTo((3, 0, ModeRig.Esp0 - 36, 0x3100UL)), "stopped in the handler, level 0");
        uint[] pushed = [.. Enumerable.Range(0, 9).Select(n => rig.Read(rig.Esp + ((uint)n * 4)))];
        frame[0] = 0x123;
        Assert.That(pushed, Is.EqualTo(frame));
        Assert.That((rig.Core.Rflags & Vm, rig.Lp->Ds.Selector, rig.Lp->Ds.AccessRights, rig.Lp->Gs.AccessRights), Is.EqualTo((0UL, (ushort)0, 0x10000u, 0x10000u)));
    }

    [Test]
    public void A_handler_above_level_0_is_refused()
    {
        using ModeRig rig = new ModeRig().Virtual8086(3).Load("CC");
        rig.SetIdt(3, ModeRig.Conforming, ModeRig.Handler(3), 0xEE);
        rig.Run();
        Assert.That((rig.Vector, rig.Read(rig.Esp)), Is.EqualTo((13, (uint)ModeRig.Conforming)));
    }

    // instruction | IOPL | CR4 | flags before | #GP(0) | flags afterwards. SDM vol. 3A, tables 21-2; vol. 2, CLI, STI, POPF.
    private static readonly (string Code, int Iopl, ulong Cr4, ulong Before, bool Faults, ulong After)[] Sensitive =
    [
        ("FA",        3, 0,   If,        false, 0),
        ("FA",        0, 0,   If,        true,  0),
        ("FA",        0, Vme, If | Vif,  false, If),
        ("FB",        3, 0,   0,         false, If),
        ("FB",        0, 0,   0,         true,  0),
        ("FB",        0, Vme, If,        false, If | Vif),
        ("FB",        0, Vme, Vip,       true,  0),
        ("9C",        3, 0,   If,        false, If),
        ("9C",        0, 0,   If,        true,  0),
        ("9C",        0, Vme, If | Vif,  false, If | Vif),
        ("669C",      0, Vme, If,        true,  0),
        ("68D702 9D", 3, 0,   0,         false, 0x2D7 & ~2UL),
        ("68D702 9D", 0, 0,   0,         true,  0),
        ("68D702 9D", 0, Vme, If,        false, If | Vif | 0xD5),
        ("68D702 9D", 0, Vme, Vip,       true,  0),
        ("68D701 9D", 0, Vme, 0,         true,  0),
        ("F4",        3, 0,   0,         true,  0),
        ("0F20C0",    3, 0,   0,         true,  0),
        ("0F01F0",    3, 0,   0,         true,  0),
        ("0F08",      3, 0,   0,         true,  0),
        ("CF",        0, 0,   0,         true,  0),
        ("66CF",      0, Vme, 0,         true,  0),
    ];

    [Test]
    public void Iopl_sensitive_instructions_fault_or_use_the_virtual_flag()
    {
        foreach ((string code, int iopl, ulong cr4, ulong before, bool faults, ulong after) in Sensitive)
        {
            using ModeRig rig = new ModeRig().Virtual8086(iopl, cr4).Load(code);
            rig.Core.Rflags |= before;
            rig.Core.ModeChanged();
            string row = $"{code} at IOPL {iopl}, CR4 {cr4:X}, flags {before:X}";
            rig.Run(code.StartsWith("68", StringComparison.Ordinal) ? 2 : 1);
            bool faulted = (rig.Core.Rflags & Vm) == 0;
            Assert.That(faulted, Is.EqualTo(faults), row);
            if (!faulted)
                Assert.That(rig.Core.Rflags & ~(Vm | 2 | 0x3000), Is.EqualTo(after), row);
            else if (rig.Run().Vector is var vector)
                Assert.That((vector, rig.Read(rig.Esp)), Is.EqualTo((13, 0u)), row);
        }
    }

    [Test]
    public void Pushf_below_iopl_3_shows_the_virtual_flag_and_iopl_3()
    {
        using ModeRig rig = new ModeRig().Virtual8086(0, Vme).Load("9C");
        rig.Core.Rflags |= Vif;
        rig.Run(1);
        Assert.That(rig.Read16(0x20000 + 0xFFE), Is.EqualTo(0x3202));
    }

    // CR4 | IOPL | redirection bit | where INT 40h goes: vector 13, vector 64 (level 0), or 0 for the 8086 program
    private static readonly (ulong Cr4, int Iopl, bool Bit, int Where)[] Interrupts =
    [
        (0,   3, false, 0x40), (0,   0, false, 13),
        (Vme, 3, true,  0x40), (Vme, 0, true,  13),
        (Vme, 3, false, 0),    (Vme, 0, false, 0),
    ];

    [Test]
    public void Int_n_goes_where_vme_iopl_and_the_redirection_bitmap_say()
    {
        foreach ((ulong cr4, int iopl, bool bit, int where) in Interrupts)
        {
            using ModeRig rig = new ModeRig().Virtual8086(iopl, cr4).Load("CD40");
            rig.Core.Rflags |= If | Vif;
            rig.Write16(ModeRig.Tss + 0x88 - 32 + 8, (ushort)(bit ? 1 : 0));
            rig.Write32(0x100, 0x1800_0123);
            rig.Run(1);
            string row = $"VME {cr4}, IOPL {iopl}, bit {bit}";
            if (where == 0)
            {
                Assert.That((rig.Lp->Cs.Selector, rig.Lp->Rip, rig.Core.Cpl), Is.EqualTo(((ushort)0x1800, 0x123UL, 3)), row);
                Assert.That((rig.Read16(0x20FFA), rig.Read16(0x20FFC), rig.Read16(0x20FFE)), Is.EqualTo(((ushort)2, (ushort)0x1000, (ushort)0x3202)), row);
                Assert.That(rig.Core.Rflags & (If | Vif), Is.EqualTo(iopl == 3 ? Vif : If), row);
                continue;
            }
            Assert.That(rig.Run().Vector, Is.EqualTo(where), row);
        }
    }

    // port | bitmap byte at the port | faults
    [TestCase(0x40, 0x00, false)]
    [TestCase(0x40, 0x01, true)]
    [TestCase(0x41, 0x01, false)]
    [TestCase(0x800, 0x00, true, Description = "beyond the limit of the TSS")]
    public void Ports_ask_the_permission_bitmap_whatever_iopl_says(int port, int bits, bool faults)
    {
        using ModeRig rig = new ModeRig().Virtual8086(3).Load("EC F4");
        rig.Lp->Tr.Limit = 0x88 + 0x20;
        rig.Write16(ModeRig.Tss + 0x88 + 8, (ushort)bits);
        rig.Lp->Gpr[2] = (ulong)port;
        rig.Run(1);
        Assert.That((rig.Core.Rflags & Vm) == 0, Is.EqualTo(faults));
    }

    [Test]
    public void Protected_mode_virtual_interrupts_give_cli_and_sti_the_virtual_flag()
    {
        using ModeRig rig = new ModeRig(3).Load("FB FA FB");
        rig.Lp->Cr4 = Pvi;
        rig.Core.ModeChanged();
        Assert.That(rig.Run(1).Core.Rflags & (If | Vif), Is.EqualTo(Vif));
        Assert.That(rig.Run(1).Core.Rflags & (If | Vif), Is.Zero);
        rig.Core.Rflags |= Vip;
        Assert.That(rig.Run().Vector, Is.EqualTo(13));
    }

    [Test]
    public void Segment_loads_are_as_in_real_mode_with_a_limit_of_64_kib()
    {
        using ModeRig rig = new ModeRig().Virtual8086(3).Load("B80030 8ED8 66B800000100 67668B00");
        rig.Run(3);
        Assert.That((rig.Lp->Ds.Base, rig.Lp->Ds.Limit), Is.EqualTo((0x30000UL, 0xFFFFU)));
        Assert.That((rig.Run().Vector, rig.Read(rig.Esp)), Is.EqualTo((13, 0u)), "offset beyond 64 KiB");
    }
}
