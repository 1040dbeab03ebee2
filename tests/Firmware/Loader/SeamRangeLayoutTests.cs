using Seamsim.Firmware.Abi;

namespace Seamsim.Tests.Firmware.Loader;

public sealed class SeamRangeLayoutTests
{
    private static readonly SeamImageNeeds Needs = new(7, 1, 127, 16, 31, 0x201000);

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(64)]
    public void Regions_follow_each_other_without_overlap(int lps)
    {
        SeamRangeLayout l = new(0x4000_0000, 128 << 20, lps, Needs);
        ulong page = 0x1000, n = (ulong)lps;
        Assert.Multiple(() =>
        {
            Assert.That(l.Vmcss, Is.EqualTo(l.Base + page));
            Assert.That(l.Handoff, Is.EqualTo(l.Vmcss + n * page));
            Assert.That(l.LocalData, Is.EqualTo(l.Handoff + 32 * page));
            Assert.That(l.GlobalData, Is.EqualTo(l.LocalData + n * 2 * page));
            Assert.That(l.DataEnd, Is.EqualTo(l.GlobalData + 17 * page));
            Assert.That(l.Paging, Is.GreaterThanOrEqualTo(l.DataEnd));
            Assert.That(l.Stacks, Is.EqualTo(l.Paging + l.PagingBytes));
            Assert.That(l.Code, Is.EqualTo(l.Stacks + n * 9 * page));
            Assert.That(l.PSeamldr, Is.EqualTo(l.Code + (4UL << 20)), "the image is rounded up to 2 MiB");
            Assert.That(l.PSeamldr + (2UL << 20), Is.EqualTo(l.Base + l.Bytes));
            Assert.That(l.Fits, Is.True);
        });
    }

    [Test]
    public void A_range_that_is_too_small_says_so() =>
        Assert.That(new SeamRangeLayout(0, 4 << 20, 1, Needs).Fits, Is.False);
}
