using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Vectors;

/// <summary>SDM vol. 2A, 2.4 to 2.8 and vol. 3A, 2.5: which control bits make which instructions #UD or #NM.</summary>
public sealed unsafe class AvailabilityTests
{
    private const ulong Em = 4, Ts = 8, Osfxsr = 0x200, Osxsave = 0x40000, All = Osfxsr | Osxsave;
    private const int None = -1, Ud = 6, Nm = 7;

    private static readonly byte[] Paddb = [0x66, 0x0F, 0xFC, 0xC1], PaddbMmx = [0x0F, 0xFC, 0xC1], Movups = [0x0F, 0x10, 0xC1],
        Vpaddb = [0xC5, 0xF9, 0xFC, 0xC1], Vpaddd512 = [0x62, 0xF1, 0x7D, 0x48, 0xFE, 0xC1], Kmovw = [0xC5, 0xF8, 0x90, 0xC1],
        Andn = [0xC4, 0xE2, 0x78, 0xF2, 0xC1], Emms = [0x0F, 0x77], Stmxcsr = [0x0F, 0xAE, 0x1E], Movnti = [0x0F, 0xC3, 0x0E],
        Crc32 = [0xF2, 0x0F, 0x38, 0xF1, 0xC1], Sfence = [0x0F, 0xAE, 0xF8], Vzeroupper = [0xC5, 0xF8, 0x77],
        Fabs = [0xD9, 0xE1], Ldmxcsr = [0x0F, 0xAE, 0x16];

    // name | code | CR0 bits | CR4 bits | XCR0 | vector. "beats" rows pin which exception comes first.
    private static IEnumerable<TestCaseData> Rows()
    {
        yield return Row("SSE enabled",               Paddb,      0,       Osfxsr, 3,    None);
        yield return Row("SSE without OSFXSR",        Paddb,      0,       0,      3,    Ud);
        yield return Row("SSE under EM",              Paddb,      Em,      Osfxsr, 3,    Ud);
        yield return Row("SSE under TS",              Movups,     Ts,      Osfxsr, 3,    Nm);
        yield return Row("EM beats TS for SSE",       Movups,     Em | Ts, Osfxsr, 3,    Ud);
        yield return Row("LDMXCSR without OSFXSR",    Ldmxcsr,    0,       0,      3,    Ud);
        yield return Row("STMXCSR under TS",          Stmxcsr,    Ts,      Osfxsr, 3,    Nm);
        yield return Row("MMX needs no OSFXSR",       PaddbMmx,   0,       0,      3,    None);
        yield return Row("MMX under EM",              PaddbMmx,   Em,      0,      3,    Ud);
        yield return Row("MMX under TS",              PaddbMmx,   Ts,      0,      3,    Nm);
        yield return Row("EMMS under EM",             Emms,       Em,      0,      3,    Ud);
        yield return Row("EMMS under TS",             Emms,       Ts,      0,      3,    Nm);
        yield return Row("x87 under EM",              Fabs,       Em,      0,      3,    Nm);
        yield return Row("x87 under TS",              Fabs,       Ts,      0,      3,    Nm);
        yield return Row("MOVNTI is a general one",   Movnti,     Em | Ts, 0,      1,    None);
        yield return Row("CRC32 is a general one",    Crc32,      Em | Ts, 0,      1,    None);
        yield return Row("SFENCE is a general one",   Sfence,     Em | Ts, 0,      1,    None);
        yield return Row("AVX enabled",               Vpaddb,     0,       All,    7,    None);
        yield return Row("AVX ignores EM",            Vpaddb,     Em,      All,    7,    None);
        yield return Row("AVX needs no OSFXSR",       Vpaddb,     0,       Osxsave, 7,   None);
        yield return Row("AVX without OSXSAVE",       Vpaddb,     0,       Osfxsr, 7,    Ud);
        yield return Row("AVX without XCR0.AVX",      Vpaddb,     0,       All,    3,    Ud);
        yield return Row("AVX under TS",              Vpaddb,     Ts,      All,    7,    Nm);
        yield return Row("no AVX beats TS",           Vpaddb,     Ts,      All,    3,    Ud);
        yield return Row("VZEROUPPER without AVX",    Vzeroupper, 0,       All,    3,    Ud);
        yield return Row("VEX of general registers",  Andn,       Em | Ts, 0,      1,    None);
        yield return Row("AVX-512 enabled",           Vpaddd512,  0,       All,    0xE7, None);
        yield return Row("AVX-512 with half its state", Vpaddd512, 0,      All,    0x67, Ud);
        yield return Row("AVX-512 with AVX only",     Vpaddd512,  0,       All,    7,    Ud);
        yield return Row("AVX-512 under TS",          Vpaddd512,  Ts,      All,    0xE7, Nm);
        yield return Row("opmasks are AVX-512 state", Kmovw,      0,       All,    7,    Ud);
        yield return Row("opmasks enabled",           Kmovw,      0,       All,    0xE7, None);
    }

