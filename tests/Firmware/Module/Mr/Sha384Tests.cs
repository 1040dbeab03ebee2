using System.Security.Cryptography;
using System.Text;
using Seamsim.Firmware.Module;

namespace Seamsim.Tests.Firmware.Module.Mr;

public class Sha384Tests
{
    [Test]
    public void The_digest_of_abc_is_the_one_FIPS_180_4_publishes()
    {
        string expected =
            "CB00753F45A35E8BB5A03D699AC65007272C32AB0EDED1631A8B605A43FF5BED8086072BA1E7CC2358BAECA134C825A7";
        Assert.That(Convert.ToHexString(Digest(Encoding.ASCII.GetBytes("abc"), _ => 1)), Is.EqualTo(expected));
    }

    [Test]
    public void Any_length_up_to_three_blocks_agrees_with_the_base_class_library()
    {
        var random = new Random(384);
        for (int length = 0; length <= 3 * Sha384.BlockBytes; length++)
        {
            byte[] data = new byte[length];
            random.NextBytes(data);
            Assert.That(Digest(data, left => left), Is.EqualTo(SHA384.HashData(data)), $"length {length}");
        }
    }

    [Test]
    public void Any_split_of_the_input_gives_the_same_digest()
    {
        var random = new Random(1801);
        for (int round = 0; round < 300; round++)
        {
            byte[] data = new byte[random.Next(2000)];
            random.NextBytes(data);
            Assert.That(
                Digest(data, left => Math.Min(left, random.Next(300))),
                Is.EqualTo(SHA384.HashData(data)),
                $"round {round}");
        }
    }

    [Test]
    public void Finishing_leaves_the_context_running()
    {
        byte[] context = new byte[Sha384.ContextBytes];
        Sha384.Start(context);
        Sha384.Append(context, [1, 2, 3]);
        byte[] before = [.. context];
        Sha384.Finish(context, new byte[Sha384.DigestBytes]);
        Assert.That(context, Is.EqualTo(before));
        Sha384.Append(context, [4]);
        byte[] digest = new byte[Sha384.DigestBytes];
        Sha384.Finish(context, digest);
        Assert.That(digest, Is.EqualTo(SHA384.HashData([1, 2, 3, 4])));
    }

    [Test]
    public void Appending_tells_how_many_blocks_it_compressed()
    {
        byte[] context = new byte[Sha384.ContextBytes];
        Sha384.Start(context);
        Assert.Multiple(() =>
        {
            Assert.That(Sha384.Append(context, new byte[127]), Is.Zero);
            Assert.That(Sha384.Append(context, new byte[1]), Is.EqualTo(1));
            Assert.That(Sha384.Append(context, new byte[300]), Is.EqualTo(2));
            Assert.That(Sha384.Append(context, new byte[84]), Is.EqualTo(1));
        });
    }

    private static byte[] Digest(byte[] data, Func<int, int> nextPiece)
    {
        byte[] context = new byte[Sha384.ContextBytes];
        Sha384.Start(context);
        for (int done = 0; done < data.Length;)
        {
            int count = nextPiece(data.Length - done);
            Sha384.Append(context, data.AsSpan(done, count));
            done += count;
        }
        byte[] digest = new byte[Sha384.DigestBytes];
        Sha384.Finish(context, digest);
        return digest;
    }
}
