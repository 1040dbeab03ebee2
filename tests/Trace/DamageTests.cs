using Seamsim.Timing;
using Seamsim.Trace;
using Seamsim.Tracing;

namespace Seamsim.Tests.Trace;

/// <summary>Cut, corrupt, foreign and newer files: what is whole is read, the rest has a place and a reason.</summary>
internal sealed class DamageTests
{
    private static readonly byte[] File = Small();
    private static readonly List<string> Whole = TraceSteps.Read(File, out _);

    [Test]
    public void Cut_at_any_byte_a_file_gives_its_whole_frames_and_says_where_it_stops()
    {
        int most = 0;
        for (int length = 0; length < File.Length; length++)
        {
            List<string> read;
            TraceEnd end;
            try
            {
                read = TraceSteps.Read(File[..length], out end);
            }
            catch (TraceFileException wrong)
            {
                Assert.That(wrong.Offset, Is.LessThanOrEqualTo(length));
                Assert.That(wrong.Message, Does.StartWith($"x.sst: offset {wrong.Offset}: the file is "));
                Assert.That(most, Is.Zero, "only a file without a whole header cannot be opened");
                continue;
            }
            Assert.That(read, Is.EqualTo(Whole[..read.Count]), $"cut at {length}");
            Assert.That(end.Reason, Is.Not.Null, $"cut at {length}");
            Assert.That(end.Offset, Is.LessThanOrEqualTo(length));
            Assert.That(read, Has.Count.GreaterThanOrEqualTo(most), "a longer file never gives less");
            most = read.Count;
        }
        Assert.That(most, Is.EqualTo(Whole.Count), "without footer every record is there");
    }

    [Test]
    public void A_flipped_byte_changes_nothing_or_is_an_error_with_an_offset()
    {
        int unchanged = 0;
        for (int at = 0; at < File.Length; at++)
        {
            byte[] damaged = [.. File];
            damaged[at] ^= (byte)(1 + at * 37 % 255);
            try
            {
                List<string> read = TraceSteps.Read(damaged, out TraceEnd end);
                Assert.That(read, Is.EqualTo(Whole[..read.Count]), $"byte {at}");
                Assert.That(read.Count == Whole.Count || !end.IsComplete, Is.True, $"byte {at} lost records silently");
                unchanged += read.Count == Whole.Count ? 1 : 0;
            }
            catch (TraceFileException wrong)
            {
                Assert.That(wrong.Message, Does.Match("^x.sst: offset [0-9]+: "));
            }
        }
        Assert.That(unchanged, Is.GreaterThan(FooterBytes), "a damaged index or footer costs nothing");
    }

    [Test]
    public void A_frame_with_right_checksums_but_wrong_content_is_an_error_with_an_offset()
    {
        Random random = new(5);
        for (int round = 0; round < 2000; round++)
        {
            try
            {
                TraceSteps.Read(ForgedFrames.Forge(File, random), out _);
            }
            catch (TraceFileException wrong)
            {
                Assert.That(wrong.Message, Does.Match("^x.sst: offset [0-9]+: "));
            }
        }
    }

    [Test]
    public void A_replay_never_counts_more_records_than_the_frame_header_says()
    {
        Random random = new(6);
        ulong most = TraceReader.Open(new MemoryStream(File), "x.sst").Records * BlockDefinition.MaxInstructions;
        int refused = 0;
        for (int round = 0; round < 2000; round++)
        {
            using TraceReader reader = TraceReader.Open(new MemoryStream(ForgedFrames.Forge(File, random)), "x.sst");
            ReplayReport report = TraceReplay.RunWhole(reader, new Functional(), out TraceFileException? wrong);
            refused += wrong is null ? 0 : 1;
            Assert.That(report.Lps.Aggregate(0UL, (sum, lp) => sum + lp.Instructions), Is.LessThanOrEqualTo(most));
        }
        Assert.That(refused, Is.GreaterThan(0));
    }

    [Test]
    public void Repeats_whose_sum_is_more_than_the_frame_has_records_are_refused_at_once()
    {
        byte[] hostile = ForgedFrames.Replace(File, 1, control =>
        {
            List<byte> repeats = [.. control];
            for (int i = 0; i < 1 << 20; i++)
                repeats.AddRange([0x40 | 0x1E, 7]);
            return [.. repeats];
        });
        using TraceReader reader = TraceReader.Open(new MemoryStream(hostile), "x.sst");
        TraceReplay.RunWhole(reader, new Functional(), out TraceFileException? wrong);
        Assert.That(wrong?.Message, Does.Contain("the frame does not hold what its header says"));
    }

    [TestCase("", "offset 0: the file is empty")]
    [TestCase("PK\u0003\u0004 something else entirely", "offset 0: this is not a seamsim trace")]
    [TestCase("x", "offset 0: this is not a seamsim trace")]
    public void A_foreign_file_is_named_as_one(string content, string expected)
    {
        TraceFileException? wrong = Assert.Throws<TraceFileException>(
            () => TraceReader.Open(new MemoryStream(System.Text.Encoding.Latin1.GetBytes(content)), "f.sst"));
        Assert.That(wrong!.Message, Does.StartWith("f.sst: " + expected));
    }

    [Test]
    public void A_newer_version_is_named_as_one()
    {
        byte[] newer = [.. File];
        newer[8] = 2;
        TraceFileException? wrong =
            Assert.Throws<TraceFileException>(() => TraceReader.Open(new MemoryStream(newer), "n.sst"));
        Assert.That(wrong!.Message, Is.EqualTo(
            "n.sst: offset 8: the trace has format version 2; this program reads up to 1"));
    }

    [Test]
    public void Bytes_behind_the_footer_are_noticed()
    {
        List<string> read = TraceSteps.Read([.. File, 1, 2, 3], out TraceEnd end);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(read, Is.EqualTo(Whole));
            Assert.That(end.IsComplete, Is.False);
        }
    }

    private const int FooterBytes = 32;

    private static byte[] Small()
    {
        List<Step> steps = [];
        for (int i = 0; i < 12; i++)
        {
            steps.AddRange(
            [
                new Step.Execute(i % 5, 3, i % 2), new Step.Access(0x1000 + (ulong)i * 24, 8, i % 3 == 0, (ulong)i * 77),
                new Step.Registers(3, (ulong)i), new Step.Event(EventKind.Exception, 14, 1, [1, (ulong)i, 0x1234]),
                new Step.SwitchLp(i / 4),
            ]);
        }
        return TraceSteps.Record(steps, 60);
    }
}
