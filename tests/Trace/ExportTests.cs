using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Parquet;
using Parquet.Schema;
using Seamsim.Trace;

namespace Seamsim.Tests.Trace;

/// <summary>What other programs read is what their formats ask for, field by field.</summary>
internal sealed class ExportTests
{
    [Test]
    public void Spike_gets_a_commit_log() =>
        Assert.That(Lines("spike"), Is.EqualTo(new[]
        {
            "core   0: 0 0x0000000000001000 (0x488b03) mem 0x0000000000002000",
            "core   0: 0 0x0000000000001003 (0x480101) mem 0x0000000000003000 mem 0x0000000000003000 0x0000000000000011",
            "core   0: 0 0x0000000000001006 (0x48ffca)",
            "core   0: 0 0x0000000000001009 (0x75f5) rax 0x0000000000000011 rdx 0x0000000000000002",
            "core   0: 0 0x0000000000001000 (0x488b03) mem 0x0000000000002008",
            "core   0: 0 0x0000000000001003 (0x480101) mem 0x0000000000003000 mem 0x0000000000003000 0x0000000000000012",
            "core   0: 0 0x0000000000001006 (0x48ffca)",
            "core   0: 0 0x0000000000001009 (0x75f5) rax 0x0000000000000011 rdx 0x0000000000000001",
            "core   0: 0 0x0000000000001000 (0x488b03) mem 0x0000000000002010",
            "core   0: 0 0x0000000000001003 (0x480101) mem 0x0000000000003000 mem 0x0000000000003000 0x0000000000000013",
            "core   0: 0 0x0000000000001006 (0x48ffca)",
            "core   0: 0 0x0000000000001009 (0x75f5) rax 0x0000000000000011 rdx 0x0000000000000000",
            "core   0: 0 0x000000000000100b (0x660f01cf)",
            "core   1: 3 0x0000000000005000 (0x50) mem 0x0000000000008ff8 0x0000000000000055",
            "core   1: 3 0x0000000000005001 (0xe80a000000) mem 0x0000000000008ff0 0x0000000000005006",
            "core   1: exception 14 flags=0x1 error_code=0x2 address=0x7003",
        }));

