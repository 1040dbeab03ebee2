using Seamsim.Isa.Models;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;

namespace Seamsim.Tests.Isa.Models;

public sealed class CpuidTests
{
    private static readonly CpuParameters TwoPackages = new() { Packages = 2, LpsPerPackage = 4, ThreadsPerCore = 2 };
    private static readonly CpuModel Model = CpuModel.Load("sapphire-rapids", TwoPackages);

    // TDX module 1.5.01, CPUID table: leaf, subleaf, register, verify mask, verify value. Leaves above the highest one
    // count as zero.
    [TestCase(0x1u, 0u, 1, 0xff00u, 0x800u)]
    [TestCase(0x1u, 0u, 2, 0x47faa217u, 0x47faa217u)]
    [TestCase(0x1u, 0u, 3, 0x1fa9fbffu, 0x1fa9fbffu)]
    [TestCase(0x4u, 0x0u, 1, 0xfffu, 0x3fu)]
    [TestCase(0x4u, 0x1u, 1, 0xfffu, 0x3fu)]
    [TestCase(0x4u, 0x2u, 1, 0xfffu, 0x3fu)]
    [TestCase(0x4u, 0x3u, 0, 0xe0u, 0x60u)]
    [TestCase(0x4u, 0x3u, 1, 0xfffu, 0x3fu)]
    [TestCase(0x4u, 0x3u, 3, 0x1u, 0x0u)]
    [TestCase(0x7u, 0x0u, 0, 0xffffffffu, 0x2u)]
    [TestCase(0x7u, 0x0u, 1, 0x219424c3u, 0x219424c3u)]
    [TestCase(0x7u, 0x0u, 2, 0x99000000u, 0x99000000u)]
    [TestCase(0x7u, 0x0u, 3, 0xfc082600u, 0xfc080400u)]
    [TestCase(0xau, 0u, 0, 0xff00u, 0x800u)]
    [TestCase(0xau, 0u, 2, 0xffffff80u, 0x0u)]
    [TestCase(0xau, 0u, 3, 0x8000u, 0x8000u)]
    [TestCase(0x80000008u, 0u, 0, 0xffu, 0x34u)]
    [TestCase(0x80000008u, 0u, 1, 0x200u, 0x200u)]
    [TestCase(0x0u, 0u, 1, 0xffffffffu, 0x756e6547u)]
    [TestCase(0x0u, 0u, 2, 0xffffffffu, 0x6c65746eu)]
    [TestCase(0x0u, 0u, 3, 0xffffffffu, 0x49656e69u)]
    [TestCase(0x4u, 0x4u, 0, 0x1fu, 0x0u)]
    [TestCase(0x6u, 0u, 0, 0x800000u, 0x0u)]
    [TestCase(0x7u, 0x2u, 3, 0x17u, 0x17u)]
    [TestCase(0xdu, 0x0u, 0, 0x3u, 0x3u)]
    [TestCase(0xdu, 0x1u, 0, 0xfu, 0xfu)]
    [TestCase(0xdu, 0x1u, 2, 0x1800u, 0x1800u)]
    [TestCase(0x14u, 0x0u, 0, 0xffffffffu, 0x1u)]
    [TestCase(0x1fu, 0x5u, 2, 0xff00u, 0x0u)]
    [TestCase(0x80000001u, 0u, 2, 0x121u, 0x121u)]
    [TestCase(0x80000001u, 0u, 3, 0x2c100800u, 0x2c100800u)]
    [TestCase(0x80000006u, 0u, 2, 0xffu, 0x40u)]
    [TestCase(0x80000007u, 0u, 3, 0x100u, 0x100u)]
    [TestCase(0x23u, 0x1u, 0, 0xffffff00u, 0x0u)]
    [TestCase(0x23u, 0x1u, 1, 0xfffffff0u, 0x0u)]
    public void The_TDX_module_accepts(uint leaf, uint subleaf, int register, uint mask, uint value)
    {
        bool exists = leaf <= (leaf < 0x80000000 ? Model.MaxBasicLeaf : Model.MaxExtendedLeaf);
        uint actual = exists ? Register(Ask(0, leaf, subleaf), register) : 0;
        Assert.That(actual & mask, Is.EqualTo(value));
    }

