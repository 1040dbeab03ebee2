using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Models;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;

namespace Seamsim.Tests.Isa.Models;

public sealed unsafe class MsrTests
{
    private TestPlatform platform = null!;
    private Core core = null!;

    [SetUp]
    public void PowerOn()
    {
        platform = new TestPlatform(new CpuParameters { SeamrrBase = 0x2000_0000, SeamrrBytes = 32 << 20 });
        core = platform.Cores[0];
    }

    [TearDown]
    public void PowerOff() => platform.Dispose();

    // TDX module 1.5.01, TD VMCS control words: MSR, bits that must be allowed, bits that may be fixed to 1, variable bits.
    [TestCase(0x48Du, 0x29u, 0xFFFFFF16u, 0x80u)]
    [TestCase(0x48Eu, 0x91220088u, 0x04046173u, 0x20400C00u)]
    [TestCase(0x48Bu, 0x133CB3FAu, 0u, 0xCC000400u)]
    [TestCase(0x48Fu, 0x1F3C8204u, 0x00036DFBu, 0x40001000u)]
    [TestCase(0x490u, 0x003EC004u, 0xFF8011FBu, 0x00402200u)]
    public void The_TDX_module_finds_its_VMX_controls(uint msr, uint init, uint unknown, uint variable)
    {
        ulong value = Read(msr);
        uint fixed1 = (uint)value, allowed1 = (uint)(value >> 32);
        Assert.Multiple(() =>
        {
            Assert.That(fixed1 & ~(init | unknown), Is.Zero);
            Assert.That(init & ~allowed1, Is.Zero);
            Assert.That(variable & (fixed1 | ~allowed1), Is.Zero);
        });
    }

    // The other SYS.INIT and LP.INIT expectations: MSR, mask, value.
    [TestCase(0x10Au, 0x20FD6FUL, 0x20FD6BUL)]
    [TestCase(0xBDu, ulong.MaxValue, 1UL)]
    [TestCase(0xBCu, 1UL, 1UL)]
    [TestCase(0x345u, 1UL << 13, 1UL << 13)]
    [TestCase(0x1A0u, (1UL << 22) | (1UL << 18), 1UL << 18)]
    [TestCase(0x48Cu, 0x10106334041UL, 0x10106334041UL)]
    [TestCase(0x485u, 0x200000E0UL, 0x200000E0UL)]
    [TestCase(0x480u, (1UL << 54) | (1UL << 55), (1UL << 54) | (1UL << 55))]
    [TestCase(0x486u, ~(0x80000001UL | 0x21UL), 0UL)]
    [TestCase(0x487u, 0x21UL, 0x21UL)]
    [TestCase(0x488u, ~0x2040UL, 0UL)]
    [TestCase(0x489u, 0x2040UL, 0x2040UL)]
    [TestCase(0x492u, 0xA0UL, 0xA0UL)]
    [TestCase(0x982u, 3UL, 3UL)]
    [TestCase(0xFEu, (1UL << 11) | (1UL << 14), (1UL << 11) | (1UL << 14))]
    [TestCase(0x1F3u, 1UL << 10, 1UL << 10)]
    public void The_TDX_module_finds(uint msr, ulong mask, ulong value)
    {
        Assert.That(Read(msr) & mask, Is.EqualTo(value));
    }