    [Test]
    public void ChampSim_gets_64_bytes_an_instruction()
    {
        byte[] file = Export("champsim", SampleTrace.Create(), lp: 0);
        Assert.That(file, Has.Length.EqualTo(13 * 64));
        // ip, is_branch, taken, destinations, sources, writes, reads; registers have Pin's numbers
        (ulong Ip, byte Branch, byte Taken, string Targets, string Sources, ulong Write, ulong Read)[] expected =
        [
            (0x1000, 0, 0, "10", "7", 0, 0x2000),
            (0x1003, 0, 0, "25", "9 10", 0x3000, 0x3000),
            (0x1006, 0, 0, "8 25", "8", 0, 0),
            (0x1009, 1, 1, "26", "25 26", 0, 0),
            (0x1000, 0, 0, "10", "7", 0, 0x2008),
        ];
        using (Assert.EnterMultipleScope())
        {
            for (int i = 0; i < expected.Length; i++)
            {
                ReadOnlySpan<byte> at = file.AsSpan(i * 64, 64);
                Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(at), Is.EqualTo(expected[i].Ip), $"ip {i}");
                Assert.That((at[8], at[9]), Is.EqualTo((expected[i].Branch, expected[i].Taken)), $"branch {i}");
                Assert.That(Sorted(at[10..12]), Is.EqualTo(expected[i].Targets), $"targets {i}");
                Assert.That(Sorted(at[12..16]), Is.EqualTo(expected[i].Sources), $"sources {i}");
                Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(at[16..]), Is.EqualTo(expected[i].Write), $"write {i}");
                Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(at[32..]), Is.EqualTo(expected[i].Read), $"read {i}");
            }
            Assert.That(file[11 * 64 + 9], Is.Zero, "the last branch of the loop falls through");
        }
    }

    [Test]
    public void ChampSim_needs_one_logical_processor()
    {
        using TraceReader reader = TraceReader.Open(new MemoryStream(SampleTrace.Create()), "sample.sst");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Format("champsim").Refusal(reader, null), Does.Contain("--lp"));
            Assert.That(Format("champsim").Refusal(reader, 1), Is.Null);
        }
    }

    [Test]
    public void Drmemtrace_text_numbers_records_and_instructions()
    {
        string[] lines = Lines("drmemtrace-text");
        Assert.That(lines[3..10], Is.EqualTo(new[]
        {
            "           1           0:           0 <marker: timestamp 100>",
            "           2           0:           0 <marker: tid 0 on core 0>",
            "           3           1:           0 ifetch       3 byte(s) @ 0x0000000000001000 48 8b 03                 mov rax, [rbx]",
            "           4           1:           0 read         8 byte(s) @ 0x0000000000002000 by PC 0x0000000000001000",
            "           5           2:           0 ifetch       3 byte(s) @ 0x0000000000001003 48 01 01                 add [rcx], rax",
            "           6           2:           0 read         8 byte(s) @ 0x0000000000003000 by PC 0x0000000000001003",
            "           7           2:           0 write        8 byte(s) @ 0x0000000000003000 by PC 0x0000000000001003",
        }));
    }

    [Test]
    public void Perfetto_gets_a_track_for_each_world_and_leaves_as_slices()
    {
        using JsonDocument json = JsonDocument.Parse(Export("perfetto", SampleTrace.Create()));
        JsonElement[] slices = [.. json.RootElement.GetProperty("traceEvents").EnumerateArray()
            .Where(e => e.GetProperty("ph").GetString() == "X")];
        IEnumerable<string> told = slices.Select(e => $"{e.GetProperty("pid")}/{e.GetProperty("tid")} {e.GetProperty("name")} "
            + $"{e.GetProperty("ts")}+{e.GetProperty("dur")}");
        IEnumerable<string> tracks = json.RootElement.GetProperty("traceEvents").EnumerateArray()
            .Where(e => e.GetProperty("name").GetString() == "thread_name")
            .Select(e => $"{e.GetProperty("pid")}/{e.GetProperty("tid")} {e.GetProperty("args").GetProperty("name")}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(told, Is.EquivalentTo(new[]
            {
                "0/0 host 100+14", "0/1 seam 114+48", "0/16 TDH.MNG.CREATE 113+49", "1/0 host 500+10", "1/2 td 510+35",
            }));
            Assert.That(tracks, Does.Contain("1/2 td").And.Contain("0/16 SEAMCALL"));
        }
    }

    [Test]
    public void Csv_has_the_documented_columns()
    {
        string[] lines = Lines("csv");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines[0], Is.EqualTo("record,instruction,lp,world,cycles,kind,address,bytes,physical,keyid,value,code,text"));
            Assert.That(lines, Does.Contain("3,0,0,host,100,instruction,0x1000,3,0x71000,0,,488b03,\"mov rax, [rbx]\""));
            Assert.That(lines, Does.Contain("3,0,0,host,100,read,0x2000,8,0x72000,0,0x11,,"));
            Assert.That(lines.Any(line => line.EndsWith(",13,0,host,162,exit,,,,,,,exit TDH.MNG.CREATE TDX_SUCCESS", StringComparison.Ordinal)), Is.True);
            Assert.That(lines.Count(line => line.Contains(",instruction,", StringComparison.Ordinal) && line.Split(',')[5] == "instruction"), Is.EqualTo(15));
        }
    }

    [Test]
    public async Task Parquet_holds_the_rows_of_csv()
    {
        string[][] csv = [.. Lines("csv").Skip(1).Select(line => line.Split(','))];
        using MemoryStream file = new(Export("parquet", SampleTrace.Create()));
        await using ParquetReader reader = await ParquetReader.CreateAsync(file);
        using ParquetRowGroupReader group = reader.OpenRowGroupReader(0);
        DataField[] fields = reader.Schema.GetDataFields();
        ulong[] instructions = new ulong[csv.Length];
        string?[] kinds = new string?[csv.Length];
        ulong?[] addresses = new ulong?[csv.Length];
        await group.ReadAsync<ulong>(fields[1], instructions.AsMemory());
        await group.ReadAsync(fields[5], kinds.AsMemory());
        await group.ReadAsync<ulong>(fields[6], addresses.AsMemory());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(string.Join(',', fields.Select(field => field.Name)), Is.EqualTo(Lines("csv")[0]));
            Assert.That(instructions.Select(n => $"{n}"), Is.EqualTo(csv.Select(row => row[1])));
            Assert.That(kinds, Is.EqualTo(csv.Select(row => row[5])));
            Assert.That(addresses.Select(a => a is null ? "" : $"0x{a:x}"), Is.EqualTo(csv.Select(row => row[6])));
        }
    }

    [Test]
    public void Every_format_says_what_it_cannot_hold() =>
        Assert.That(ExportFormat.All.Select(format => format.Loses), Is.All.Not.Empty);

    private static ExportFormat Format(string name) => ExportFormat.All.Single(format => format.Name == name);

    private static byte[] Export(string format, byte[] trace, int? lp = null)
    {
        using TraceReader reader = TraceReader.Open(new MemoryStream(trace), "sample.sst");
        using MemoryStream to = new();
        Format(format).Export(reader, to, lp, TraceWorlds.All);
        return to.ToArray();
    }

    private static string[] Lines(string format) =>
        Encoding.UTF8.GetString(Export(format, SampleTrace.Create())).TrimEnd('\n').Split('\n');

    private static string Sorted(ReadOnlySpan<byte> numbers) =>
        string.Join(' ', numbers.ToArray().Where(n => n != 0).Order());
}
