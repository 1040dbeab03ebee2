namespace Seamsim.Tests.Isa.Modes;

/// <summary>Limit and type checks of memory accesses. SDM vol. 3A, 5.3 and 5.5.</summary>
public sealed unsafe class SegmentLimitTests
{
    // mov ax,selector ; mov ds,ax ; then the access
    private static string With(int selector, string access) => $"66B8{ModeRig.Hex16(selector)} 8ED8 {access} F4";

    private static readonly ModeRow[] Rows =
    [
        new("last doubleword of the segment",       With(ModeRig.Small, "A1FC000000"),          -1),
        new("one byte beyond",                      With(ModeRig.Small, "A1FD000000"),          13, 0),
        new("wrap around 4 GiB",                    With(ModeRig.Small, "A1FEFFFFFF"),          13, 0),
        new("expand-down: at the limit",            With(ModeRig.Down, "A0FFFF0200"),           13, 0),
        new("expand-down: above the limit",         With(ModeRig.Down, "A000000300"),           -1),
        new("expand-down, 16 bits: above 64 KiB",   With(ModeRig.Down, "A000000100"),           13, 0, 0, r => r.Descriptor(ModeRig.Down, 0, 0xFFF, 0xF6)),
        new("expand-down, 16 bits: top",            With(ModeRig.Down, "A0FFFF0000"),           -1, null, 0, r => r.Descriptor(ModeRig.Down, 0, 0xFFF, 0xF6)),
        new("write to read-only data",              With(ModeRig.ReadOnly, "A300000300"),       13, 0),
        new("read of read-only data",               With(ModeRig.ReadOnly, "A100000300"),       -1),
        new("write to code",                        "2EC60500000300 00 F4",                     13, 0),
        new("read of code",                         "2EA000000300 F4",                          -1),
        new("read of execute-only code",            "2EA000000300 F4",                          13, 0, 0, r => r.Lp->Cs.AccessRights &= ~2u),
        new("null segment",                         With(0, "A100000300"),                      13, 0),
        new("string store to read-only ES",         $"66B8{ModeRig.Hex16(ModeRig.ReadOnly)} 8EC0 BF00000300 AA F4", 13, 0),
        new("string store to read-only ES, page in the TLB", $"C60500000300 00 66B8{ModeRig.Hex16(ModeRig.ReadOnly)} 8EC0 BF00000300 AA F4", 13, 0),
        new("stack access beyond the limit",        "BC02000000 50 F4",                         8, 0, 0, Narrow),
        new("SS override beyond the limit is #SS",  "36A100000300 F4",                          12, 0, 0, r => { r.Lp->Ss.Limit = 0x2FFFF; r.Core.ModeChanged(); }),
        new("EBP base means SS",                    "BD00000300 8B4500 F4",                     12, 0, 0, r => { r.Lp->Ss.Limit = 0x2FFFF; r.Core.ModeChanged(); }),
    ];

    // The stack cannot hold the frame of #SS either: a double fault through a task of its own.
    private static void Narrow(ModeRig rig)
    {
        rig.Lp->Ss.Limit = 0x3;
        rig.Lp->Ss.AccessRights |= 4; // expand-down: nothing below 4
        rig.SetIdt(8, ModeRig.Other, 0, 0x85);
        rig.Write32(ModeRig.OtherTss + 0x20, ModeRig.Handler(8));
        rig.Core.ModeChanged();
    }

    [Test]
    public void An_access_stays_within_its_segment_and_its_type()
    {
        foreach (ModeRow row in Rows)
            row.Check();
    }

    [Test]
    public void Sixteen_bit_addresses_wrap_and_a_word_at_the_top_faults()
    {
        using ModeRig rig = new ModeRig().Real(0x1000).Load("BBFFFF 8A4701 F4"); // mov al,[bx+1] is at 0
        rig.Lp->Ds = rig.Lp->Cs with { AccessRights = 0x93 };
        rig.Run();
        Assert.That(rig.Lp->Gpr[0] & 0xFF, Is.EqualTo(0xBB));
        using ModeRig word = new ModeRig().Real(0x1000).Load("BBFFFF 8B07 F4");
        word.Run(4);
        Assert.That((word.Lp->Cs.Selector, word.Lp->Rip), Is.EqualTo(((ushort)0x300, 13UL * 16 + 1)));
    }

    [Test]
    public void Fetch_ends_at_the_limit_of_the_code_segment()
    {
        // limit in the middle of MOV EAX, imm32 behind a NOP
        using ModeRig rig = new ModeRig().Load("90 B811223344 F4");
        rig.Lp->Cs.Limit = ModeRig.Code + 4;
        rig.Core.ModeChanged();
        rig.Run();
        Assert.That((rig.Vector, rig.Read(rig.Esp), rig.Read(rig.Esp + 4)), Is.EqualTo((13, 0u, ModeRig.Code + 1)));
        using ModeRig whole = new ModeRig().Load("90 B811223344 F4");
        whole.Lp->Cs.Limit = ModeRig.Code + 5;
        whole.Core.ModeChanged();
        whole.Run();
        Assert.That((whole.Vector, whole.Read(whole.Esp + 4)), Is.EqualTo((13, ModeRig.Code + 6)), "the HLT lies beyond");
    }

    [Test]
    public void A_branch_beyond_the_limit_faults_itself()
    {
        foreach (string code in (string[])["E97B000000", "0F857A000000", "E87B000000", "FFE0", "FFD0", "50C3", "74 02 F3 C3 EB 7C"])
        {
            using ModeRig rig = new ModeRig().Load(code);
            rig.Lp->Cs.Limit = ModeRig.Code + 0x40;
            rig.Lp->Gpr[0] = ModeRig.Code + 0x80;
            rig.Write32(ModeRig.Stack, ModeRig.Code + 0x80);
            rig.Core.ModeChanged();
            rig.Run();
            uint at = rig.Read(rig.Esp + 4);
            Assert.That((rig.Vector, at < ModeRig.Code + 0x40), Is.EqualTo((13, true)), code);
        }
    }

    [Test]
    public void More_than_15_bytes_are_a_general_protection_fault()
    {
        string prefixes = string.Concat(Enumerable.Repeat("66", 13));
        new ModeRow("15 bytes",           prefixes + "9040 F4",         -1).Check();
        new ModeRow("16 bytes",           prefixes + "0FAFC0 F4",       13, 0).Check();
        new ModeRow("15 invalid bytes",   prefixes + "F090 F4",         6).Check();
        new ModeRow("endless prefixes",   prefixes + prefixes,          13, 0).Check();
    }
}
