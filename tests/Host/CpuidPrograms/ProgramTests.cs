using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Host.Vmm.CpuidPrograms;

namespace Seamsim.Tests.Host.CpuidPrograms;

/// <summary>What the three programs ask for when the module is not the one they were written for.</summary>
public sealed class ProgramTests
{
    private const uint Avx512 = 1 << 16, Waitpkg = 1 << 5, Tme = 1 << 13;
    private static readonly CpuidConfig Added = new(0x19, CpuidConfig.NoSubLeaf, new CpuidValue(0, 1, 0, 0));

    /// <summary>The host has TME, whatever KVM thinks of it.</summary>
    private static FakePlatform Host(params CpuidConfig[] more)
    {
        FakePlatform platform = new();
        platform.Cpuid[(7, 0)] = platform.Cpuid[(7, 0)] with { Ecx = platform.Cpuid[(7, 0)].Ecx | Tme };
        if (more.Length != 0)
            FakeModule.SetConfigs(platform.Module.Sys, [.. ProgramRig.Module, .. more]);
        return platform;
    }

    /// <summary>An author who did not know that TME and WAITPKG can be configured.</summary>
    private static CpuidKnowledge Knowing(UnknownBits unknown, bool documented = true) => new()
    {
        Known = [.. ProgramRig.Module.Select(c => c.Leaf == 7 ? c with { Mask = c.Mask with { Ecx = 0 } } : c)],
        Documented = documented ? ProgramRig.Module : [],
        Unknown = unknown,
    };

    //                       program     strategy          policy  the slot of 7.0.ECX, null: refused
    [TestCase("adaptive", UnknownBits.Copy, "P0", Tme | Waitpkg)]
    [TestCase("adaptive", UnknownBits.Zero, "P0", 0U)]
    [TestCase("adaptive", UnknownBits.Copy, "P2", Waitpkg)]
    [TestCase("adaptive", UnknownBits.Copy, "P3", Waitpkg)]
    [TestCase("adaptive", UnknownBits.One, "P3", Waitpkg)]
    [TestCase("adaptive", UnknownBits.Zero, "P3", 0U)]
    [TestCase("adaptive", UnknownBits.Copy, "P4", Tme | Waitpkg)]
    [TestCase("adaptive", UnknownBits.Copy, "P6", Tme)]
    [TestCase("adaptive", UnknownBits.Copy, "P7", 0U)]
    [TestCase("old",      UnknownBits.Copy, "P0", Tme | Waitpkg)]
    [TestCase("old",      UnknownBits.Zero, "P4", 0U)]
    [TestCase("old",      UnknownBits.One,  "P6", Tme)]
    [TestCase("old",      UnknownBits.One,  "P7", 0U)]
    [TestCase("aware",    UnknownBits.Zero, "P3", 0U)]
    [TestCase("aware",    UnknownBits.Copy, "P2", null)]
    [TestCase("aware",    UnknownBits.Copy, "P3", null)]
    [TestCase("aware",    UnknownBits.Copy, "P4", Tme | Waitpkg)]
    [TestCase("aware",    UnknownBits.Copy, "P6", null)]
    [TestCase("aware",    UnknownBits.Copy, "P7", null)]
    public void Bits_the_author_did_not_know(string program, UnknownBits unknown, string policy, uint? expected)
    {
        ProgramRig rig = new(policy, program, Knowing(unknown), Host());
        Errno error = rig.Build();
        if (expected is null)
        {
            Assert.That(
                (error, rig.Vmm.FailedStep, rig.Vmm.HwError), Is.EqualTo((Errno.EINVAL, "KVM_TDX_INIT_VM", 0UL)));
            return;
        }
        Assert.That(rig.Kvm.Module.TdParams, Is.Not.Empty, rig.Vmm.Reason);
        Assert.That(Slot(rig, 2).Ecx, Is.EqualTo(expected));
        Assert.That(
            Slot(rig, 2).Ebx & Avx512, Is.EqualTo(policy == "P0" ? 0U : Avx512), "P0 would derive XFAM from it");
    }

    [TestCase("adaptive", "P6", null)]
    [TestCase("old", "P6", Errno.E2BIG)]
    [TestCase("old", "P0", Errno.E2BIG)]
    [TestCase("old", "P3", Errno.E2BIG)]
    [TestCase("aware", "P6", null)]
    public void A_module_with_one_more_leaf_than_the_author_counted(string program, string policy, Errno? expected)
    {
        CpuidKnowledge knowledge = new() { Known = ProgramRig.Module, Documented = [.. ProgramRig.Module, Added] };
        ProgramRig rig = new(policy, program, knowledge, Host(Added));
        Assert.That(rig.Build(), Is.EqualTo(expected ?? Errno.Ok));
        Assert.That(rig.Vmm.FailedStep, Is.EqualTo(expected is null ? null : "KVM_TDX_CAPABILITIES"));
    }

