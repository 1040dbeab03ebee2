using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Integer;

/// <summary>The state-saving instructions. SDM vol. 1, chapter 13; vol. 2.</summary>
public sealed unsafe class XsaveTests
{
    private const ulong Area = EngineRig.Data, Osfxsr = 1 << 9, Osxsave = 1 << 18;
    private const ulong AllUser = 0xE7; // x87, SSE, AVX, AVX-512

    private ModelRig model = null!;

    private EngineRig Rig => model.Rig;

    [SetUp]
    public void Begin()
    {
        model = new ModelRig();
        Rig.Lp->Cr4 |= Osfxsr | Osxsave;
        Rig.Lp->Xcr0 = AllUser | (1 << 9);
        Rig.Core.Extended.Initialise(ulong.MaxValue);
        Rig.Core.ModeChanged();
    }

    [TearDown]
    public void End() => model.Dispose();

    [Test]
    public void FXSAVE_writes_x87_MXCSR_and_sixteen_registers_and_nothing_behind_them()
    {
        Fill();
        FillArea(0xCC);
        Assert.That(Run(a => a.fxsave64(__[rdi])), Is.EqualTo(-1));
        Assert.That(Word(0), Is.EqualTo(0x037Au));
        Assert.That(Word(2), Is.EqualTo(0x3800u), "TOP = 7");
        Assert.That((byte)Word(4), Is.EqualTo(0x80));
        Assert.That(Rig.Read(Area + 8), Is.EqualTo(0x1111222233334444));
        Assert.That((uint)Rig.Read(Area + 24), Is.EqualTo(0x1FA0u));
        Assert.That((uint)(Rig.Read(Area + 24) >> 32), Is.EqualTo(0xFFFFu));
        Assert.That(Rig.Read(Area + 32), Is.EqualTo(0x7777777777777777), "ST(0) is R7");
        Assert.That(Rig.Read(Area + 160 + (15 * 16)), Is.EqualTo(0xF00));
        Assert.That(Rig.Read(Area + 416), Is.EqualTo(0xCCCCCCCCCCCCCCCC));
    }

    [Test]
    public void FXSAVE_with_32_bit_pointers_has_no_selectors_on_this_model()
    {
        Fill();
        (Rig.Lp->Fcs, Rig.Lp->Fds) = (0x33, 0x2B);
        Run(a => a.fxsave(__[rdi]));
        Assert.That(Rig.Read(Area + 8), Is.EqualTo(0x33334444));
        Assert.That(Rig.Read(Area + 16), Is.EqualTo(0x77778888));
    }

    [Test]
    public void FXRSTOR_takes_back_what_FXSAVE_wrote()
    {
        Fill();
        Run(a => a.fxsave64(__[rdi]));
        LogicalProcessor saved = *Rig.Lp;
        Rig.Core.Extended.Initialise(7);
        Run(a => a.fxrstor64(__[rdi]));
        Assert.That((Rig.Lp->Fcw, Rig.Lp->Fsw, Rig.Lp->Ftw, Rig.Lp->Fip, Rig.Lp->Mxcsr),
            Is.EqualTo((saved.Fcw, saved.Fsw, saved.Ftw, saved.Fip, saved.Mxcsr)));
        Assert.That(new ReadOnlySpan<ulong>(Rig.Lp->St, 16).SequenceEqual(new ReadOnlySpan<ulong>(saved.St, 16)));
        Assert.That(Rig.Lp->Zmm[15 * 8], Is.EqualTo(0xF00));
    }

    [Test]
    public void Without_OSFXSR_the_part_of_SSE_stays_out()
    {
        Fill();
        FillArea(0xCC);
        Rig.Lp->Cr4 &= ~Osfxsr;
        Run(a => a.fxsave64(__[rdi]));
        Assert.That(Rig.Read(Area + 24), Is.EqualTo(0xCCCCCCCCCCCCCCCC));
        Assert.That(Rig.Read(Area + 160), Is.EqualTo(0xCCCCCCCCCCCCCCCC));
    }