    [Test]
    public void Every_supported_XSAVE_component_has_a_size_and_the_sizes_add_up()
    {
        CpuidResult user = Ask(0, 0xD, 0), system = Ask(0, 0xD, 1);
        Assert.Multiple(() =>
        {
            Assert.That(user.Eax & system.Ecx, Is.Zero, "a component is user or supervisor");
            for (uint i = 2; i < 63; i++)
                if (((user.Eax | system.Ecx) >> (int)i & 1) != 0 && i < 32)
                    Assert.That(Ask(0, 0xD, i).Eax, Is.Not.Zero, $"component {i}");
            Assert.That(Model.Xsave.StandardBytes(user.Eax), Is.EqualTo(user.Ecx));
        });
    }

    [TestCase(0x1UL, 576u)]
    [TestCase(0x7UL, 832u)]
    [TestCase(0xE7UL, 2688u)]
    [TestCase(0x602E7UL, 11008u)]
    public void Leaf_D_EBX_follows_XCR0(ulong xcr0, uint bytes)
    {
        CpuidContext context = new(0, 0, xcr0, 0, true);
        Assert.That(Model.Cpuid(context, 0xD, 0).Ebx, Is.EqualTo(bytes));
    }

    [Test]
    public void The_compacted_size_packs_components_and_aligns_the_tiles()
    {
        // AVX 256 at 576, CET_U 16 at 832, CET_S 24 at 848, TILECFG 64 at 896 (aligned), TILEDATA at 960.
        CpuidContext context = new(0, 0, 0x60007, 0x1800, true);
        Assert.That(Model.Cpuid(context, 0xD, 1).Ebx, Is.EqualTo(960 + 8192));
        Assert.That(Model.Xsave.CompactedOffset(0x61807, 17), Is.EqualTo(896));
    }

    [Test]
    public void Topology_gives_every_logical_processor_its_own_APIC_ID_and_one_L3_per_package()
    {
        CpuidResult core = Ask(0, 0x1F, 1);
        uint shift = core.Eax & 0x1F;
        uint[] ids = [.. Enumerable.Range(0, 8).Select(lp => Ask(lp, 0x1F, 0).Edx)];
        Assert.Multiple(() =>
        {
            Assert.That((Ask(0, 0x1F, 0).Ecx >> 8, core.Ecx >> 8, Ask(0, 0x1F, 2).Ecx >> 8), Is.EqualTo((1u, 2u, 0u)));
            Assert.That(ids, Is.Unique);
            Assert.That(ids.Select(id => id >> (int)shift), Is.EqualTo(new uint[] { 0, 0, 0, 0, 1, 1, 1, 1 }));
            Assert.That(((Ask(0, 4, 3).Eax >> 14) & 0xFFF) >> (int)(shift - 1), Is.EqualTo(1));
        });
    }

    [Test]
    public void CR4_shows_in_OSXSAVE_and_OSPKE_and_long_mode_in_SYSCALL()
    {
        CpuidContext off = new(0, 0, 1, 0, false), on = new(0, (1UL << 18) | (1UL << 22), 1, 0, true);
        Assert.Multiple(() =>
        {
            Assert.That(Model.Cpuid(off, 1, 0).Ecx & (1u << 27), Is.Zero);
            Assert.That(Model.Cpuid(on, 1, 0).Ecx & (1u << 27), Is.Not.Zero);
            Assert.That(Model.Cpuid(off, 7, 0).Ecx & (1u << 4), Is.Zero);
            Assert.That(Model.Cpuid(on, 7, 0).Ecx & (1u << 4), Is.Not.Zero);
            Assert.That(Model.Cpuid(off, 0x80000001, 0).Edx & (1u << 11), Is.Zero);
            Assert.That(Model.Cpuid(on, 0x80000001, 0).Edx & (1u << 11), Is.Not.Zero);
        });
    }