    [Test]
    public void Adaptive_makes_room_when_there_are_more_leaves_than_CPUID_entries()
    {
        CpuidConfig[] many = [.. Enumerable.Range(0, 300).Select(i => new CpuidConfig(0x20, (uint)i, default))];
        ProgramRig rig = new("P3", "adaptive", platform: Host(many));
        Assert.That(rig.Build(), Is.EqualTo(Errno.E2BIG), "INIT_VM takes 256 entries at most");
        Assert.That(rig.Vmm.FailedStep, Is.EqualTo("KVM_TDX_INIT_VM"));
        Assert.That(rig.Vmm.Configurable, Has.Count.EqualTo(304));
    }

    [TestCase("old", "P3", Errno.EINVAL)]
    [TestCase("old", "P4", null)]
    [TestCase("old", "P6", null)]
    [TestCase("adaptive", "P3", null)]
    [TestCase("aware", "P3", null)]
    public void A_bit_that_can_no_longer_be_configured(string program, string policy, Errno? expected)
    {
        const uint adx = 1 << 19;
        CpuidConfig[] before =
        [
            .. ProgramRig.Module.Select(
                c => c.Leaf == 7 ? c with { Mask = c.Mask with { Ebx = c.Mask.Ebx | adx } } : c),
        ];
        CpuidKnowledge knowledge = new() { Known = before, Documented = ProgramRig.Module };
        ProgramRig rig = new(policy, program, knowledge, Host());
        Errno error = rig.Build();
        Assert.That(error, Is.EqualTo(expected ?? Errno.Ok), rig.Vmm.Reason);
        if (expected is null)
            Assert.That(Slot(rig, 2).Ebx & adx, Is.EqualTo(program == "old" ? adx : 0), "for the module to refuse");
    }

    [TestCase("P3", null)]
    [TestCase("P6", Errno.EINVAL)]
    [TestCase("P7", Errno.EINVAL)]
    public void A_leaf_that_is_gone_is_noticed_by_counting_only(string policy, Errno? expected)
    {
        CpuidKnowledge knowledge = new() { Known = [.. ProgramRig.Module, Added] };
        ProgramRig rig = new(policy, "old", knowledge, Host());
        Assert.That(rig.Build(), Is.EqualTo(expected ?? Errno.Ok), rig.Vmm.Reason);
    }

    [TestCase("adaptive", "P2", true)]
    [TestCase("adaptive", "P3", true)]
    [TestCase("adaptive", "P4", true)]
    [TestCase("adaptive", "P5", true)]
    [TestCase("adaptive", "P6", true)]
    [TestCase("aware", "P6", true)]
    [TestCase("aware", "P2", true)]
    [TestCase("old", "P2", false)]
    [TestCase("old", "P3", false)]
    [TestCase("old", "P6", false)]
    [TestCase("adaptive", "P1", false)]
    public void A_fixed_bit_that_is_gone_is_noticed_by_who_reads_back(string program, string policy, bool noticed)
    {
        const uint bit = 1 << 8;
        ProgramRig rig = new(policy, program);
        rig.Config = rig.Config with { Knowledge = Written(rig) };
        CpuidValue value = rig.Kvm.Module.TdCpuid[(7, 0)];
        rig.Kvm.Module.TdCpuid[(7, 0)] = value with { Ecx = value.Ecx & ~bit };
        Assert.That(rig.Build(), Is.EqualTo(Errno.Ok), rig.Vmm.Reason);
        CpuidDifference[] expected = noticed ? [new CpuidDifference(7, 0, 2, Ecx(rig, bit), Ecx(rig, 0))] : [];
        Assert.That(rig.Vmm.Noticed.Select(d => (d.Leaf, d.Index, d.Register, d.Bits)),
            Is.EqualTo(expected.Select(d => (d.Leaf, d.Index, d.Register, d.Bits))));
        uint told = rig.Vmm.Td!.Vcpus[0].LookUpCpuid(7, 0).Ecx & bit;
        Assert.That(told, Is.EqualTo(noticed || policy == "P2" ? 0U : bit), "what KVM believes");
        Assert.That(Seen(rig, 7).Ecx & bit, Is.EqualTo(noticed ? 0U : bit), "what the user believes");
    }

