using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;
using static Seamsim.Host.Kernel.Errno;

namespace Seamsim.Tests.Host.CpuidPolicies;

/// <summary>What each policy says to one and the same request; a column per policy, P0 to P7.</summary>
public sealed class PolicyRowTests
{
    private const uint Significant = KvmUapi.CpuidFlagSignificantIndex;

    private static KvmCpuidEntry2 Features(uint ebx = 0, uint ecx = 0) =>
        new(7, 0, Significant, new CpuidValue(0, ebx, ecx, 0));

    private static IEnumerable<TestCaseData> InitVmRows()
    {
        yield return Row("only the GPA width", [], Ok, Ok, Ok, Ok, Ok, Ok, Ok, Ok);
        yield return Row("AVX512F, configurable and known to KVM", [Features(1 << 16)],
            Ok, Ok, Ok, Ok, Ok, Ok, Ok, Ok);
        yield return Row("TME, configurable and unknown to KVM", [Features(0, 1 << 13)],
            Ok, Ok, EINVAL, EINVAL, Ok, Ok, Ok, EINVAL);
        yield return Row("HLE, whose MSR KVM does not save", [Features(1 << 4)],
            Ok, Ok, Ok, Ok, Ok, Ok, EINVAL, EINVAL);
        yield return Row("RTM, whose MSR KVM does not save", [Features(1 << 11)],
            Ok, Ok, Ok, Ok, Ok, Ok, EINVAL, EINVAL);
        yield return Row("WAITPKG, whose MSR KVM does not save", [Features(0, 1 << 5)],
            Ok, Ok, Ok, Ok, Ok, Ok, EINVAL, EINVAL);
        yield return Row("a bit the module does not let be configured", [Features(1)],
            Ok, Ok, EINVAL, EINVAL, Ok, Ok, Ok, Ok);
        yield return Row("a leaf without slot", [new KvmCpuidEntry2(0x15, 0, 0, new CpuidValue(1, 0, 0, 0))],
            Ok, Ok, EINVAL, Ok, Ok, Ok, EINVAL, EINVAL);
        yield return Row("a leaf without slot, all 0", [new KvmCpuidEntry2(0x15, 0, 0, default)],
            Ok, Ok, Ok, Ok, Ok, Ok, EINVAL, EINVAL);
        yield return Row("the same leaf twice", [Features(), Features()], Ok, Ok, Ok, Ok, Ok, Ok, EINVAL, EINVAL);
        yield return Row("KVM's own leaf", [new KvmCpuidEntry2(0x4000_0001, 0, 0, new CpuidValue(1, 0, 0, 0))],
            Ok, Ok, Ok, Ok, Ok, Ok, EINVAL, EINVAL);
        yield return Row("KVM's own leaf with a feature KVM does not have",
            [new KvmCpuidEntry2(0x4000_0001, 0, 0, new CpuidValue(1U << 31, 0, 0, 0))],
            Ok, Ok, EINVAL, Ok, Ok, Ok, EINVAL, EINVAL);
    }

    private static IEnumerable<TestCaseData> FeatureRows()
    {
        yield return new TestCaseData(1UL, 3UL, (Errno[])[Ok, Ok, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL])
            .SetArgDisplayNames("DEBUG, which KVM does not support");
        yield return new TestCaseData(0UL, 1UL << 62, (Errno[])[Ok, Ok, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL])
            .SetArgDisplayNames("a state component nobody has");
        yield return new TestCaseData(0UL, 0x1803UL, (Errno[])[Ok, Ok, Ok, Ok, Ok, Ok, EINVAL, EINVAL])
            .SetArgDisplayNames("CET, which is not in the XSS of KVM");
    }

    [TestCaseSource(nameof(InitVmRows))]
    public void INIT_VM_takes_or_refuses_an_entry(KvmCpuidEntry2[] entries, Errno[] expected) => Assert.Multiple(() =>
    {
        for (int i = 0; i < expected.Length; i++)
        {
            PolicyRig rig = new($"P{i}");
            Assert.That(rig.InitVm(entries), Is.EqualTo(expected[i]), rig.Policy.Id);
            Assert.That(rig.F.HwError, Is.Zero, rig.Policy.Id);
            Assert.That(rig.Td.State == TdState.Initialized, Is.EqualTo(expected[i] == Ok), rig.Policy.Id);
        }
    });