    [Test]
    public void The_local_apics_enable_bit_and_TSX_CTRL_show_in_the_feature_bits()
    {
        const uint apic = 1 << 9, hleAndRtm = (1 << 4) | (1 << 11);
        using TestPlatform platform = new(new CpuParameters(), model =>
            model.Override(1, new LpOverride(true, 0xBD, 0, 0, 1, 0))); // the legacy modes of the APIC are there
        Core core = platform.Cores[1];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(core.Cpuid(1, 0).Edx & apic, Is.Not.Zero);
            Assert.That(core.TryWrmsr(0x1B, 0xFEE00000), "xAPIC mode to disabled");
            Assert.That(core.Cpuid(1, 0).Edx & apic, Is.Zero);
            Assert.That(core.Cpuid(7, 0).Ebx & hleAndRtm, Is.EqualTo(hleAndRtm));
            Assert.That(core.TryWrmsr(0x122, 1) && (core.Cpuid(7, 0).Ebx & hleAndRtm) == hleAndRtm, "RTM_DISABLE");
            Assert.That(core.TryWrmsr(0x122, 2) && (core.Cpuid(7, 0).Ebx & hleAndRtm) == 0, "TSX_CPUID_CLEAR");
            Assert.That(platform.Cores[0].Cpuid(7, 0).Ebx & hleAndRtm, Is.EqualTo(hleAndRtm), "of its own processor");
        }
    }

    [Test]
    public void A_leaf_out_of_range_answers_as_the_highest_basic_leaf()
    {
        Assert.That(Ask(0, 0x40000000, 0), Is.EqualTo(Ask(0, Model.MaxBasicLeaf, 0)));
    }

    [TestCase(46)]
    [TestCase(52)]
    public void MAXPHYADDR_is_a_parameter(int bits)
    {
        CpuModel model = CpuModel.Load("sapphire-rapids", new CpuParameters { PhysicalAddressBits = bits });
        Assert.That(model.Cpuid(new CpuidContext(0, 0, 1, 0, true), 0x80000008, 0).Eax & 0xFF, Is.EqualTo(bits));
    }

    [Test]
    public void One_logical_processor_can_differ_in_a_bit()
    {
        CpuModel model = CpuModel.Load("sapphire-rapids", TwoPackages);
        Assert.That(LpOverride.TryParse("0x7.0.ebx[11]=0", out LpOverride difference, out _), Is.True);
        model.Override(3, difference);
        uint others = model.Cpuid(new CpuidContext(2, 0, 1, 0, true), 7, 0).Ebx;
        Assert.That(model.Cpuid(new CpuidContext(3, 0, 1, 0, true), 7, 0).Ebx, Is.EqualTo(others & ~(1u << 11)));
    }

    [TestCase("7.0.ebx=0x123", false, 7u, 1, 0xFFFFFFFFUL, 0x123UL)]
    [TestCase("msr.0x3b=5", true, 0x3Bu, 0, ulong.MaxValue, 5UL)]
    [TestCase("msr.0x10a[24]=1", true, 0x10Au, 0, 1UL << 24, 1UL << 24)]
    public void A_difference_parses(string text, bool msr, uint number, int register, ulong mask, ulong value)
    {
        Assert.That(LpOverride.TryParse(text, out LpOverride o, out _), Is.True);
        Assert.That(o, Is.EqualTo(new LpOverride(msr, number, 0, register, mask, value)));
    }

    [TestCase("7.0.ebx")]
    [TestCase("7.0.efx=1")]
    [TestCase("7.0.ebx[32]=1")]
    [TestCase("7.0.ebx[3]=2")]
    [TestCase("7.0.ebx=0x100000000")]
    [TestCase("msr.x=1")]
    [TestCase("=")]
    public void A_malformed_difference_says_what_was_expected(string text)
    {
        Assert.That(LpOverride.TryParse(text, out _, out string expected), Is.False);
        Assert.That(expected, Does.Contain("leaf.subleaf"));
    }

    private static CpuidResult Ask(int lp, uint leaf, uint subleaf) =>
        Model.Cpuid(new CpuidContext(lp, 0, 1, 0, true), leaf, subleaf);

    private static uint Register(CpuidResult r, int register) => register switch
    {
        0 => r.Eax,
        1 => r.Ebx,
        2 => r.Ecx,
        _ => r.Edx,
    };
}
