using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Modes;

/// <summary>32-bit and PAE paging, and what CR0, CR3 and CR4 make of them. SDM vol. 3A, 4.3, 4.4 and 2.5.</summary>
public sealed unsafe class PagingModeTests
{
    private const uint Directory = 0x80000, Table = 0x81000, Pdpt = 0x82000;
    private const ulong Pg = 0x80000000, Pse = 0x10, Pae = 0x20;

    private static ModeRig Paged(string code, ulong cr4, int cpl = 0)
    {
        ModeRig rig = new ModeRig(cpl).Load(code);
        for (uint page = 0; page < 1024; page++)
            rig.Write32(Table + (page * 4), (page << 12) | 7);
        rig.Write32(Directory, Table | 7);
        (rig.Lp->Cr3, rig.Lp->Cr4, rig.Lp->Cr0) = (Directory, cr4, 0x80010033);
        rig.Core.FlushTlb();
        return rig;
    }

    [Test]
    public void Two_levels_translate_and_set_accessed_and_dirty()
    {
        using ModeRig rig = Paged("A100004000 A304004000 F4", 0);
        rig.Write32(Directory + 4, (Table + 0x1000) | 7);
        rig.Write32(Table + 0x1000, ModeRig.Data | 7);
        rig.Write32(ModeRig.Data, 0x12345678);
        rig.Run(1);
        Assert.That((rig.Lp->Gpr[0], rig.Read(Directory + 4) & 0x60, rig.Read(Table + 0x1000) & 0x60), Is.EqualTo((0x12345678UL, 0x20u, 0x20u)));
        rig.Run(1);
        Assert.That((rig.Read(ModeRig.Data + 4), rig.Read(Directory + 4) & 0x60, rig.Read(Table + 0x1000) & 0x60), Is.EqualTo((0x12345678u, 0x20u, 0x60u)));
    }

    // directory entry for 4 MiB at 400000h | CR4 | error code of the page fault, −1: none, and the physical address
    private static readonly (uint Entry, ulong Cr4, int Error, ulong Physical)[] Large =
    [
        (0x00000087, Pse, -1, 0x0003_0000),
        (0x00000006, Pse, 0, 0),
        (0x00200087, Pse, 9, 0),         // bit 21 is reserved
        (0x00002087, Pse, -1, 0x1_0003_0000), // PSE-36: bit 13 is address bit 32
    ];

    [Test]
    public void A_4_mib_page_has_40_address_bits_and_a_reserved_one()
    {
        foreach ((uint entry, ulong cr4, int error, ulong physical) in Large)
        {
            using ModeRig rig = Paged("A100004300 F4", cr4);
            rig.Write32(Directory + 4, entry);
            rig.Write32(ModeRig.Data, 0x600D);
            rig.Run(2);
            Assert.That(rig.Lp->Cr2 == 0x430000 ? (int)rig.Read(rig.Esp) : -1, Is.EqualTo(error), $"{entry:X}");
            if (error < 0)
                Assert.That(rig.Lp->Gpr[0], Is.EqualTo(physical < 1UL << 32 ? 0x600DUL : rig.Lp->Gpr[0]), $"{entry:X}");
        }
    }

    [Test]
    public void Without_pse_the_size_bit_is_ignored()
    {
        using ModeRig rig = Paged("A100004000 F4", 0);
        rig.Write32(Directory + 4, Table | 0x87);
        rig.Write32(0, 0x77);
        rig.Run();
        Assert.That(rig.Lp->Gpr[0], Is.EqualTo(0x77));
    }

    private static ModeRig PaePaged(string code)
    {
        ModeRig rig = new ModeRig().Load(code);
        rig.Write(Pdpt, Directory | 1);
        rig.Write(Directory, 0x87);
        rig.Write(Directory + 8, 0x200087);
        (rig.Lp->Cr3, rig.Lp->Cr4) = (Pdpt, Pae);
        rig.Lp->Gpr[0] = 0x80000033;
        rig.Core.FlushTlb();
        return rig;
    }

