using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host.CpuidPolicies;

/// <summary>P7: a configurable bit is usable once KVM has opted in.</summary>
public sealed class AllowListTests
{
    [TestCase(0x1U, 0U, 0, 0xFFFFFFFFU, true, TestName = "family, model, stepping: a rule of its own")]
    [TestCase(0x4U, 2U, 1, 0xFFFFFFFFU, true, TestName = "caches: a rule of its own")]
    [TestCase(0x18U, 3U, 3, 0x1FFU, true, TestName = "TLBs: a rule of its own")]
    [TestCase(0x1EU, 1U, 0, 0x1U, true, TestName = "TMUL: a rule of its own")]
    [TestCase(0x1FU, 5U, 2, 0xFFU, true, TestName = "topology: a rule of its own")]
    [TestCase(0x7U, 0U, 1, 1U << 16, true, TestName = "AVX512F")]
    [TestCase(0x7U, 0U, 1, 1U << 4, false, TestName = "HLE")]
    [TestCase(0x7U, 0U, 1, 1U << 11, false, TestName = "RTM")]
    [TestCase(0x7U, 0U, 2, 1U << 5, false, TestName = "WAITPKG")]
    [TestCase(0x7U, 0U, 2, 1U << 13, false, TestName = "TME")]
    [TestCase(0x23U, 0U, 0, 0xFU, false, TestName = "performance monitoring sub-leaves")]
    [TestCase(0x1CU, 0U, 0, 0xFFU, false, TestName = "LBR")]
    public void Configurable_bits_are_shown_and_taken_when_they_are_on_the_list(
        uint leaf, uint index, int register, uint bits, bool allowed)
    {
        uint[] words = new uint[4];
        words[register] = bits;
        CpuidValue mask = new(words[0], words[1], words[2], words[3]);
        FakePlatform platform = new();
        FakeModule.SetConfigs(
            platform.Module.Sys, new CpuidConfig(leaf, index, mask),
            new CpuidConfig(0x8000_0008, CpuidConfig.NoSubLeaf, default));
        PolicyRig rig = new("P7", platform);
        CpuidConfig shown = rig.Policy.Report(rig.F.Kvm.CpuidContext)[0];
        Assert.That(shown.Mask, Is.EqualTo(allowed ? mask : default));
        KvmCpuidEntry2 entry = new(leaf, index, KvmUapi.CpuidFlagSignificantIndex, mask);
        int calls = rig.F.Module.Calls.Count;
        Assert.That(rig.InitVm(entry), Is.EqualTo(allowed ? Errno.Ok : Errno.EINVAL));
        if (!allowed)
            Assert.That(rig.F.Module.Calls, Has.Count.EqualTo(calls), "KVM refuses before any SEAMCALL");
    }

    [Test]
    public void Bits_nobody_may_configure_are_left_to_the_module()
    {
        PolicyRig rig = new("P7");
        rig.F.Module.Answers[SeamcallLeaf.TDH_MNG_INIT] = _ => TdxStatus.OperandInvalid;
        KvmCpuidEntry2 entry = new(7, 0, KvmUapi.CpuidFlagSignificantIndex, new CpuidValue(0, 1, 0, 0));
        Assert.That(rig.InitVm(entry), Is.EqualTo(Errno.EINVAL));
        Assert.That(rig.F.HwError, Is.EqualTo(TdxStatus.OperandInvalid.Value), "the module said so");
    }
}
