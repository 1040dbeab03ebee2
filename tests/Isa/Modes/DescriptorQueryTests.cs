namespace Seamsim.Tests.Isa.Modes;

/// <summary>LAR, LSL, VERR, VERW, ARPL. SDM vol. 2; vol. 3A, 5.10.</summary>
public sealed unsafe class DescriptorQueryTests
{
    private const string Lar = "0F02C3", Lsl = "0F03C3", Verr = "0F00E3", Verw = "0F00EB", Arpl = "63D8";

    // instruction (eax ← ebx) | selector | CPL | ZF | EAX afterwards, when ZF is set
    private static readonly (string Code, int Selector, int Cpl, bool Zf, uint Eax)[] Rows =
    [
        (Lar,  ModeRig.Data0,              0, true,  0x00CF9300),
        (Lar,  ModeRig.Data0 | 3,          0, false, 0),
        (Lar,  ModeRig.Data0,              3, false, 0),
        (Lar,  ModeRig.Conforming | 3,     3, true,  0x00CF9E00),
        (Lar,  ModeRig.Gate,               0, true,  0x0001EC00),
        (Lar,  ModeRig.TaskGate,           3, true,  0x0000E500),
        (Lar,  ModeRig.Other,              0, true,  0x00008900),
        (Lar,  ModeRig.AbsentData,         0, true,  0x00CF7200),
        (Lar,  0,                          0, false, 0),
        (Lar,  3,                          0, false, 0),
        (Lar,  ModeRig.Beyond,             0, false, 0),
        ("66" + Lar, ModeRig.Data0,        0, true,  0xDEAD9300),
        (Lsl,  ModeRig.Data0,              0, true,  0xFFFFFFFF),
        (Lsl,  ModeRig.Small,              3, true,  0x000000FF),
        (Lsl,  ModeRig.Other,              0, true,  0x00000067),
        (Lsl,  ModeRig.Gate,               0, false, 0),
        (Lsl,  ModeRig.TaskGate,           0, false, 0),
        (Lsl,  ModeRig.LdtSelector,        0, true,  0x0000003F),
        (Lsl,  ModeRig.Code1,              3, false, 0),
        (Verr, ModeRig.ReadOnly,           3, true,  0xDEADBEEF),
        (Verr, ModeRig.ExecuteOnly,        3, false, 0),
        (Verr, ModeRig.Conforming | 3,     3, true,  0xDEADBEEF),
        (Verr, ModeRig.Other,              0, false, 0),
        (Verr, ModeRig.Data0,              3, false, 0),
        (Verw, ModeRig.ReadOnly,           3, false, 0),
        (Verw, ModeRig.Data3,              3, true,  0xDEADBEEF),
        (Verw, ModeRig.Code0,              0, false, 0),
        (Verw, ModeRig.Data0 | 3,          0, false, 0),
        (Arpl, 3,                          0, false, 0),
    ];

    [Test]
    public void A_query_answers_with_zf_and_never_faults()
    {
        foreach ((string code, int selector, int cpl, bool zf, uint eax) in Rows)
        {
            using ModeRig rig = new ModeRig(cpl).Load(code);
            (rig.Lp->Gpr[0], rig.Lp->Gpr[3]) = (0xDEADBEEF, (ulong)selector);
            rig.Core.Rflags = zf ? 2UL : 0x42;
            rig.Run(1);
            string row = $"{code} {selector:X} at level {cpl}";
            Assert.That((rig.Core.Rflags & 0x40) != 0, Is.EqualTo(zf), row);
            Assert.That(rig.Lp->Gpr[0], Is.EqualTo(zf ? eax : 0xDEADBEEF), row);
        }
    }

    [Test]
    public void Arpl_raises_the_rpl_of_the_destination_only()
    {
        using ModeRig rig = new ModeRig(3).Load(Arpl);
        (rig.Lp->Gpr[0], rig.Lp->Gpr[3]) = (0xAAAA0010, 2);
        rig.Run(1);
        Assert.That((rig.Lp->Gpr[0], rig.Core.Rflags & 0x40), Is.EqualTo((0xAAAA0012UL, 0x40UL)));
    }

    [Test]
    public void Outside_protected_mode_they_are_undefined()
    {
        foreach (string code in (string[])[Lar, Lsl, Verr, Verw, Arpl, "0F00C0", "0F00C8", "0F00D0", "0F00D8"])
        {
            using ModeRig real = new ModeRig().Real(0x1000).Load(code);
            real.Run(2);
            Assert.That(real.Lp->Cs.Selector == ModeRig.Handlers >> 4 && real.Lp->Rip == 6 * 16 + 1, code);
            using ModeRig virtual8086 = new ModeRig().Virtual8086(3).Load(code);
            Assert.That(virtual8086.Run().Vector, Is.EqualTo(6), code + " in virtual-8086 mode");
        }
    }

    [Test]
    public void A_page_fault_of_the_table_is_no_answer()
    {
        using ModeRig rig = new ModeRig().Load(Lar);
        rig.Lp->Gpr[3] = ModeRig.Data0;
        // 32-bit paging: one directory, 4-MiB pages; the GDT moves to a page that is absent
        rig.Write32(0x8000, 0x83);
        (rig.Lp->Cr3, rig.Lp->Cr4, rig.Lp->Cr0) = (0x8000, 0x10, 0x80000033);
        rig.Lp->GdtrBase = 0x400000;
        rig.Core.ModeChanged();
        rig.Core.Run(1, ulong.MaxValue);
        Assert.That(rig.Lp->Cr2, Is.EqualTo(0x400010));
    }
}