    [Test]
    public void Key_partition_and_SEAM_range_follow_the_parameters()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Read(0x87), Is.EqualTo((32UL << 32) | 31));
            Assert.That((Read(0x982) >> 32) & 0xFF, Is.EqualTo(0x16), "6 KeyID bits, one of them for TDX");
            Assert.That(Read(0x1400), Is.EqualTo(0x2000_0008));
            Assert.That(Read(0x1401) & ~0xFFFUL, Is.EqualTo(0xF_FFFF_FE00_0000));
            Assert.That(Read(0x98), Is.EqualTo(Read(0x99)));
        });
    }

    [TestCase(true, 1UL << 7)]
    [TestCase(false, 0UL)]
    public void Five_level_EPT_is_a_parameter(bool five, ulong expected)
    {
        using TestPlatform other = new(new CpuParameters { FiveLevelEpt = five });
        other.Cores[0].TryRdmsr(0x48C, out ulong value);
        Assert.That(value & (1UL << 7), Is.EqualTo(expected));
    }

    [TestCase(0x12345u)]
    [TestCase(0xC0000105u)]
    public void An_unknown_MSR_is_a_fault(uint msr)
    {
        Assert.That(core.TryRdmsr(msr, out _), Is.False);
        Assert.That(core.TryWrmsr(msr, 0), Is.False);
    }

    // MSR, legal value, illegal value.
    [TestCase(0x277u, 0x0007040600070406UL, 0x0000000000000002UL)]
    [TestCase(0xC0000080u, 0x901UL, 0x1000UL)]
    [TestCase(0xC0000082u, 0xFF80_0000_0000_0000UL, 0x0100_0000_0000_0000UL)]
    [TestCase(0xC0000103u, 5UL, 0x1_0000_0000UL)]
    [TestCase(0xDA0u, 0x1800UL, 1UL)]
    [TestCase(0x48u, 0x14UL, 1UL << 40)]
    [TestCase(0x1D9u, 0x2000UL, 0x8UL)]
    [TestCase(0x2FFu, 0xC06UL, 0xC02UL)]
    [TestCase(0x122u, 2UL, 4UL)]
    public void A_legal_value_reads_back_and_an_illegal_one_leaves_it(uint msr, ulong legal, ulong illegal)
    {
        Assert.That(core.TryWrmsr(msr, legal), Is.True);
        Assert.That(core.TryWrmsr(msr, illegal), Is.False);
        Assert.That(Read(msr), Is.EqualTo(legal));
    }

    [TestCase(0x87u)]
    [TestCase(0x982u)]
    [TestCase(0x3Au)]
    [TestCase(0x480u)]
    [TestCase(0x1400u)]
    public void A_read_only_MSR_refuses_writes(uint msr) => Assert.That(core.TryWrmsr(msr, Read(msr)), Is.False);

    [Test]
    public void EFER_keeps_LMA_and_refuses_LME_while_paging_is_on()
    {
        core.Lp->Efer = 0x500;
        core.Lp->Cr0 |= 1UL << 31;
        Assert.That(core.TryWrmsr(0xC0000080, 0), Is.False);
        Assert.That(core.TryWrmsr(0xC0000080, 0x901), Is.True);
        Assert.That(Read(0xC0000080), Is.EqualTo(0xD01));
    }

    [Test]
    public void Writing_the_TSC_moves_TSC_ADJUST()
    {
        core.Lp->Cycles = 1000;
        Assert.That(core.TryWrmsr(0x10, 5000), Is.True);
        Assert.That((Read(0x10), Read(0x3B)), Is.EqualTo((5000UL, 4000UL)));
    }

    [Test]
    public void The_last_block_completes_a_write_back_and_a_block_too_many_is_a_fault()
    {
        platform.Memory.Write(new Hpa(0x1000), 1UL, false);
        ulong blocks = Read(0x99);
        for (ulong i = 0; i < blocks; i++)
            Assert.That(core.TryWrmsr(0x99, i), Is.True);
        Assert.That(core.TryWrmsr(0x99, blocks), Is.False);
        platform.Memory.FillPage(platform.Memory.Keys.WithKey(new Hpa(0x1000), new KeyId(40)), 0, true);
        Assert.That(platform.Memory.Ledger.Count, Is.Zero);
    }

    [Test]
    public void SEAMEXTEND_belongs_to_the_P_SEAMLDR()
    {
        Assert.That(core.TryWrmsr(0x1402, 0x1000), Is.False);
    }

    [Test]
    public void An_MSR_of_one_logical_processor_can_differ()
    {
        LpOverride bit = new(IsMsr: true, 0x10A, 0, 0, Mask: 1UL << 24, Value: 0);
        LpOverride adjust = new(IsMsr: true, 0x3B, 0, 0, ulong.MaxValue, Value: 7);
        using TestPlatform other = new(new CpuParameters(), model =>
        {
            model.Override(1, bit);
            model.Override(1, adjust);
        });
        other.Cores[0].TryRdmsr(0x10A, out ulong usual);
        other.Cores[1].TryRdmsr(0x10A, out ulong odd);
        other.Cores[1].TryRdmsr(0x3B, out ulong tsc);
        Assert.That((odd, tsc), Is.EqualTo((usual & ~(1UL << 24), 7UL)));
    }

    [Test]
    public void Random_numbers_repeat_with_the_seed_and_differ_between_processors()
    {
        using TestPlatform again = new(new CpuParameters());
        core.TryRdrand(out ulong a);
        again.Cores[0].TryRdrand(out ulong b);
        again.Cores[1].TryRdrand(out ulong c);
        Assert.That(a, Is.EqualTo(b).And.Not.EqualTo(c));
        core.Random.FailuresAhead = 1;
        Assert.That((core.TryRdseed(out _), core.TryRdseed(out _)), Is.EqualTo((false, true)));
    }

    [TestCase(0, 0, KeyCommand.SetKeyRandom, 8, PconfigResult.InvalidKeyId)]
    [TestCase(0, 64, KeyCommand.SetKeyRandom, 8, PconfigResult.InvalidKeyId)]
    [TestCase(0, 40, (KeyCommand)4, 8, PconfigResult.InvalidProgramCommand)]
    [TestCase(0, 40, KeyCommand.SetKeyRandom, 3, PconfigResult.InvalidEncryptionAlgorithm)]
    [TestCase(0, 40, KeyCommand.SetKeyRandom, 16, PconfigResult.InvalidEncryptionAlgorithm)]
    [TestCase(0, 40, KeyCommand.SetKeyRandom, 8, PconfigResult.Success)]
    [TestCase(0, 40, KeyCommand.ClearKey, 0, PconfigResult.Success)]
    public void PCONFIG_answers(int package, int key, KeyCommand command, int algorithm, PconfigResult expected)
    {
        PconfigResult result = platform.Uncore.KeyEngine.Program(
            package, new KeyId((ushort)key), command, (ushort)algorithm, 0);
        Assert.That(result, Is.EqualTo(expected));
    }

    [Test]
    public void A_busy_or_starved_key_engine_leaves_the_old_key()
    {
        KeyEngine engine = platform.Uncore.KeyEngine;
        Hpa line = platform.Memory.Keys.WithKey(new Hpa(0x1000), new KeyId(40));
        engine.Program(0, new KeyId(40), KeyCommand.SetKeyRandom, 8, 0);
        platform.Memory.Write(line, 0x55UL, true);
        (engine.BusyAhead, engine.EntropyFailuresAhead) = (1, 1);
        Assert.That(engine.Program(0, new KeyId(40), KeyCommand.SetKeyRandom, 8, 0), Is.EqualTo(PconfigResult.DeviceBusy));
        Assert.That(engine.Program(0, new KeyId(40), KeyCommand.SetKeyRandom, 8, 0), Is.EqualTo(PconfigResult.EntropyError));
        Assert.That(platform.Memory.Read<ulong>(line, true, out _), Is.EqualTo(0x55));
    }

    private ulong Read(uint msr)
    {
        Assert.That(core.TryRdmsr(msr, out ulong value), Is.True, $"MSR {msr:X}");
        return value;
    }
}
