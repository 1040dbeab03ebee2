using Seamsim.Consistency;

namespace Seamsim.Tests.Composition.Consistency;

/// <summary>An upgrade's effect in words.</summary>
[TestFixture]
internal sealed class UpgradeEffectTests
{
    [TestCase(0, 0, true,  "unchanged")]
    [TestCase(1, 0, true,  "lost 1, seen")]
    [TestCase(1, 0, false, "lost 1, unseen")]
    [TestCase(0, 2, false, "gained 2, unseen")]
    [TestCase(3, 1, true,  "lost 3, gained 1, seen")]
    public void Words(int lost, int gained, bool sees, string words)
    {
        UpgradeEffect effect = new(Bits(lost), Bits(gained), sees, KvmHolds: true, KvmKnows: true);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(effect.Words, Is.EqualTo(words));
            Assert.That(effect.Drift, Is.EqualTo(lost + gained));
        }
    }

    private static CpuidBit[] Bits(int count) => [.. Enumerable.Range(0, count).Select(bit => new CpuidBit(7, 0, 1, bit))];
}
