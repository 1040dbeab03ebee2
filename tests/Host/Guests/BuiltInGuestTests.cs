using System.Text;
using Iced.Intel;
using Seamsim.Host.Guests;

namespace Seamsim.Tests.Host.Guests;

public sealed class BuiltInGuestTests
{
    private const ulong ResetVector = 0xFFFFFFF0, Code = 0x10000, Code64 = 0x10100, Idt = 0x1200;

    private static IEnumerable<string> Names => BuiltInGuests.Names;

    [Test]
    public void There_are_the_guests_a_scenario_can_name() =>
        Assert.That(BuiltInGuests.Names, Is.EqualTo(new[] { "hello", "cpuid", "accept", "rtmr", "ve", "spin", "census" }));

    [Test]
    public void An_unknown_name_is_no_guest() => Assert.That(BuiltInGuests.Find("goodbye"), Is.Null);

    [TestCaseSource(nameof(Names))]
    public void Regions_are_page_aligned_and_do_not_overlap(string name)
    {
        GuestRegion[] regions = [.. Image(name).Regions.OrderBy(r => r.Gpa)];
        for (int i = 0; i < regions.Length; i++)
        {
            Assert.That(regions[i].Gpa & 0xFFF, Is.Zero);
            if (i > 0)
                Assert.That(regions[i].Gpa, Is.GreaterThanOrEqualTo(regions[i - 1].Gpa + (ulong)regions[i - 1].Bytes.Length));
        }
    }

    [TestCaseSource(nameof(Names))]
    public void The_reset_vector_leads_to_32_bit_code_that_ends_in_a_far_jump_to_64_bit_code(string name)
    {
        List<Instruction> reset = Decode(name, 32, ResetVector, ResetVector + 7);
        Assert.That(reset.Select(i => i.Code), Is.EqualTo(new[] { Iced.Intel.Code.Mov_r32_imm32, Iced.Intel.Code.Jmp_rm32 }));
        Assert.That(reset[0].Immediate32, Is.EqualTo((uint)Code));

        Instruction jump = Decode(name, 32, Code, Code64).First(i => i.Code == Iced.Intel.Code.Jmp_ptr1632);
        Assert.That((jump.FarBranchSelector, jump.FarBranch32), Is.EqualTo(((ushort)8, (uint)Code64)));
    }

    [TestCaseSource(nameof(Names))]
    public void All_64_bit_code_decodes_and_branches_stay_inside(string name)
    {
        ulong end = Code + (ulong)Region(name, Code).Bytes.Length;
        List<Instruction> code = Decode(name, 64, Code64, end);
        HashSet<ulong> starts = [.. code.Select(i => i.IP)];
        Assert.Multiple(() =>
        {
            Assert.That(code.Any(i => i.IsInvalid), Is.False);
            Assert.That(code.Where(i => i.Op0Kind == OpKind.NearBranch64).Select(i => i.NearBranch64).Distinct(),
                Is.Not.Empty.And.SubsetOf(starts));
            Assert.That(code.Count(i => i.Code == Iced.Intel.Code.Tdcall), Is.GreaterThanOrEqualTo(3));
        });
    }

    [TestCaseSource(nameof(Names))]
    public void Vector_20_goes_to_a_handler_that_saves_registers_and_every_other_one_to_the_fault_handler(string name)
    {
        ulong ve = Gate(name, 20), fault = Gate(name, 13);
        ulong end = Code + (ulong)Region(name, Code).Bytes.Length;
        Assert.Multiple(() =>
        {
            Assert.That(ve, Is.Not.EqualTo(fault));
            Assert.That(Decode(name, 64, ve, end)[0].Code, Is.EqualTo(Iced.Intel.Code.Push_r64));
            Assert.That(Enumerable.Range(0, 32).Where(v => v != 20).Select(v => Gate(name, v)), Is.All.EqualTo(fault));
        });
    }

    [TestCaseSource(nameof(Names))]
    public void The_page_tables_map_the_first_gigabyte_to_itself(string name)
    {
        ReadOnlyMemory<byte> tables = Region(name, 0x2000).Bytes;
        ulong Entry(int offset) => BitConverter.ToUInt64(tables.Span[offset..]);
        Assert.That(Entry(0) & ~0xFFFUL, Is.EqualTo(0x3000));
        Assert.That(Entry(0x1000) & ~0xFFFUL, Is.EqualTo(0x4000));
        for (int i = 0; i < 512; i++)
            Assert.That(Entry(0x2000 + i * 8), Is.EqualTo(((ulong)i << 21) | 0xE3));
    }

    [TestCase("hello", "Hello from a TD")]
    [TestCase("cpuid", "cpuid 80000008.0: ")]
    [TestCase("rtmr", "RTMR2 ")]
    public void Texts_are_in_the_image(string name, string text) =>
        Assert.That(Encoding.ASCII.GetString(Region(name, 0x6000).Bytes.Span), Does.Contain(text));

    [Test]
    public void The_same_guest_is_the_same_bytes_every_time()
    {
        foreach (string name in Names)
        {
            byte[] first = Region(name, Code).Bytes.ToArray(), second = Region(name, Code).Bytes.ToArray();
            Assert.That(second, Is.EqualTo(first));
        }
    }

    private static GuestImage Image(string name) => BuiltInGuests.Find(name)!;

    private static GuestRegion Region(string name, ulong gpa) => Image(name).Regions.Single(r => r.Gpa == gpa);

    private static ulong Gate(string name, int vector)
    {
        ReadOnlySpan<byte> gate = Region(name, 0x1000).Bytes.Span[(int)(Idt - 0x1000 + (ulong)vector * 16)..];
        return BitConverter.ToUInt16(gate) | ((ulong)BitConverter.ToUInt16(gate[6..]) << 16);
    }

    private static List<Instruction> Decode(string name, int bitness, ulong from, ulong to)
    {
        GuestRegion region = Image(name).Regions.Single(r => from - r.Gpa < (ulong)r.Bytes.Length);
        byte[] bytes = region.Bytes.Span[(int)(from - region.Gpa)..(int)(to - region.Gpa)].ToArray();
        var decoder = Iced.Intel.Decoder.Create(bitness, bytes, from);
        List<Instruction> code = [];
        while (decoder.IP < to)
            code.Add(decoder.Decode());
        return code;
    }
}