    [Test]
    public void Pae_reads_its_pointers_when_paging_is_turned_on_and_keeps_them()
    {
        // mov cr0,eax ; mov ebx,[30000h] ; mov [pdpt],0 ; mov ecx,[30000h] ; mov eax,cr3 ; mov cr3,eax
        using ModeRig rig = PaePaged("0F22C0 8B1D00000300 C7050020080000000000 8B0D00000300 0F20D8 0F22D8 90");
        rig.Write32(ModeRig.Data, 0xFEED);
        rig.Run(6);
        Assert.That((rig.Lp->Gpr[3], rig.Lp->Gpr[1], rig.Lp->Cr3), Is.EqualTo((0xFEEDUL, 0xFEEDUL, (ulong)Pdpt)));
        Assert.That(rig.Core.Run(10, ulong.MaxValue), Is.EqualTo(Seamsim.Isa.RunEnd.Shutdown), "the pointers are gone now");
    }

    [TestCase(0x2UL, Description = "bit 1")]
    [TestCase(0x20UL, Description = "bit 5")]
    [TestCase(0x100UL, Description = "bit 8")]
    [TestCase(1UL << 63, Description = "bit 63")]
    [TestCase(1UL << 46, Description = "above MAXPHYADDR")]
    public void A_reserved_bit_in_a_present_pointer_is_a_general_protection_fault(ulong bit)
    {
        using ModeRig rig = PaePaged("0F22C0");
        rig.Write(Pdpt + 24, 0x1000 | bit | 1);
        rig.Run();
        Assert.That((rig.Vector, rig.Read(rig.Esp), rig.Lp->Cr0 & Pg), Is.EqualTo((13, 0u, 0UL)));
        using ModeRig absent = PaePaged("0F22C0 F4");
        absent.Write(Pdpt + 24, 0x1000 | bit);
        absent.Run();
        Assert.That((absent.Vector, absent.Lp->Cr0 & Pg), Is.EqualTo((-1, Pg)), "an absent pointer is not looked at");
    }

    // control-register rules: code in ring 0 | EAX | vector | what differs
    private static readonly ModeRow[] Rules =
    [
        new("PG without PE",             "B8 10000080 0F22C0", 13, 0),
        new("NW without CD",             "B8 33000020 0F22C0", 13, 0),
        new("CR4 reserved bit",          "B8 00000080 0F22E0", 13, 0),
        new("CR4.PCIDE outside IA-32e",  "B8 00000200 0F22E0", 13, 0),
        new("CR4.CET without WP",        "B8 00008000 0F22E0", 13, 0),
        new("CR1",                       "0F22C8", 6),
        new("CR5 at level 3: undefined", "0F22E8", 6, null, 3),
        new("CR0 at level 3",            "0F20C0", 13, 0, 3),
        new("LME, PG, no PAE",           "B8 33000080 0F22C0", 13, 0, 0, r => r.Lp->Efer = 0x100),
        new("LME, PG, 16-bit TSS",       "B8 33000080 0F22C0", 13, 0, 0, r => { r.Lp->Efer = 0x100; r.Lp->Cr4 = Pae; r.Lp->Tr.AccessRights = 0x83; }),
        new("LMSW does not clear PE",    "31C0 0F01F0 F4", -1),
        new("CLTS at level 3",           "0F06", 13, 0, 3),
        new("LLDT at level 3",           "0F00D0", 13, 0, 3),
        new("LLDT of no LDT",            "B8 08000000 0F00D0", 13, 8),
        new("LLDT not present",          $"B8 {ModeRig.Hex16(ModeRig.Free)}0000 0F00D0", 11, ModeRig.Free, 0, r => r.Descriptor(ModeRig.Free, 0, 0xFF, 0x02)),
        new("LLDT from the LDT",         "B8 0C000000 0F00D0", 13, 0x0C),
        new("LTR null",                  "31C0 0F00D8", 13, 0),
        new("LTR busy",                  "B8 28000000 0F00D8", 13, ModeRig.Current),
        new("LTR not present",           "B8 30000000 0F00D8", 11, ModeRig.Other, 0, r => r.Descriptor(ModeRig.Other, ModeRig.OtherTss, 0x67, 0x09)),
        new("SGDT under UMIP",           "0F010500000300", 13, 0, 3, r => r.Lp->Cr4 = 0x800),
        new("SIDT under UMIP",           "0F010D00000300", 13, 0, 3, r => r.Lp->Cr4 = 0x800),
        new("SLDT under UMIP",           "0F00C0", 13, 0, 3, r => r.Lp->Cr4 = 0x800),
        new("STR under UMIP",            "0F00C8", 13, 0, 3, r => r.Lp->Cr4 = 0x800),
        new("SMSW under UMIP",           "0F01E0", 13, 0, 3, r => r.Lp->Cr4 = 0x800),
        new("SMSW in level 3",           "0F01E0 CD40", 0x40, null, 3),
        new("UMIP does not touch level 0", "0F01E0 0F00C0 0F00C8 F4", -1, null, 0, r => r.Lp->Cr4 = 0x800),
    ];

