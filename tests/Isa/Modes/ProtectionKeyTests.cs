using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Modes;

/// <summary>Protection keys. SDM vol. 3A, 4.6.2 and 4.7.</summary>
public sealed unsafe class ProtectionKeyTests
{
    private const ulong Page = 0x400000, Pke = 1 << 22, Pks = 1 << 24, Wp = 1 << 16;
    private const int Key = 5;

    // mov rax,[rbx] ; hlt — mov [rbx],rax ; hlt — jmp rbx
    private static readonly byte[][] Accesses = [[0x48, 0x8B, 0x03, 0xF4], [0x48, 0x89, 0x03, 0xF4], [0xFF, 0xE3]];

    [Test]
    public void Every_access_obeys_the_rights_of_its_key()
    {
        for (int bits = 0; bits < 1 << 8; bits++)
            for (int access = 0; access < 3; access++)
                Check(bits, access);
    }

    private static void Check(int bits, int access)
    {
        bool user = (bits & 1) != 0, userPage = (bits & 2) != 0, wp = (bits & 4) != 0, pke = (bits & 8) != 0;
        bool pks = (bits & 16) != 0, ad = (bits & 32) != 0, wd = (bits & 64) != 0, writable = (bits & 128) != 0;
        using EngineRig rig = new EngineRig(user).Load(Accesses[access]);
        rig.LoadAt(Page, 0xF4);
        rig.ChangePte(Page, 0x6, (userPage ? 4UL : 0) | (writable ? 2UL : 0) | ((ulong)Key << 59));
        uint rights = ((ad ? 1u : 0) | (wd ? 2u : 0)) << (Key * 2);
        rig.Lp->Pkru = userPage ? rights : 0xFFFFFFFC; // key 0 stays open for the program itself
        rig.Lp->Pkrs = userPage ? 0xFFFFFFFC : rights;
        rig.Lp->Cr0 = (rig.Lp->Cr0 & ~Wp) | (wp ? Wp : 0);
        rig.Lp->Cr4 |= (pke ? Pke : 0) | (pks ? Pks : 0);
        rig.Core.FlushTlb();
        rig.Lp->Gpr[3] = Page;
        rig.Run(10);

        bool checks = access != 2 && (userPage ? pke : pks);
        bool key = checks && (ad || (access == 1 && wd && (user || wp)));
        bool allowed = !(user && !userPage) && !(access == 1 && !writable && (user || wp)) && !key;
        string row = $"user={user} page={userPage} WP={wp} PKE={pke} PKS={pks} AD={ad} WD={wd} W={writable} access={access}";
        Assert.That(rig.StoppedAtVector == 14, Is.EqualTo(!allowed), row);
        if (allowed)
            return;
        ulong code = 1UL | (access == 1 ? 2UL : 0) | (user ? 4UL : 0) | (access == 2 ? 16UL : 0) | (key ? 32UL : 0);
        Assert.That(rig.Read(rig.Lp->Gpr[4]), Is.EqualTo(code), row);
    }

    [Test]
    public void Wrpkru_takes_effect_at_once()
    {
        // mov rax,[rbx] ; wrpkru (eax = rsi) ; mov rdi,[rbx]
        using EngineRig rig = new EngineRig().Load(0x48, 0x8B, 0x3B, 0x89, 0xF0, 0x0F, 0x01, 0xEF, 0x48, 0x8B, 0x3B);
        rig.ChangePte(Page, 0, (ulong)Key << 59);
        rig.Lp->Cr4 |= Pke;
        rig.Core.FlushTlb();
        (rig.Lp->Gpr[3], rig.Lp->Gpr[6], rig.Lp->Gpr[1], rig.Lp->Gpr[2]) = (Page, 1UL << (Key * 2), 0, 0);
        rig.Run();
        Assert.That((rig.StoppedAtVector, rig.Read(rig.Lp->Gpr[4]), rig.Read(rig.Lp->Gpr[4] + 8)), Is.EqualTo((14, 0x21UL, EngineRig.Code + 8)));
    }

    // RDPKRU and WRPKRU: CR4.PKE | ECX | EDX | vector for each
    [TestCase(false, 0u, 0u, 6, 6)]
    [TestCase(false, 1u, 1u, 6, 6)]
    [TestCase(true, 1u, 0u, 13, 13)]
    [TestCase(true, 0u, 1u, -1, 13)]
    [TestCase(true, 0u, 0u, -1, -1)]
    public void Rdpkru_and_wrpkru_have_their_faults(bool pke, uint ecx, uint edx, int read, int write)
    {
        foreach ((byte code, int vector) in ((byte, int)[])[(0xEE, read), (0xEF, write)])
        {
            using EngineRig rig = new EngineRig().Load(0x0F, 0x01, code, 0xF4);
            rig.Lp->Cr4 |= pke ? Pke : 0;
            rig.Core.ModeChanged();
            (rig.Lp->Gpr[0], rig.Lp->Gpr[1], rig.Lp->Gpr[2]) = (0xABCDEF00_12345678, 0x1_0000_0000UL | ecx, 0x1_0000_0000UL | edx);
            rig.Lp->Pkru = 0x50; // key 0 stays open
            rig.Run();
            Assert.That(rig.StoppedAtVector, Is.EqualTo(vector), $"{code:X}");
            if (vector < 0 && code == 0xEE)
                Assert.That((rig.Lp->Gpr[0], rig.Lp->Gpr[2]), Is.EqualTo((0x50UL, 0UL)));
            else if (vector < 0)
                Assert.That(rig.Lp->Pkru, Is.EqualTo(0x12345678));
        }
    }
}