    // instruction | prepare | vector
    [TestCase("fxsave", "odd 8", 13)]
    [TestCase("fxsave", "ts", 7)]
    [TestCase("fxsave", "em", 7)]
    [TestCase("fxrstor", "ts", 7)]
    [TestCase("fxrstor", "mxcsr", 13)]
    [TestCase("xsave", "odd 16", 13)]
    [TestCase("xsave", "no osxsave", 6)]
    [TestCase("xsave", "ts", 7)]
    [TestCase("xsave", "no osxsave,ts", 6)]
    [TestCase("xsavec", "odd 32", 13)]
    [TestCase("xsavec", "no osxsave", 6)]
    [TestCase("xsaveopt", "ts", 7)]
    [TestCase("xsaves", "odd 32", 13)]
    [TestCase("xsaves", "user", 13)]
    [TestCase("xrstors", "user", 13)]
    [TestCase("xsaves", "not canonical", 13)]
    [TestCase("xrstor", "odd 16", 13)]
    [TestCase("xrstor", "mxcsr", 13)]
    [TestCase("xrstor", "bv 1<<18", 13)]            // not enabled
    [TestCase("xrstor", "byte 520", 13)]            // XCOMP_BV must be 0 in the standard format
    [TestCase("xrstor", "byte 535", 13)]
    [TestCase("xrstor", "byte 536", -1)]            // not looked at
    [TestCase("xrstor", "compact,bv 4", 13)]        // XSTATE_BV beyond XCOMP_BV
    [TestCase("xrstor", "compact,byte 528", 13)]
    [TestCase("xrstor", "compact,byte 575", 13)]
    [TestCase("xrstor", "compact,xcomp 1<<18", 13)]
    [TestCase("xrstor", "compact,xcomp 1<<11", 13)] // supervisor state
    [TestCase("xrstor", "compact", -1)]
    [TestCase("xrstors", "", 13)]                   // the standard format
    [TestCase("xrstors", "compact", -1)]
    [TestCase("xrstors", "compact,xss,xcomp 1<<11", -1)]
    [TestCase("xrstors", "compact,xcomp 1<<11", 13)]
    public void A_check_that_fails_raises_its_exception(string instruction, string conditions, int vector)
    {
        Rig.Write(Area + 24, 0x1F80);
        Rig.Write(Area + 512, 0);
        foreach (string condition in conditions.Split(',', StringSplitOptions.RemoveEmptyEntries))
            Prepare(condition);
        LogicalProcessor before = *Rig.Lp;
        int stopped = Run(a =>
        {
            AssemblerMemoryOperand area = __[rdi];
            switch (instruction)
            {
                case "fxsave": a.fxsave(area); break;
                case "fxrstor": a.fxrstor(area); break;
                case "xsave": a.xsave(area); break;
                case "xsavec": a.xsavec(area); break;
                case "xsaveopt": a.xsaveopt(area); break;
                case "xsaves": a.xsaves(area); break;
                case "xrstor": a.xrstor(area); break;
                default: a.xrstors(area); break;
            }
        });
        Assert.That(stopped, Is.EqualTo(vector));
        Assert.That(Rig.Lp->Mxcsr, Is.EqualTo(before.Mxcsr));
    }

    [Test]
    public void XSAVE_writes_all_it_is_asked_for_and_says_what_is_in_use()
    {
        FillArea(0xCC);
        Rig.Write(Area + 512, 0x204); // AVX-512 is not asked for, so AVX is replaced and PKRU stays
        Rig.Lp->Zmm[2] = 5;           // upper half of YMM0
        Run(a => a.xsave64(__[rdi]), rax: 7);
        Assert.That(Rig.Read(Area + 512), Is.EqualTo(0x204));
        Assert.That(Rig.Read(Area + 520), Is.EqualTo(0xCCCCCCCCCCCCCCCC), "XCOMP_BV is not written");
        Assert.That(Rig.Read(Area + 160), Is.Zero, "SSE is initial and written all the same");
        Assert.That(Rig.Read(Area + 576), Is.EqualTo(5));
        Assert.That(Rig.Read(Area + 0x440), Is.EqualTo(0xCCCCCCCCCCCCCCCC));
    }

    [Test]
    public void XSAVEOPT_leaves_initial_components_out_and_writes_MXCSR()
    {
        FillArea(0xCC);
        Rig.Lp->Zmm[2] = 5;
        Run(a => a.xsaveopt64(__[rdi]), rax: 7);
        Assert.That(Rig.Read(Area + 160), Is.EqualTo(0xCCCCCCCCCCCCCCCC));
        Assert.That((uint)Rig.Read(Area + 24), Is.EqualTo(0x1F80u));
        Assert.That(Rig.Read(Area + 512) & 7, Is.EqualTo(4));
        Assert.That(Rig.Read(Area + 576), Is.EqualTo(5));
    }

