using Seamsim.Trace;

namespace Seamsim.Tests.Trace;

/// <summary>Rows say what executed, what it accessed and what happened in between, in the order it happened.</summary>
internal sealed class ListingTests
{
    private static List<string> Rows(ListingFilter filter, byte[]? file = null)
    {
        using TraceReader reader = TraceReader.Open(new MemoryStream(file ?? SampleTrace.Create()), "sample.sst");
        return [.. new TraceListing(reader).Rows(filter).Where(row => !row.Text.StartsWith("registers", StringComparison.Ordinal))
            .Select(row => $"{row.Lp} {row.World} {row.Instruction} @{row.Cycles} {row.Text}{(row.Detail.Length == 0 ? "" : " ; " + row.Detail)}")];
    }

    [Test]
    public void Instructions_have_their_accesses_and_events_their_names() =>
        Assert.That(Rows(new ListingFilter()), Is.EqualTo(new[]
        {
            "0 Host 0 @100 space space=1 cr3=0x9000",
            "0 Host 0 @100 translate linear=0x2000 gpa=0x2000 hpa=0x72000 keyid=0 bytes=4096",
            "0 Host 0 @100 mov rax, [rbx] ; r8 0x2000 gpa 0x2000 hpa 0x72000 = 0x11",
            "0 Host 1 @100 add [rcx], rax ; r8 0x3000 = 0x0 w8 0x3000 = 0x11",
            "0 Host 2 @100 dec rdx",
            "0 Host 3 @100 jne short 0x1000",
            "0 Host 4 @104 mov rax, [rbx] ; r8 0x2008 gpa 0x2008 hpa 0x72008 = 0x11",
            "0 Host 5 @104 add [rcx], rax ; r8 0x3000 = 0x1 w8 0x3000 = 0x12",
            "0 Host 6 @104 dec rdx",
            "0 Host 7 @104 jne short 0x1000",
            "0 Host 8 @108 mov rax, [rbx] ; r8 0x2010 gpa 0x2010 hpa 0x72010 = 0x11",
            "0 Host 9 @108 add [rcx], rax ; r8 0x3000 = 0x2 w8 0x3000 = 0x13",
            "0 Host 10 @108 dec rdx",
            "0 Host 11 @108 jne short 0x1000",
            "0 Host 12 @112 seamcall",
            "0 Host 13 @113 enter TDH.MNG.CREATE rax=0x9 rcx=0x123000",
            "0 Seam 13 @114 world seam",
            "0 Seam 13 @122 operation VMREAD IoBitmapA cycles=8 operand=0x2000",
            "0 Host 13 @162 world host",
            "0 Host 13 @162 exit TDH.MNG.CREATE TDX_SUCCESS",
            "1 Host 13 @500 mark region",
            "1 Td 13 @510 world td",
            "1 Td 13 @510 push rax ; w8 0x8ff8 = 0x55",
            "1 Td 14 @510 call 0x5010 ; w8 0x8ff0 = 0x5006",
            "1 Td 15 @520 rep movsb [rdi], [rsi] (does not retire) ; r1 0x6000 = 0x0 w1 0x7000 = 0x0 r1 0x6001 = 0x1 w1 0x7001 = 0x1 "
                + "r1 0x6002 = 0x2 w1 0x7002 = 0x2",
            "1 Td 15 @530 exception 14 flags=0x1 error_code=0x2 address=0x7003",
            "1 Td 15 @540 vm-exit EptViolation qualification=0x181 linear=0x7003 gpa=0x47003",
            "1 Seam 15 @545 world seam",
        }));

    [Test]
    public void Filters_take_what_they_say()
    {
        List<string> all = Rows(new ListingFilter());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Rows(new ListingFilter { Lp = 1 }), Is.EqualTo(all.Where(row => row[0] == '1')));
            Assert.That(Rows(new ListingFilter { Worlds = TraceWorlds.Seam }), Is.EqualTo(all.Where(row => row.Contains(" Seam "))));
            Assert.That(Rows(new ListingFilter { Text = "MOV" }),
                Is.EqualTo(all.Where(row => row.Contains("mov", StringComparison.Ordinal))));
            Assert.That(Rows(new ListingFilter { Text = "0x2008" }), Has.Count.EqualTo(1));
        }
    }

    [Test]
    public void Every_range_of_instructions_is_what_the_whole_listing_has_there()
    {
        List<string> all = Rows(new ListingFilter());
        for (ulong from = 0; from <= 15; from++)
        {
            for (ulong to = from; to <= 16; to++)
            {
                List<string> part = Rows(new ListingFilter { From = from, To = to });
                IEnumerable<string> wanted = all.Where(row => Number(row) >= from && Number(row) < to && IsInstruction(row));
                Assert.That(part.Where(IsInstruction), Is.EqualTo(wanted), $"{from}..{to}");
            }
        }
    }

    [Test]
    public void What_happened_amid_a_block_comes_before_the_instruction_it_happened_in()
    {
        byte[] file = TraceSteps.Record(
        [
            new Step.Execute(1, 5, 0), // push rax; pop rbx; ret
            new Step.Access(0x7FF8, 8, true, 1),
            new Step.Event(EventKind.Walk, 1, 0, [0x9000]),
            new Step.Access(0x7FF8, 8, false, 1),
            new Step.Access(0x8000, 8, false, 2),
            new Step.Event(EventKind.Clock, 0, 9, [9]),
            new Step.Execute(1, 5, 0),
        ], 1000);
        Assert.That(Rows(new ListingFilter { To = 3 }, file).Select(row => string.Join(' ', row.Split(' ')[2..6])), Is.EqualTo(new[]
        {
            "0 @5 push rax", "1 @5 walk page", "1 @5 pop rbx", "2 @5 ret ;", "3 @14 clock Idle",
        }));
    }

    private static ulong Number(string row) => ulong.Parse(row.Split(' ')[2], System.Globalization.CultureInfo.InvariantCulture);

    private static bool IsInstruction(string row) =>
        row.Split(' ')[4] is "mov" or "add" or "dec" or "jne" or "seamcall" or "push" or "call" or "rep";
}
