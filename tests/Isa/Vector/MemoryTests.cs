using Seamsim.Tests.Isa.Engine;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Vectors;

/// <summary>Alignment, page ends, masks and restart of vector memory operands.</summary>
public sealed unsafe class MemoryTests
{
    private const int Gp = 13, Pf = 14, Ss = 12, None = -1;
    private const ulong Page = 0x201000; // the page behind EngineRig.Data

    private static EngineRig Rig(Action<Iced.Intel.Assembler> code)
    {
        EngineRig rig = new();
        rig.Lp->Cr4 |= 0x40600;
        rig.Lp->Xcr0 = 0xE7;
        rig.Core.ModeChanged();
        rig.Lp->Gpr[6] = EngineRig.Data;
        for (int i = 0; i < 256; i++)
            rig.Lp->Zmm[i] = 0x0101_0101_0101_0101 * (ulong)i;
        for (ulong i = 0; i < 0x2000; i += 8)
            rig.Write(EngineRig.Data + i, 0xA000 + i);
        rig.Load(a =>
        {
            code(a);
            a.hlt();
        });
        return rig;
    }

    // what | code | vector
    private static IEnumerable<TestCaseData> Alignments()
    {
        yield return Row("MOVAPS aligned",              a => a.movaps(xmm1, __[rsi + 16]),       None);
        yield return Row("MOVAPS",                      a => a.movaps(xmm1, __[rsi + 8]),        Gp);
        yield return Row("MOVAPS store",                a => a.movaps(__[rsi + 1], xmm1),        Gp);
        yield return Row("MOVUPS",                      a => a.movups(xmm1, __[rsi + 1]),        None);
        yield return Row("MOVNTDQ",                     a => a.movntdq(__[rsi + 4], xmm1),       Gp);
        yield return Row("PADDD",                       a => a.paddd(xmm1, __[rsi + 4]),         Gp);
        yield return Row("PMOVZXBW reads 8 bytes",      a => a.pmovzxbw(xmm1, __[rsi + 3]),      None);
        yield return Row("PCMPISTRI",                   a => a.pcmpistri(xmm1, __[rsi + 3], 0),  None);
        yield return Row("LDDQU",                       a => a.lddqu(xmm1, __[rsi + 3]),         None);
        yield return Row("VPADDD",                      a => a.vpaddd(xmm1, xmm2, __[rsi + 4]),  None);
        yield return Row("VMOVAPS of 32 bytes",         a => a.vmovaps(ymm1, __[rsi + 16]),      Gp);
        yield return Row("VMOVDQA64 of 64 bytes",       a => a.vmovdqa64(zmm1, __[rsi + 32]),    Gp);
        yield return Row("VMOVNTDQA of 64 bytes",       a => a.vmovntdqa(zmm1, __[rsi + 32]),    Gp);
        yield return Row("MOVQ of MMX",                 a => a.movq(mm1, __[rsi + 3]),           None);
        yield return Row("PADDD of MMX",                a => a.paddd(mm1, __[rsi + 3]),          None);
    }

    private static TestCaseData Row(string name, Action<Iced.Intel.Assembler> code, int vector) =>
        new TestCaseData(code, vector).SetArgDisplayNames(name);

    [TestCaseSource(nameof(Alignments))]
    public void Operands_are_aligned_where_the_manual_says(Action<Iced.Intel.Assembler> code, int vector)
    {
        using EngineRig rig = Rig(code);
        rig.Run();
        Assert.That(rig.StoppedAtVector, Is.EqualTo(vector));
    }

    [Test]
    public void An_address_that_is_not_canonical_is_a_stack_fault_in_the_stack_segment()
    {
        using EngineRig rig = Rig(a => a.movaps(xmm1, __[rsp + 8]));
        rig.Lp->Gpr[4] = 0x8000_0000_0000;
        rig.Lp->Tr = rig.Lp->Tr with { AccessRights = 0x8B };
        rig.SetGate(Ss, EngineRig.Handler(Ss), 0xEE, ist: 1);
        rig.Run();
        Assert.That(rig.StoppedAtVector, Is.EqualTo(Ss));
    }

