using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host;

/// <summary>EPT level and GPAW from the guest physical address width: every row of the truth tables.</summary>
public sealed class EptRulesTests
{
    // entry present, G = EAX[23:16], P = EAX[7:0], five-level host | EPTP controls (0 = -EINVAL), GPAW, shared bit
    [TestCase(false,  0,  0, true,  0x00UL, false,  0)]
    [TestCase(false,  0,  0, false, 0x00UL, false,  0)]
    [TestCase(true,   0, 52, true,  0x00UL, false,  0)]
    [TestCase(true,  46, 46, true,  0x00UL, false,  0)]
    [TestCase(true,  51, 52, true,  0x00UL, false,  0)]
    [TestCase(true,  57, 52, true,  0x00UL, false,  0)]
    [TestCase(true,  48,  0, false, 0x1EUL, false, 47)]
    [TestCase(true,  48, 52, true,  0x1EUL, false, 47)]
    [TestCase(true,  48, 46, true,  0x1EUL, false, 47)]
    [TestCase(true,  52,  0, false, 0x00UL, false,  0)]
    [TestCase(true,  52, 46, true,  0x26UL, true,  51)]
    [TestCase(true,  52, 52, true,  0x26UL, true,  51)]
    public void Patch_22_takes_level_and_GPAW_from_EAX_23_16(
        bool present, int g, int p, bool fiveLevels, ulong eptp, bool gpaw, int sharedBit)
    {
        KvmCpuidEntry2[] cpuid = present ? [KvmFixture.Sizes(g, p)] : [];
        bool ok = EptRules.TryChoose(GpawRule.GuestPhysicalAddress, cpuid, fiveLevels, out EptChoice choice);
        Check(ok, choice, eptp, gpaw, sharedBit);
    }

    [TestCase(false,  0, true,  0x1EUL, false, 47)]
    [TestCase(false,  0, false, 0x1EUL, false, 47)]
    [TestCase(true,  46, true,  0x1EUL, false, 47)]
    [TestCase(true,  48, true,  0x1EUL, false, 47)]
    [TestCase(true,  49, false, 0x00UL, false,  0)]
    [TestCase(true,  52, false, 0x00UL, false,  0)]
    [TestCase(true,  49, true,  0x26UL, true,  51)]
    [TestCase(true,  52, true,  0x26UL, true,  51)]
    public void Before_patch_22_level_and_GPAW_came_from_EAX_7_0(
        bool present, int p, bool fiveLevels, ulong eptp, bool gpaw, int sharedBit)
    {
        KvmCpuidEntry2[] cpuid = present ? [KvmFixture.Sizes(0, p)] : [];
        bool ok = EptRules.TryChoose(GpawRule.MaxPhysicalAddress, cpuid, fiveLevels, out EptChoice choice);
        Check(ok, choice, eptp, gpaw, sharedBit);
    }

    // is a TD, leaf present, EAX[23:16], EAX[7:0], max level | before patch 23, patch 23, Linux 6.16
    [TestCase(false, true,   0, 48, 5, 4, 4, 4)]
    [TestCase(false, true,   0, 52, 5, 5, 5, 5)]
    [TestCase(false, true,  48, 52, 5, 5, 5, 5)]
    [TestCase(true,  true,  48, 52, 5, 5, 4, 4)]
    [TestCase(true,  true,  52, 52, 5, 5, 5, 5)]
    [TestCase(true,  true,  52, 46, 5, 4, 5, 5)]
    [TestCase(true,  true,   0, 52, 5, 5, 5, 4)]
    [TestCase(true,  true,  48, 52, 4, 4, 4, 4)]
    [TestCase(true,  true,  48, 46, 4, 4, 4, 4)]
    [TestCase(true,  false,  0,  0, 5, 4, 4, 4)]
    public void The_level_of_the_shared_EPT_follows_each_kernels_rule(
        bool isTd, bool present, int g, int p, int max, int before, int patched, int upstream)
    {
        KvmCpuidEntry2[] cpuid = present ? [KvmFixture.MaxExtended, KvmFixture.Sizes(g, p)] : [];
        Assert.Multiple(() =>
        {
            Assert.That(EptRules.TdpLevel(TdpLevelRule.MaxPhysicalAddress, isTd, cpuid, max), Is.EqualTo(before));
            Assert.That(
                EptRules.TdpLevel(TdpLevelRule.GuestPhysicalAddressOrMax, isTd, cpuid, max), Is.EqualTo(patched));
            Assert.That(EptRules.TdpLevel(TdpLevelRule.GuestPhysicalAddress, isTd, cpuid, max), Is.EqualTo(upstream));
        });
    }