    [Test]
    public void XSAVEC_packs_the_components_and_marks_a_changed_MXCSR_as_SSE()
    {
        FillArea(0xCC);
        Rig.Lp->Mxcsr = 0x1FA0;
        Rig.Lp->K[1] = 9;
        Rig.Lp->Pkru = 0x55555554;
        Run(a => a.xsavec64(__[rdi]), rax: 0x222);
        Assert.That(Rig.Read(Area + 512), Is.EqualTo(0x222));
        Assert.That(Rig.Read(Area + 520), Is.EqualTo(0x222 | (1UL << 63)));
        Assert.That((uint)Rig.Read(Area + 24), Is.EqualTo(0x1FA0u));
        Assert.That(Rig.Read(Area + 576 + 8), Is.EqualTo(9), "opmask directly behind the header");
        Assert.That((uint)Rig.Read(Area + 576 + 64), Is.EqualTo(0x55555554u));
        Assert.That(Rig.Read(Area + 0), Is.EqualTo(0xCCCCCCCCCCCCCCCC), "x87 was not asked for");
    }

    [Test]
    public void XRSTOR_loads_initialises_and_leaves_alone()
    {
        Fill();
        Rig.Lp->Zmm[2] = 5;
        Run(a => a.xsave64(__[rdi]), rax: 6);
        Rig.Lp->Zmm[2] = 6;
        Rig.Lp->K[1] = 9;
        Rig.Write(Area + 512, 2); // AVX not in the area: it becomes initial
        Rig.Lp->Mxcsr = 0x1F80;
        Rig.Lp->Zmm[0] = 77;
        Run(a => a.xrstor64(__[rdi]), rax: 6);
        Assert.That((Rig.Lp->Zmm[0], Rig.Lp->Zmm[2], Rig.Lp->K[1], Rig.Lp->Mxcsr), Is.EqualTo((0UL, 0UL, 9UL, 0x1FA0u)));
        Assert.That(Rig.Lp->Zmm[15 * 8], Is.EqualTo(0xF00));
    }

    [Test]
    public void The_compacted_form_of_XRSTOR_initialises_MXCSR_with_SSE()
    {
        Rig.Write(Area + 24, 0x1FA0);
        Rig.Write(Area + 512, 0);
        Rig.Write(Area + 520, 6 | (1UL << 63));
        Rig.Lp->Mxcsr = 0x9FA0;
        Run(a => a.xrstor64(__[rdi]), rax: 6);
        Assert.That(Rig.Lp->Mxcsr, Is.EqualTo(0x1F80u));
    }

    [Test]
    public void Supervisor_state_goes_through_XSAVES_and_its_MSRs()
    {
        Rig.Lp->Xss = 1 << 14 | 1 << 10;
        Assert.That(Rig.Core.TryWrmsr(0x986, 0x123456), "IA32_UINTR_HANDLER");
        Assert.That(Rig.Core.TryWrmsr(0x988, 0xEC_00000007), "IA32_UINTR_MISC");
        Assert.That(Rig.Core.TryWrmsr(0xD93, 0x80000005), "IA32_PASID");
        Run(a => a.xsaves64(__[rdi]), rax: 1 << 14 | 1 << 10);
        Assert.That(Rig.Read(Area + 512), Is.EqualTo(1UL << 14 | 1UL << 10));
        Assert.That(Rig.Read(Area + 576), Is.EqualTo(0x80000005));
        Assert.That(Rig.Read(Area + 576 + 8), Is.EqualTo(0x123456));
        Rig.Write(Area + 512, 1UL << 10);
        Run(a => a.xrstors64(__[rdi]), rax: 1 << 14 | 1 << 10);
        Assert.That(Rig.Core.TryRdmsr(0x986, out ulong handler) ? handler : 1, Is.Zero);
        Assert.That(Rig.Core.TryRdmsr(0xD93, out ulong pasid) ? pasid : 1, Is.EqualTo(0x80000005));
        Assert.That(Rig.Core.WrittenMsrs[0xD93], Is.EqualTo(0x80000005));
    }

