using Seamsim.Hosting;

namespace Seamsim.Tests.Composition;

/// <summary>Scratch pages carry nothing from one user to the next.</summary>
[TestFixture]
internal sealed class ScratchPagesTests
{
    [Test]
    public void A_page_comes_back_empty()
    {
        ScratchPages pages = new();
        byte[] secret = pages.Rent();
        Array.Fill(secret, (byte)0xA5);
        pages.GiveBack(secret);
        Assert.That(pages.Rent(), Is.SameAs(secret).And.All.Zero);
    }
}