    [TestCaseSource(nameof(FeatureRows))]
    public void INIT_VM_takes_or_refuses_attributes_and_XFAM(ulong attributes, ulong xfam, Errno[] expected) =>
        Assert.Multiple(() =>
        {
            for (int i = 0; i < expected.Length; i++)
            {
                PolicyRig rig = new($"P{i}") { Attributes = attributes, Xfam = xfam };
                Assert.That(rig.InitVm(), Is.EqualTo(expected[i]), rig.Policy.Id);
            }
        });

    [Test]
    public void Who_silently_drops_a_bit_and_who_hands_it_to_the_module() => Assert.Multiple(() =>
    {
        // EBX bit 0 is not configurable, bit 16 is.
        foreach (string policy in (string[])["P0", "P1", "P4", "P5", "P6", "P7"])
        {
            PolicyRig rig = new(policy);
            uint given = rig.IsOld ? 1U << 16 : 1 << 16 | 1;
            Assert.That(rig.InitVm(Features(1 << 16 | 1)), Is.EqualTo(Ok), policy);
            Assert.That(rig.Slot(7).Ebx, Is.EqualTo(given), policy);
        }
    });

    [TestCase("P0", 0x1800UL)]
    [TestCase("P1", 0x1800UL)]
    [TestCase("P2", 0x800UL)]
    [TestCase("P3", 0x800UL)]
    [TestCase("P4", 0x800UL)]
    [TestCase("P5", 0x800UL)]
    [TestCase("P6", null)]
    [TestCase("P7", null)]
    public void Shadow_stacks_without_indirect_branch_tracking(string policy, ulong? cet)
    {
        PolicyRig rig = new(policy) { Xfam = 0x803 };
        KvmCpuidEntry2[] wanted = rig.IsOld ? [Features(0, 1 << 7)] : [];
        Assert.That(rig.InitVm(wanted), Is.EqualTo(cet is null ? EINVAL : Ok), "Linux 6.16 does not support CET");
        if (cet is { } components)
            Assert.That(rig.XfamGiven, Is.EqualTo(3 | components), "before the series wider than asked for");
    }

    private static TestCaseData Row(string name, KvmCpuidEntry2[] entries, params Errno[] expected) =>
        new TestCaseData(entries, expected).SetArgDisplayNames(name);

    [TestCase("P0", null, null)]
    [TestCase("P1", null, null)]
    [TestCase("P2", null, null)]
    [TestCase("P3", true, false)]
    [TestCase("P4", false, false)]
    [TestCase("P5", false, false)]
    [TestCase("P6", false, false)]
    [TestCase("P7", false, false)]
    public void GET_CPUID_is_missing_filtered_or_raw(string policy, bool? filtered, bool? paravirtual)
    {
        PolicyRig rig = new(policy);
        rig.F.Module.TdCpuid[(7, 0)] = rig.F.Module.TdCpuid[(7, 0)] with { Ecx = 1 << 13 | 1 << 8 };
        rig.InitVm();
        (Errno error, List<KvmCpuidEntry2> entries) = rig.GetCpuid(rig.NewVcpu());
        Assert.That(error, Is.EqualTo(filtered is null ? EINVAL : Ok));
        if (filtered is null)
            return;
        uint ecx = entries.Single(entry => entry is { Function: 7, Index: 0 }).Value.Ecx;
        Assert.That(ecx, Is.EqualTo(filtered.Value ? 1U << 8 : 1 << 13 | 1 << 8), "KVM does not know bit 13");
        Assert.That(entries.Any(entry => entry.Function >> 8 == 0x40_0000), Is.EqualTo(paravirtual));
        Assert.That(entries.Any(entry => entry.Function == 0x21), Is.EqualTo(!filtered), "a leaf KVM does not know");
        Assert.That(
            entries.Single(entry => entry.Function == 0x8000_0008).Value.Eax >> 16 & 0xFF, Is.EqualTo(48));
    }

    [TestCase("P0", Ok, Ok)]
    [TestCase("P1", Ok, EINVAL)]
    [TestCase("P2", EINVAL, EINVAL)]
    [TestCase("P3", Ok, Ok)]
    [TestCase("P4", Ok, Ok)]
    [TestCase("P5", EINVAL, EINVAL)]
    [TestCase("P6", Ok, Ok)]
    [TestCase("P7", Ok, Ok)]
    public void KVM_SET_CPUID2_is_free_guarded_or_closed(string policy, Errno same, Errno other)
    {
        PolicyRig rig = new(policy);
        rig.InitVm(Features(1 << 16));
        VcpuTdx vcpu = rig.NewVcpu();
        Assert.That(rig.SetCpuid(vcpu, [.. PolicyRig.Minimal, rig.Sizes(), Features(1 << 16)]), Is.EqualTo(same));
        Assert.That(vcpu.Cpuid, same == Ok ? Has.Count.EqualTo(4) : Is.Empty);
        Assert.That(rig.SetCpuid(vcpu, [.. PolicyRig.Minimal, rig.Sizes(), Features()]), Is.EqualTo(other));
        Assert.That(vcpu.LookUpCpuid(7, 0).Ebx, Is.EqualTo(same == Ok && other != Ok ? 1U << 16 : 0), "no mark");
    }