    [Test]
    public void Outside_64_bit_mode_there_are_eight_registers()
    {
        Fill();
        FillArea(0xCC);
        Rig.Lp->Cs.AccessRights = (Rig.Lp->Cs.AccessRights & ~(1u << 13)) | (1u << 14);
        Rig.Core.ModeChanged();
        Rig.Load(0x0F, 0xAE, 0x07, 0xF4); // fxsave [edi]
        Rig.Lp->Gpr[7] = Area;
        Rig.Lp->Rip = EngineRig.Code;
        Rig.Run(1);
        Assert.That(Rig.Read(Area + 160 + (7 * 16)), Is.EqualTo(0x700));
        Assert.That(Rig.Read(Area + 160 + (8 * 16)), Is.EqualTo(0xCCCCCCCCCCCCCCCC));
    }

    [Test]
    public void XGETBV_1_shows_what_is_enabled_and_in_use()
    {
        Rig.Lp->K[3] = 1;
        Run(a =>
        {
            a.mov(ecx, 1);
            a.xgetbv();
        });
        Assert.That((Rig.Lp->Gpr[0], Rig.Lp->Gpr[2]), Is.EqualTo((0x20UL, 0UL)));
    }

    [Test]
    public void A_component_that_XFD_disables_counts_as_initial()
    {
        Rig.Lp->Xcr0 |= 3 << 17;
        Rig.Core.Extended.Write(18, new byte[8192].Select((_, i) => (byte)i).ToArray());
        Assert.That(Rig.Core.TryWrmsr(0x1C4, 1 << 18));
        Run(a => a.xsave64(__[rdi]), rax: 1 << 18);
        Assert.That(Rig.Read(Area + 512) & (1 << 18), Is.Zero);
    }

    private void Prepare(string condition)
    {
        string[] words = condition.Split(' ');
        switch (words[0])
        {
            case "odd": offset = ulong.Parse(words[1], null); break;
            case "ts": Rig.Lp->Cr0 |= 8; break;
            case "em": Rig.Lp->Cr0 |= 4; break;
            case "no": Rig.Lp->Cr4 &= ~Osxsave; break;
            case "mxcsr": Rig.Write(Area + 24, 0x10000); break;
            case "bv": Rig.Write(Area + 512, Bits(words[1])); break;
            case "byte": Rig.LoadAt(Area + ulong.Parse(words[1], null), 1); break;
            case "compact": Rig.Write(Area + 520, 3 | (1UL << 63)); break;
            case "xcomp": Rig.Write(Area + 520, Rig.Read(Area + 520) | Bits(words[1])); break;
            case "xss": Rig.Lp->Xss = 1 << 11; break;
            case "not": offset = 1UL << 62; break;
            default:
                Rig.Lp->Cs.AccessRights |= 3u << 5;
                Rig.Lp->Ss.AccessRights |= 3u << 5;
                break;
        }
        Rig.Core.ModeChanged();
    }

    private ulong offset;

    private static ulong Bits(string text) =>
        text.StartsWith("1<<", StringComparison.Ordinal) ? 1UL << int.Parse(text[3..], null) : ulong.Parse(text, null);

    private int Run(Action<Assembler> write, ulong rax = ulong.MaxValue)
    {
        Rig.Load(a =>
        {
            write(a);
            a.hlt();
        });
        (Rig.Lp->Gpr[0], Rig.Lp->Gpr[2], Rig.Lp->Gpr[7]) = (rax, 0, Area + offset);
        offset = 0;
        (Rig.Lp->Rip, Rig.Lp->Activity) = (EngineRig.Code, ActivityState.Active);
        Rig.Run();
        return Rig.StoppedAtVector;
    }

    private void Fill()
    {
        (Rig.Lp->Fcw, Rig.Lp->Fsw, Rig.Lp->Ftw) = (0x37A, 0x3800, 0x80);
        (Rig.Lp->Fip, Rig.Lp->Fdp, Rig.Lp->Mxcsr) = (0x1111222233334444, 0x5555666677778888, 0x1FA0);
        for (int i = 0; i < 8; i++)
            Rig.Lp->St[2 * i] = (ulong)i * 0x1111111111111111;
        for (int i = 0; i < 16; i++)
            Rig.Lp->Zmm[8 * i] = (ulong)i << 8;
    }

    private void FillArea(byte value)
    {
        byte[] bytes = new byte[0x2B00];
        Array.Fill(bytes, value);
        Rig.LoadAt(Area, bytes);
    }

    private ushort Word(ulong at) => (ushort)Rig.Read(Area + at);
}