    [TestCase(8)]
    [TestCase(16)]
    [TestCase(32)]
    [TestCase(64)]
    public void Accesses_cross_pages(int bytes)
    {
        ulong at = Page - (ulong)(bytes / 2);
        using EngineRig rig = Rig(a =>
        {
            a.mov(rdi, at - 0x100);
            switch (bytes)
            {
                case 8: a.movq(xmm1, __[rdi + 0x100]); a.movq(__qword_ptr[rdi + 0x101], xmm1); break;
                case 16: a.movups(xmm1, __[rdi + 0x100]); a.movups(__[rdi + 0x101], xmm1); break;
                case 32: a.vmovups(ymm1, __[rdi + 0x100]); a.vmovups(__[rdi + 0x101], ymm1); break;
                default: a.vmovups(zmm1, __[rdi + 0x100]); a.vmovups(__[rdi + 0x101], zmm1); break;
            }
        });
        byte[] before = new byte[bytes], after = new byte[bytes];
        rig.Memory.Read(new Seamsim.Isa.Hpa(at), before, false);
        rig.Run();
        rig.Memory.Read(new Seamsim.Isa.Hpa(at + 1), after, false);
        Assert.That(rig.StoppedAtVector, Is.EqualTo(None));
        Assert.That(after, Is.EqualTo(before));
        Assert.That(new ReadOnlySpan<byte>(rig.Lp->Zmm + 8, bytes).ToArray(), Is.EqualTo(before));
    }

    [Test]
    public void A_store_that_faults_on_its_second_page_leaves_no_mark()
    {
        using EngineRig rig = Rig(a => a.vmovups(__[rsi + 0xFF0], ymm1));
        rig.ChangePte(Page, clear: 1);
        rig.Run();
        Assert.That((rig.StoppedAtVector, rig.Lp->Cr2), Is.EqualTo((Pf, Page)));
        Assert.That(rig.Read(EngineRig.Data + 0xFF0), Is.EqualTo(0xA000UL + 0xFF0));
    }

    [Test]
    public void Masked_elements_are_not_accessed()
    {
        // four elements are on the page that is there
        using EngineRig rig = Rig(a =>
        {
            a.vmovdqu32(zmm1.k1.z, __[rsi + 0xFF0]);
            a.vmovdqu32(__[rsi + 0xFF0].k1, zmm2);
            a.vpaddd(zmm3.k1, zmm4, __[rsi + 0xFF0]);
            a.vpaddd(zmm5.k2, zmm4, __dword_bcst[rdi]);
        });
        rig.ChangePte(Page, clear: 1);
        rig.Lp->Gpr[7] = Page;
        rig.Lp->K[1] = 0xD;
        rig.Run();
        Assert.That(rig.StoppedAtVector, Is.EqualTo(None));
        Assert.That((rig.Lp->Zmm[8], rig.Lp->Zmm[10]), Is.EqualTo((0xAFF0UL, 0UL)));
        Assert.That(rig.Read(EngineRig.Data + 0xFF0), Is.EqualTo(0x1010_1010UL));
        Assert.That(rig.Lp->Zmm[24], Is.EqualTo(0x1818_1818_3030_3030));
    }

    [Test]
    public void An_active_element_on_an_absent_page_faults_and_nothing_changes()
    {
        using EngineRig rig = Rig(a => a.vmovdqu32(__[rsi + 0xFF0].k1, zmm2));
        rig.ChangePte(Page, clear: 1);
        rig.Lp->K[1] = 0x1F;
        rig.Run();
        Assert.That((rig.StoppedAtVector, rig.Lp->Cr2), Is.EqualTo((Pf, Page)));
        Assert.That(rig.Read(EngineRig.Data + 0xFF0), Is.EqualTo(0xAFF0UL));
    }

    [Test]
    public void A_gather_that_faults_keeps_what_it_has_loaded()
    {
        using EngineRig rig = Rig(a => a.vpgatherdd(zmm1.k1, __[rsi + zmm2 * 1]));
        for (int i = 0; i < 16; i++)
            ((uint*)(rig.Lp->Zmm + 16))[i] = (uint)(i == 2 ? 0x1000 : 8 * i);
        rig.ChangePte(Page, clear: 1);
        rig.Lp->K[1] = 0xFFFF;
        rig.Run();
        Assert.That((rig.StoppedAtVector, rig.Lp->Cr2, rig.Lp->K[1]), Is.EqualTo((Pf, Page, 0xFFFCUL)));
        Assert.That(rig.Lp->Zmm[8], Is.EqualTo(0xA008_0000_A000));
    }

    [Test]
    public void A_vector_store_over_code_takes_effect_at_once()
    {
        // the store replaces the INC behind it by NOPs
        using EngineRig rig = Rig(a =>
        {
            a.movups(__[rdi], xmm1);
            for (int i = 0; i < 16; i++)
                a.nop();
            a.inc(eax);
        });
        rig.Lp->Gpr[7] = EngineRig.Code + 3 + 12;
        rig.Lp->Gpr[0] = 0;
        (rig.Lp->Zmm[2 * 4], rig.Lp->Zmm[(2 * 4) + 1]) = (0x9090_9090_9090_9090, 0xF490_9090_9090_9090);
        rig.Run();
        Assert.That((rig.StoppedAtVector, rig.Lp->Gpr[0]), Is.EqualTo((None, 0UL)));
    }
}