    [Test]
    public void A_fixed_root_level_beats_CPUID() =>
        Assert.That(
            EptRules.TdpLevel(TdpLevelRule.GuestPhysicalAddress, true, [KvmFixture.Sizes(52)], 5, 4), Is.EqualTo(4));

    [Test]
    public void Address_sizes_beyond_the_maximum_extended_leaf_do_not_count()
    {
        KvmCpuidEntry2 max = new(0x8000_0000, 0, 0, new CpuidValue(0x8000_0004, 0, 0, 0));
        KvmCpuidEntry2[] cpuid = [max, KvmFixture.Sizes(52, 52)];
        Assert.That(EptRules.TdpLevel(TdpLevelRule.GuestPhysicalAddressOrMax, true, cpuid, 5), Is.EqualTo(4));
    }

    // host physical bits, five levels | mask in EAX[23:16], 48 accepted, 52 accepted (series tip, module slot present)
    [TestCase(52, true,  0x34U, true,  true)]
    [TestCase(52, false, 0x30U, true,  false)]
    [TestCase(48, false, 0x30U, true,  false)]
    [TestCase(48, true,  0x30U, true,  false)]
    [TestCase(46, true,  0x2EU, false, false)]
    [TestCase(46, false, 0x2EU, false, false)]
    public void The_series_takes_a_number_of_bits_for_a_mask(
        int hostBits, bool fiveLevels, uint mask, bool accepts48, bool accepts52)
    {
        FakePlatform platform = new();
        platform.Cpuid[(0x8000_0008, 0)] = new CpuidValue((uint)(0x3900 | hostBits), 0x200, 0, 0);
        platform.Msrs[0x48C] = 1UL << 6 | (fiveLevels ? 1UL << 7 : 0) | 1UL << 21;
        KvmFixture f = new(KvmOptions.PostedSeries, platform);
        (_, byte[] bytes) = f.Capabilities(f.NewTd());
        uint shown = BitConverter.ToUInt32(bytes, 2052 + (3 * 24) + 8) >> 16 & 0xFF;
        Assert.Multiple(() =>
        {
            Assert.That(shown, Is.EqualTo(mask));
            Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(48)), Is.EqualTo(accepts48 ? Errno.Ok : Errno.EINVAL));
            Assert.That(f.InitVm(f.NewTd(), KvmFixture.Sizes(52)), Is.EqualTo(accepts52 ? Errno.Ok : Errno.EINVAL));
        });
    }

    private static void Check(bool ok, EptChoice choice, ulong eptp, bool gpaw, int sharedBit)
    {
        Assert.That(ok, Is.EqualTo(eptp != 0));
        if (!ok)
            return;
        Assert.Multiple(() =>
        {
            Assert.That(choice.EptpControls, Is.EqualTo(eptp));
            Assert.That(choice.ConfigFlags, Is.EqualTo(gpaw ? 1UL : 0));
            Assert.That(choice.SharedBit, Is.EqualTo(sharedBit));
            Assert.That(choice.GfnDirectBits, Is.EqualTo(1UL << (sharedBit - 12)));
        });
    }
}