    [Test]
    public void Control_registers_and_tables_have_their_rules()
    {
        foreach (ModeRow row in Rules)
            row.Check();
    }

    [Test]
    public void Ltr_marks_the_tss_busy_in_its_descriptor()
    {
        using ModeRig rig = new ModeRig().Load("B8 30000000 0F00D8 F4");
        rig.Run();
        Assert.That((rig.Lp->Tr.Selector, rig.AccessOf(ModeRig.Other), rig.Lp->Tr.AccessRights & 0xF), Is.EqualTo((ModeRig.Other, (byte)0x8B, 0xBu)));
    }

    [Test]
    public void The_way_to_64_bit_mode_and_back()
    {
        // mov cr0,eax (PG, LME) ; jmp 60h:4000h — 64-bit: mov rax,1122334455667788h ; ...
        using ModeRig rig = new ModeRig().Load("0F22C0 EA00400000A000").Load("48B88877665544332211 F4", 0x4000);
        rig.Descriptor(ModeRig.Gate, 0, 0xFFFFF, 0x9B, 10);
        rig.Write(0x83000, 0x82007);
        rig.Write(0x82000, 0x80007);
        rig.Write(0x80000, 0x87);
        (rig.Lp->Cr3, rig.Lp->Cr4, rig.Lp->Efer, rig.Lp->Gpr[0]) = (0x83000, Pae, 0x100, 0x80000033);
        rig.Run(1);
        Assert.That((rig.Lp->Efer, rig.Core.LongMode64), Is.EqualTo((0x500UL, false)), "compatibility mode first");
        rig.Run();
        Assert.That((rig.Core.LongMode64, rig.Lp->Gpr[0]), Is.EqualTo((true, 0x1122334455667788UL)));
    }

    [Test]
    public void Sysenter_and_sysexit_use_fixed_segments()
    {
        using ModeRig rig = new ModeRig(3).Load("0F34").Load("0F35", 0x4000);
        (rig.Lp->SysenterCs, rig.Lp->SysenterEsp, rig.Lp->SysenterEip) = (8, 0x24000, 0x4000);
        (rig.Lp->Gpr[1], rig.Lp->Gpr[2]) = (0x21000, 0x5000);
        rig.Core.Rflags = 0x202;
        rig.Run(1);
        Assert.That((rig.Core.Cpl, rig.Lp->Rip, rig.Esp, rig.Lp->Cs.Selector, rig.Lp->Ss.Selector, rig.Core.Rflags),
            Is.EqualTo((0, 0x4000UL, 0x24000u, (ushort)8, (ushort)16, 2UL)));
        rig.Run(1);
        Assert.That((rig.Core.Cpl, rig.Lp->Rip, rig.Esp, rig.Lp->Cs.Selector, rig.Lp->Ss.Selector),
            Is.EqualTo((3, 0x5000UL, 0x21000u, (ushort)0x1B, (ushort)0x23)));
    }

    [TestCase("0F34", 0UL, 3, Description = "SYSENTER with a null selector")]
    [TestCase("0F35", 0UL, 0, Description = "SYSEXIT with a null selector")]
    [TestCase("0F35", 8UL, 3, Description = "SYSEXIT in level 3")]
    public void Sysenter_and_sysexit_refuse(string code, ulong selector, int cpl)
    {
        using ModeRig rig = new ModeRig(cpl).Load(code);
        rig.Lp->SysenterCs = selector;
        Assert.That((rig.Run().Vector, rig.Read(rig.Esp)), Is.EqualTo((13, 0u)));
    }
}
