using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Paging;

/// <summary>The permission rules of SDM vol. 3A, 4.6, every combination of page and control bits.</summary>
public sealed unsafe class PermissionTests
{
    private const ulong Page = 0x400000;
    private const ulong Wp = 1 << 16, Smep = 1 << 20, Smap = 1 << 21, Nxe = 1 << 11, Ac = 1 << 18, NoExecute = 1UL << 63;

    // mov rax,[rbx] ; hlt — mov [rbx],rax ; hlt — jmp rbx
    private static readonly byte[][] Accesses = [[0x48, 0x8B, 0x03, 0xF4], [0x48, 0x89, 0x03, 0xF4], [0xFF, 0xE3]];

    [Test]
    public void Every_access_obeys_the_truth_table()
    {
        for (int bits = 0; bits < 1 << 9; bits++)
            for (int access = 0; access < 3; access++)
                Check(bits, access);
    }

    [Test]
    public void A_read_sets_accessed_and_a_write_dirty_and_a_fault_neither()
    {
        using EngineRig rig = new EngineRig().Load(Accesses[0]);
        rig.Lp->Gpr[3] = Page;
        rig.Run(1);
        Assert.That(rig.Read(EngineRig.PteOf(Page)) & 0x60, Is.EqualTo(0x20));
        rig.Load(Accesses[1]);
        rig.Lp->Rip = EngineRig.Code;
        rig.Run(1);
        Assert.That(rig.Read(EngineRig.PteOf(Page)) & 0x60, Is.EqualTo(0x60));
        rig.ChangePte(Page, 0x62); // read-only again
        rig.Core.FlushTlb();
        rig.Lp->Rip = EngineRig.Code;
        rig.Run(1);
        Assert.That(rig.Read(EngineRig.PteOf(Page)) & 0x60, Is.Zero);
    }

    [TestCase(1UL << 46, Description = "above MAXPHYADDR")]
    [TestCase(NoExecute, Description = "NX without EFER.NXE")]
    public void A_reserved_bit_is_reported_as_such(ulong bit)
    {
        using EngineRig rig = new EngineRig().Load(Accesses[0]);
        rig.Lp->Efer &= ~Nxe;
        rig.ChangePte(Page, 0, bit);
        rig.Core.ModeChanged();
        rig.Lp->Gpr[3] = Page;
        rig.Run(10);
        Assert.That((rig.StoppedAtVector, rig.Read(rig.Lp->Gpr[4])), Is.EqualTo((14, 9UL)));
    }

    [Test]
    public void Invlpg_is_needed_and_sufficient_to_see_a_new_mapping()
    {
        // mov rax,[rbx] ; mov [rcx],rdx (the PTE) ; mov rsi,[rbx] ; invlpg [rbx] ; mov rdi,[rbx] ; hlt
        using EngineRig rig = new EngineRig().Load(
            0x48, 0x8B, 0x03, 0x48, 0x89, 0x11, 0x48, 0x8B, 0x33, 0x0F, 0x01, 0x3B, 0x48, 0x8B, 0x3B, 0xF4);
        rig.Write(Page, 1);
        rig.Write(0x500000, 2);
        rig.Lp->Gpr[3] = Page;
        rig.Lp->Gpr[1] = EngineRig.PteOf(Page);
        rig.Lp->Gpr[2] = 0x500007;
        rig.Run();
        Assert.That((rig.Lp->Gpr[0], rig.Lp->Gpr[6], rig.Lp->Gpr[7]), Is.EqualTo((1UL, 1UL, 2UL)));
    }

    [Test]
    public void Five_levels_translate_bits_56_to_48()
    {
        const ulong pml5 = 0x9000, high = 0x00AB_0000_0000_0000;
        using EngineRig rig = new EngineRig().Load(Accesses[0]);
        rig.Write(pml5, EngineRig.Pml4 | 7);
        rig.Write(pml5 + (0xAB << 3), EngineRig.Pml4 | 7);
        rig.Write(Page, 0x1234);
        (rig.Lp->Cr3, rig.Lp->Cr4) = (pml5, rig.Lp->Cr4 | (1 << 12));
        rig.Core.FlushTlb();
        rig.Lp->Gpr[3] = high | Page;
        rig.Run(1);
        Assert.That(rig.Lp->Gpr[0], Is.EqualTo(0x1234));
    }

    private static void Check(int bits, int access)
    {
        bool present = (bits & 1) != 0, writable = (bits & 2) != 0, userPage = (bits & 4) != 0, noExecute = (bits & 8) != 0;
        bool user = (bits & 16) != 0, wp = (bits & 32) != 0, smep = (bits & 64) != 0, smap = (bits & 128) != 0;
        bool ac = (bits & 256) != 0;
        using EngineRig rig = new EngineRig(user).Load(Accesses[access]);
        rig.LoadAt(Page, 0xF4);
        rig.ChangePte(EngineRig.Code, user ? 0UL : 4UL); // SMEP must not stop the test program itself
        rig.ChangePte(Page, 0xFFF | NoExecute,
            (present ? 1UL : 0) | (writable ? 2UL : 0) | (userPage ? 4UL : 0) | (noExecute ? NoExecute : 0));
        foreach (ulong handler in (ulong[])[EngineRig.Handlers, EngineRig.Rsp0 - 0x1000, EngineRig.Stack - 0x1000])
            rig.ChangePte(handler, 4); // supervisor pages
        rig.Lp->Cr0 = (rig.Lp->Cr0 & ~Wp) | (wp ? Wp : 0);
        rig.Lp->Cr4 |= (smep ? Smep : 0) | (smap ? Smap : 0);
        rig.Core.Rflags = 2 | (ac ? Ac : 0);
        ForbidUserPagesToSystemStructures(rig);
        rig.Core.FlushTlb();
        rig.Lp->Gpr[3] = Page;
        rig.Run(10);

        bool allowed = present && (user
            ? userPage && (access != 1 || writable) && (access != 2 || !noExecute)
            : (access != 1 || writable || !wp) && (access != 2 || (!noExecute && !(smep && userPage)))
                && !(access != 2 && smap && userPage && !ac));
        string row = $"P={present} W={writable} U={userPage} NX={noExecute} user={user} WP={wp} SMEP={smep} SMAP={smap} " +
            $"AC={ac} access={access}";
        bool faulted = rig.StoppedAtVector == 14;
        Assert.That(faulted, Is.EqualTo(!allowed), row);
        if (!faulted)
            return;
        ulong code = (present ? 1UL : 0) | (access == 1 ? 2UL : 0) | (user ? 4UL : 0) | (access == 2 ? 16UL : 0);
        Assert.That(rig.Read(rig.Lp->Gpr[4]), Is.EqualTo(code), row);
        Assert.That(rig.Lp->Cr2, Is.EqualTo(Page), row);
    }

    private static void ForbidUserPagesToSystemStructures(EngineRig rig)
    {
        foreach (ulong page in (ulong[])[EngineRig.Gdt, EngineRig.Idt, EngineRig.Tss])
            rig.ChangePte(page, 4);
    }
}