    [Test]
    public void A_fixed_bit_that_is_gone_makes_P5_refuse_the_old_programs_list()
    {
        ProgramRig rig = new("P5", "old");
        rig.Config = rig.Config with { Knowledge = Written(rig) };
        Assert.That(rig.Build(), Is.EqualTo(Errno.Ok), rig.Vmm.Reason);
        rig = new ProgramRig("P5", "old");
        rig.Config = rig.Config with { Knowledge = Written(rig) };
        CpuidValue value = rig.Kvm.Module.TdCpuid[(7, 0)];
        rig.Kvm.Module.TdCpuid[(7, 0)] = value with { Ecx = value.Ecx & ~(1U << 8) };
        Assert.That(rig.Build(), Is.EqualTo(Errno.EINVAL));
        Assert.That(rig.Vmm.FailedStep, Is.EqualTo("KVM_TDX_INIT_VCPU"));
    }

    [TestCase("P0")]
    [TestCase("P1")]
    [TestCase("P2")]
    [TestCase("P3")]
    [TestCase("P4")]
    [TestCase("P5")]
    [TestCase("P6")]
    [TestCase("P7")]
    public void The_hypervisors_own_leaf_goes_the_way_the_policy_has_for_it(string policy)
    {
        KvmCpuidEntry2 own = new(0x4000_0001, 0, 0, new CpuidValue(0x80, 0, 0, 0));
        foreach (string program in CpuidProgramCatalog.Names)
        {
            ProgramRig rig = new(policy, program);
            rig.Config = rig.Config with { Knowledge = Written(rig), ParavirtualCpuid = [own] };
            Assert.That(rig.Build(), Is.EqualTo(Errno.Ok), $"{program}: {rig.Vmm.Reason}");
            Assert.That(rig.Vmm.Td!.Vcpus[0].LookUpCpuid(0x4000_0001, 0), Is.EqualTo(own.Value), program);
            Assert.That(Seen(rig, 0x4000_0001), Is.EqualTo(own.Value), program);
        }
    }

    [TestCase("P1", Errno.EINVAL, "KVM_SET_CPUID2")]
    [TestCase("P3", Errno.EIO, "KVM_TDX_INIT_MEM_REGION")]
    [TestCase("P5", Errno.EINVAL, "KVM_TDX_INIT_VCPU")]
    [TestCase("P6", Errno.EIO, "KVM_TDX_INIT_MEM_REGION")]
    public void A_VMM_that_contradicts_itself_about_the_GPA_width(string policy, Errno expected, string step)
    {
        ProgramRig rig = new(policy, "adaptive");
        rig.Config = rig.Config with { VcpuGuestPhysicalBits = 52 };
        Assert.That((rig.Build(), rig.Vmm.FailedStep), Is.EqualTo((expected, step)));
    }

    [Test]
    public void Before_the_series_the_TD_gets_the_XFAM_that_was_asked_for()
    {
        foreach (ulong xfam in (ulong[])[3, 7, 0xE7, 0x1803, 0x60003, 0x203])
        {
            ProgramRig rig = new("P1", "adaptive");
            rig.Config = rig.Config with { Xfam = xfam };
            Assert.That(rig.Build(), Is.EqualTo(Errno.Ok), rig.Vmm.Reason);
            Assert.That(rig.Vmm.Td!.Xfam, Is.EqualTo(xfam));
        }
    }

    [Test]
    public void Before_the_series_a_single_CET_feature_widens_XFAM()
    {
        ProgramRig rig = new("P0", "adaptive");
        rig.Config = rig.Config with { Cpuid = [new(7, 0, 2, 1 << 7, 0)] };
        Assert.That(rig.Build(), Is.EqualTo(Errno.Ok), rig.Vmm.Reason);
        Assert.That(rig.Vmm.Td!.Xfam, Is.EqualTo(0x1803));
    }

    private static CpuidKnowledge Written(ProgramRig rig) => new()
    {
        Known = ProgramRig.Module,
        Documented = ProgramRig.Module,
        Believed =
        [
            .. rig.Kvm.Module.TdCpuid.Select(leaf => new KvmCpuidEntry2(
                leaf.Key.Item1, leaf.Key.Item2 ?? 0,
                leaf.Key.Item2 is null ? 0 : KvmUapi.CpuidFlagSignificantIndex, leaf.Value)),
        ],
    };

    private static uint Ecx(ProgramRig rig, uint bit) => (rig.Kvm.Module.TdCpuid[(7, 0)].Ecx & ~(1U << 8)) | bit;

    private static CpuidValue Seen(ProgramRig rig, uint leaf) =>
        rig.Vmm.UserView.Single(entry => entry.Function == leaf && entry.Index == 0).Value;

    private static CpuidValue Slot(ProgramRig rig, int slot)
    {
        byte[] bytes = rig.Kvm.Module.TdParams;
        uint Word(int i) => BitConverter.ToUInt32(bytes, 256 + (16 * slot) + (4 * i));
        return new CpuidValue(Word(0), Word(1), Word(2), Word(3));
    }
}