    private static TestCaseData Row(string name, byte[] code, ulong cr0, ulong cr4, ulong xcr0, int vector) =>
        new TestCaseData(code, cr0, cr4, xcr0, vector).SetArgDisplayNames(name);

    [TestCaseSource(nameof(Rows))]
    public void Control_bits_decide(byte[] code, ulong cr0, ulong cr4, ulong xcr0, int vector)
    {
        using EngineRig rig = new();
        rig.Lp->Gpr[6] = EngineRig.Data;
        rig.Lp->Cr0 |= cr0;
        rig.Lp->Cr4 |= cr4;
        rig.Lp->Xcr0 = xcr0;
        rig.Core.ModeChanged();
        rig.Load([.. code, 0xF4]);
        rig.Run();
        Assert.That(rig.StoppedAtVector, Is.EqualTo(vector));
    }

    [Test]
    public void Code_that_has_run_is_bound_again_when_its_state_becomes_available()
    {
        using EngineRig rig = new();
        rig.Lp->Cr4 |= Osfxsr;
        rig.Lp->Cr0 |= Ts;
        rig.Core.ModeChanged();
        // the handler of #NM: clts, iretq
        rig.LoadAt(EngineRig.Handler(Nm), 0x0F, 0x06, 0x48, 0xCF);
        // paddb, then mov rax, cr0; or al, 8; mov cr0, rax; loop to the start while rcx lasts; hlt
        rig.Load([.. Paddb, 0x0F, 0x20, 0xC0, 0x0C, 0x08, 0x0F, 0x22, 0xC0, 0xE2, 0xF2, 0xF4]);
        rig.Lp->Gpr[1] = 3;
        rig.Lp->Zmm[8] = 1;
        rig.Run();
        Assert.That((rig.StoppedAtVector, rig.Lp->Zmm[0]), Is.EqualTo((None, 3UL)));
    }

    [Test]
    public void There_is_no_vex_prefix_in_real_mode()
    {
        using EngineRig rig = new();
        rig.Lp->Cr0 = 0x30;
        rig.Lp->Efer = 0;
        rig.Lp->Cr4 = All;
        rig.Lp->Xcr0 = 7;
        rig.Lp->Cs = new() { Base = 0x8000, Limit = 0xFFFF, AccessRights = 0x9B, Selector = 0x800 };
        rig.Lp->Ss = rig.Lp->Ds = rig.Lp->Es = new() { Limit = 0xFFFF, AccessRights = 0x93 };
        (rig.Lp->IdtrBase, rig.Lp->IdtrLimit) = (0, 0x3FF);
        rig.Write(Ud * 4, 0x0900_0000); // the handler of #UD at 0900:0000
        rig.LoadAt(0x9000, 0xF4);
        rig.LoadAt(0x8000, Vpaddb);
        rig.Lp->Rip = 0;
        rig.Core.ModeChanged();
        rig.Run(4);
        Assert.That(rig.Lp->Cs.Selector, Is.EqualTo(0x900));
    }
}
