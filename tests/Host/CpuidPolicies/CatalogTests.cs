using Seamsim.Configuration;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host.CpuidPolicies;

/// <summary>Policies by name, and the KVM that belongs to each.</summary>
public sealed class CatalogTests
{
    [TestCase("pre-v19", "P0")]
    [TestCase("v19", "P1")]
    [TestCase("poc1", "P2")]
    [TestCase("poc2", "P3")]
    [TestCase("series", "P3")]
    [TestCase("next1", "P4")]
    [TestCase("next2", "P5")]
    [TestCase("upstream", "P6")]
    [TestCase("allow-list", "P7")]
    [TestCase("P5", "P5")]
    [TestCase("p5", null)]
    [TestCase("", null)]
    public void A_policy_has_an_id_and_a_name(string name, string? id) =>
        Assert.That(CpuidPolicyCatalog.Find(name)?.Id, Is.EqualTo(id));

    [Test]
    public void Every_name_is_found_and_every_policy_says_what_it_does()
    {
        Assert.That(CpuidPolicyCatalog.Names.Select(CpuidPolicyCatalog.Find), Has.None.Null);
        Assert.That(CpuidPolicyCatalog.All.Select(policy => policy.Id),
            Is.EqualTo(Enumerable.Range(0, 8).Select(i => $"P{i}")));
        Assert.That(CpuidPolicyCatalog.Lines.Select(line => line.Length), Is.All.InRange(30, 110));
    }

    [Test]
    public void The_KVM_of_P3_is_the_posted_series_and_that_of_P6_is_Linux_6_16()
    {
        Assert.That(KvmOptions.For(CpuidPolicyCatalog.Find("P3")!) with { CpuidPolicy = null! },
            Is.EqualTo(KvmOptions.PostedSeries with { CpuidPolicy = null! }));
        Assert.That(KvmOptions.For(CpuidPolicyCatalog.Find("P6")!) with { CpuidPolicy = null! },
            Is.EqualTo(KvmOptions.Linux616 with { CpuidPolicy = null! }));
    }

    [TestCase("P0", CapabilitiesLayout.Patch09,  InitVmLayout.BeforeSeries, TdpLevelRule.MaxPhysicalAddress)]
    [TestCase("P1", CapabilitiesLayout.Patch09,  InitVmLayout.BeforeSeries, TdpLevelRule.MaxPhysicalAddress)]
    [TestCase("P2", CapabilitiesLayout.Patch11,  InitVmLayout.Series, TdpLevelRule.GuestPhysicalAddressOrMax)]
    [TestCase("P4", CapabilitiesLayout.Patch11,  InitVmLayout.Series, TdpLevelRule.GuestPhysicalAddressOrMax)]
    [TestCase("P5", CapabilitiesLayout.Patch11,  InitVmLayout.Series, TdpLevelRule.GuestPhysicalAddressOrMax)]
    [TestCase("P7", CapabilitiesLayout.Linux616, InitVmLayout.Series, TdpLevelRule.GuestPhysicalAddress)]
    public void A_policy_comes_with_the_interface_of_its_time(
        string policy, CapabilitiesLayout capabilities, InitVmLayout initVm, TdpLevelRule level)
    {
        KvmOptions options = KvmOptions.For(CpuidPolicyCatalog.Find(policy)!);
        GpawRule gpaw = initVm == InitVmLayout.Series ? GpawRule.GuestPhysicalAddress : GpawRule.MaxPhysicalAddress;
        Assert.That((options.Layout, options.InitVmLayout, options.GpawRule, options.TdpLevelRule),
            Is.EqualTo((capabilities, initVm, gpaw, level)));
    }

    [TestCase("poc1", "P2")]
    [TestCase("P7", "P7")]
    [TestCase("series", "P3")]
    public void A_scenario_chooses_the_policy(string name, string id) =>
        Assert.That(Scenario.Parse($"[kvm]\npolicy = \"{name}\"", "my.toml").Platform.Policy, Is.EqualTo(id));

    [Test]
    public void A_scenario_with_an_unknown_policy_is_told_the_names() => Assert.That(
        () => Scenario.Parse("[kvm]\npolicy = \"P9\"", "my.toml"),
        Throws.TypeOf<ConfigurationException>().With.Message.EqualTo(
            "my.toml:2: kvm.policy: expected one of P0, P1, P2, P3, P4, P5, P6, P7, pre-v19, v19, poc1, poc2, next1, "
            + "next2, upstream, allow-list, series"));
}