    [TestCase("P0")]
    [TestCase("P1")]
    [TestCase("P2")]
    [TestCase("P3")]
    [TestCase("P4")]
    [TestCase("P5")]
    [TestCase("P6")]
    [TestCase("P7")]
    public void After_KVM_RUN_the_CPUID_stays_what_it_is(string policy)
    {
        PolicyRig rig = new(policy);
        rig.InitVm();
        rig.F.AddMemory(rig.Td, 0, 1 << 20);
        VcpuTdx vcpu = rig.InitializedVcpu();
        Assert.That(rig.F.Command(rig.Td, TdxCommand.FinalizeVm, 0), Is.EqualTo(Ok));
        rig.F.Module.Exits.Enqueue(FakeModule.Tdvmcall(0, 12, 1));
        Assert.That(rig.F.Run(vcpu), Is.EqualTo(Ok));
        KvmCpuidEntry2[] before = [.. vcpu.Cpuid];
        bool closed = rig.Policy.VcpuCpuid != VcpuCpuidSource.SetCpuid2;
        Assert.That(rig.SetCpuid(vcpu, before), Is.EqualTo(closed ? EINVAL : Ok));
        Assert.That(rig.SetCpuid(vcpu, [.. before, Features(1)]), Is.EqualTo(EINVAL));
        Assert.That(vcpu.Cpuid, Is.EqualTo(before));
    }

    [TestCase("P0")]
    [TestCase("P1")]
    [TestCase("P2")]
    [TestCase("P3")]
    [TestCase("P4")]
    [TestCase("P5")]
    [TestCase("P6")]
    [TestCase("P7")]
    public void A_leaf_of_the_hypervisor_reaches_the_vCPU(string policy)
    {
        KvmCpuidEntry2 own = new(0x4000_0001, 0, 0, new CpuidValue(0x80, 0, 0, 0));
        PolicyRig rig = new(policy);
        bool stash = rig.Policy.VcpuCpuid == VcpuCpuidSource.InitVcpuReads;
        Assert.That(rig.InitVm(stash ? [own] : []), Is.EqualTo(Ok));
        VcpuTdx vcpu = rig.InitializedVcpu(stash ? [] : [own]);
        Assert.That(vcpu.LookUpCpuid(0x4000_0001, 0).Eax, Is.EqualTo(0x80), "what a CPUID hypercall will answer");
        Assert.That(vcpu.IsInitialized, Is.True);
    }

    [TestCase("P0", true)]
    [TestCase("P1", true)]
    [TestCase("P2", false)]
    [TestCase("P3", false)]
    [TestCase("P4", true)]
    [TestCase("P5", true)]
    [TestCase("P6", false)]
    [TestCase("P7", false)]
    public void CAPABILITIES_shows_the_raw_bits_or_fewer(string policy, bool raw)
    {
        PolicyRig rig = new(policy);
        IReadOnlyList<CpuidConfig> module = rig.F.Kernel.Tdx.Info.CpuidConfigs;
        IReadOnlyList<CpuidConfig> shown = rig.Policy.Report(rig.F.Kvm.CpuidContext);
        Assert.That(shown.Select(c => (c.Leaf, c.Index)), Is.EqualTo(module.Select(c => (c.Leaf, c.Index))));
        bool same = true;
        for (int i = 0; i < shown.Count; i++)
        {
            CpuidValue beyond = shown[i].Mask & ~module[i].Mask;
            same &= (module[i].Mask & ~shown[i].Mask) == default;
            uint width = rig.IsOld || module[i].Leaf != 0x8000_0008 ? 0U : policy == "P3" ? 0x34_0000U : 0xFF_0000U;
            Assert.That(beyond, Is.EqualTo(new CpuidValue(width, 0, 0, 0)), $"{module[i].Leaf:x}: only the GPA width");
        }
        Assert.That(same, Is.EqualTo(raw));
    }
}
