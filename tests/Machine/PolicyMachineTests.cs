using Seamsim.Configuration;

namespace Seamsim.Tests.Composition;

/// <summary>The policy of a platform is that of its KVM.</summary>
[TestFixture]
internal sealed class PolicyMachineTests
{
    [TestCase("P0", "P0")]
    [TestCase("v19", "P1")]
    [TestCase("poc1", "P2")]
    [TestCase("series", "P3")]
    [TestCase("next1", "P4")]
    [TestCase("P5", "P5")]
    [TestCase("upstream", "P6")]
    [TestCase("allow-list", "P7")]
    public void A_machine_runs_a_TD_under_its_policy(string policy, string id)
    {
        using Machine machine = new(new Platform { MemoryBytes = 1UL << 30, Policy = policy });
        machine.BringUp();
        Assert.That(machine.Kvm.Options.CpuidPolicy.Id, Is.EqualTo(id));
        Td td = machine.CreateTd(new TdPlan { Name = "a", Gpaw = 52 });
        Assert.That(td.Run(out string reason), Is.True, reason);
    }

    [Test]
    public void A_machine_with_an_unknown_policy_is_told_the_names() => Assert.That(
        () => new Machine(new Platform { Policy = "P8" }),
        Throws.TypeOf<ConfigurationException>().With.Message.StartWith("policy \"P8\": expected one of P0, P1,"));
}
