using Seamsim.Isa;
using Seamsim.Isa.Memory;

namespace Seamsim.Tests.Isa.Memory;

public sealed unsafe class PhysicalMemoryTests
{
    private const ulong Page = 0x1000;

    // 52-bit addresses, 6 KeyID bits: KeyIDs 1..31 shared, 32..63 private.
    private static readonly KeyIdLayout Layout = new(52, 6, 31, 32);
    private static readonly KeyId Shared = new(3);
    private static readonly KeyId Private = new(40);

    private PhysicalMemory memory = null!;
    private Recorder recorder = null!;

    [SetUp]
    public void CreateMemory()
    {
        memory = new PhysicalMemory(Layout, [(0, 2UL << 30), (4UL << 30, 2UL << 30)], 2);
        recorder = new Recorder();
        memory.Observe(recorder);
        memory.ProgramKey(0, Shared, 0x1111, integrity: false);
        memory.ProgramKey(0, Private, 0x2222, integrity: true);
        recorder.Events.Clear();
    }

    [TearDown]
    public void DisposeMemory() => memory.Dispose();

    [Test]
    public void A_value_reads_back_through_its_own_key()
    {
        Assert.That(memory.Write(At(0x10_0FFC, Shared), 0x1122334455667788UL, false), Is.EqualTo(MemoryResult.Ok));
        Assert.That(memory.Read<ulong>(At(0x10_0FFC, Shared), false, out _), Is.EqualTo(0x1122334455667788));
    }

    [Test]
    public void Another_key_sees_the_same_ciphertext_every_time_and_not_the_data()
    {
        memory.Write(At(0x5000, Shared), 0xAAUL, false);
        ulong first = memory.Read<ulong>(At(0x5000, KeyId.Platform), false, out MemoryResult result);
        ulong again = memory.Read<ulong>(At(0x5000, KeyId.Platform), false, out _);
        Assert.Multiple(() =>
        {
            Assert.That(result, Is.EqualTo(MemoryResult.Ok));
            Assert.That(first, Is.Not.EqualTo(0xAA).And.Not.Zero);
            Assert.That(again, Is.EqualTo(first));
        });
    }

    [Test]
    public void A_new_key_for_the_KeyID_turns_old_data_into_ciphertext()
    {
        memory.FillPage(At(0x6000, Shared), 0x77, false);
        memory.ProgramKey(0, Shared, 0x3333, integrity: false);
        Assert.Multiple(() =>
        {
            Assert.That(memory.Read<ulong>(At(0x6000, Shared), false, out _), Is.Not.EqualTo(0x77));
            Assert.That(recorder.Events, Is.EqualTo(new[] { "all" }));
            Assert.That(memory.TryPin(At(0x6000, Shared), false) is null);
        });
    }

    [Test]
    public void A_KeyID_without_a_key_uses_the_platform_key()
    {
        memory.Write(At(0x7000, KeyId.Platform), 0x42UL, false);
        Assert.That(memory.Read<ulong>(At(0x7000, new KeyId(9)), false, out _), Is.EqualTo(0x42));
    }

    [Test]
    public void A_private_line_read_through_a_shared_key_is_poison()
    {
        memory.FillPage(At(0x8000, Private), 0x99, true);
        ulong value = memory.Read<ulong>(At(0x8000, KeyId.Platform), false, out MemoryResult result);
        Assert.That((result, value), Is.EqualTo((MemoryResult.Poison, 0UL)));
    }

    [Test]
    public void A_shared_line_read_through_a_private_key_is_poison()
    {
        memory.Write(At(0x8000, KeyId.Platform), 1UL, false);
        memory.Read<ulong>(At(0x8000, Private), true, out MemoryResult result);
        Assert.That(result, Is.EqualTo(MemoryResult.Poison));
    }

    [Test]
    public void Without_integrity_a_private_line_is_ciphertext_to_others()
    {
        memory.ProgramKey(0, Private, 0x4444, integrity: false);
        memory.FillPage(At(0x8000, Private), 0x99, true);
        ulong value = memory.Read<ulong>(At(0x8000, KeyId.Platform), false, out MemoryResult result);
        Assert.That(result, Is.EqualTo(MemoryResult.Ok));
        Assert.That(value, Is.Not.EqualTo(0x99).And.Not.Zero);
    }

    [Test]
    public void A_partial_write_through_another_key_changes_only_its_line()
    {
        memory.FillPage(At(0x9000, Shared), 0x55, false);
        memory.Write(At(0x9040, KeyId.Platform), 0xBEEFUL, false);
        Assert.Multiple(() =>
        {
            Assert.That(memory.Read<ulong>(At(0x9040, KeyId.Platform), false, out _), Is.EqualTo(0xBEEF));
            Assert.That(memory.Read<ulong>(At(0x9048, Shared), false, out _), Is.EqualTo(0x55),
                "the rest of the line was decrypted with the new key, so the old key finds it again");
            Assert.That(memory.Read<ulong>(At(0x9080, Shared), false, out _), Is.EqualTo(0x55));
            Assert.That(memory.Read<ulong>(At(0x9040, Shared), false, out _), Is.Not.EqualTo(0xBEEF));
            Assert.That(memory.TryGetKey(At(0x9000, default), out _), Is.False);
            Assert.That(memory.TryPin(At(0x9000, Shared), false) is null);
        });
    }

    [Test]
    public void A_mixed_page_becomes_uniform_when_the_last_line_is_written()
    {
        for (ulong line = 0; line < Page; line += 64)
            memory.Write(At(0xA000 + line, Shared), new byte[64], false);
        Assert.That(memory.TryGetKey(At(0xA000, default), out KeyId key), Is.True);
        Assert.That(key, Is.EqualTo(Shared));
    }

    [Test]
    public void A_pinned_pointer_sees_writes_and_is_taken_back_when_the_key_changes()
    {
        byte* pinned = memory.TryPin(At(0xB000, KeyId.Platform), write: true);
        memory.Write(At(0xB008, KeyId.Platform), 0x1234UL, false);
        Assert.That(*(ulong*)(pinned + 8), Is.EqualTo(0x1234));
        Assert.That(recorder.Events, Is.Empty);

        memory.Write(At(0xB010, Shared), 1UL, false);
        Assert.That(recorder.Events, Is.EqualTo(new[] { "page B000" }));
    }

    [Test]
    public void Filling_a_pinned_page_in_place_keeps_the_pointer()
    {
        byte* pinned = memory.TryPin(At(0xB000, KeyId.Platform), write: false);
        memory.FillPage(At(0xB000, KeyId.Platform), 0x0102030405060708, false);
        Assert.That(*(ulong*)(pinned + 4088), Is.EqualTo(0x0102030405060708));
        Assert.That(recorder.Events, Is.Empty);
    }

    [Test]
    public void Repeated_patterns_need_no_host_memory_until_something_else_is_written()
    {
        byte[] entry = [1, 0, 2, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 7];
        Assert.That(memory.Fill(At(1UL << 30, Private), 64 << 20, entry, true), Is.EqualTo(MemoryResult.Ok));
        Assert.That(memory.BackedPages, Is.Zero);

        byte[] read = new byte[24];
        memory.Read(At((1UL << 30) + 4088, Private), read, true);
        Assert.That(read, Is.EqualTo(entry[8..].Concat(entry)));
        memory.Write(At((1UL << 30) + 32, Private), entry, true);
        Assert.That(memory.BackedPages, Is.Zero, "the same bytes again");

        memory.Write(At((1UL << 30) + 32, Private), 5UL, true);
        Assert.That(memory.BackedPages, Is.EqualTo(1));
        Assert.That(memory.Read<ulong>(At((1UL << 30) + 48, Private), true, out _), Is.EqualTo(0x20001));
    }

    [Test]
    public void A_fill_that_starts_and_ends_inside_pages_touches_nothing_else()
    {
        memory.Fill(At(0xC800, KeyId.Platform), 0x2000, [0xAB], false);
        Assert.Multiple(() =>
        {
            Assert.That(memory.Read<byte>(At(0xC7FF, default), false, out _), Is.Zero);
            Assert.That(memory.Read<byte>(At(0xC800, default), false, out _), Is.EqualTo(0xAB));
            Assert.That(memory.Read<byte>(At(0xE7FF, default), false, out _), Is.EqualTo(0xAB));
            Assert.That(memory.Read<byte>(At(0xE800, default), false, out _), Is.Zero);
        });
    }

    [Test]
    public void The_SEAM_range_answers_all_ones_from_outside_and_swallows_writes()
    {
        memory.SetSeamRange(0x4000_0000, 32 << 20);
        Hpa inside = At(0x4000_1000, default);
        memory.Write(inside, 0x11UL, true);
        Assert.Multiple(() =>
        {
            Assert.That(memory.Write(inside, 0x22UL, false), Is.EqualTo(MemoryResult.Aborted));
            Assert.That(memory.Read<ulong>(inside, false, out MemoryResult r), Is.EqualTo(ulong.MaxValue));
            Assert.That(r, Is.EqualTo(MemoryResult.Aborted));
            Assert.That(memory.Read<ulong>(inside, true, out _), Is.EqualTo(0x11));
            Assert.That(memory.TryPin(inside, false) is null);
            Assert.That(memory.TryPin(inside, false, inSeam: true) is not null);
            Assert.That(memory.FillPage(inside, 0, false), Is.EqualTo(MemoryResult.Aborted));
        });
    }

    [Test]
    public void Private_KeyIDs_are_closed_outside_SEAM()
    {
        memory.FillPage(At(0x8000, Private), 0x99, true);
        Assert.That(memory.Read<ulong>(At(0x8000, Private), false, out MemoryResult r), Is.EqualTo(ulong.MaxValue));
        Assert.That(r, Is.EqualTo(MemoryResult.Aborted));
    }

    [Test]
    public void Outside_RAM_reads_are_all_ones()
    {
        Assert.That(memory.Read<uint>(At(3UL << 30, default), false, out MemoryResult r), Is.EqualTo(uint.MaxValue));
        Assert.That(r, Is.EqualTo(MemoryResult.NoMemory));
        Assert.That(memory.Write(At(1UL << 45, default), 1UL, false), Is.EqualTo(MemoryResult.NoMemory));
    }

    [Test]
    public void A_write_to_a_code_page_takes_the_slow_way_and_is_announced_once()
    {
        memory.TryPin(At(0xF000, default), write: true);
        memory.MarkCode(At(0xF000, default));
        Assert.That(recorder.Events, Is.EqualTo(new[] { "page F000" }), "write pointers are called back");
        Assert.That(memory.TryPin(At(0xF000, default), write: true) is null);
        Assert.That(memory.TryPin(At(0xF000, default), write: false) is not null);

        memory.Write(At(0xF123, default), (byte)0x90, false);
        memory.Write(At(0xF124, default), (byte)0x90, false);
        Assert.That(recorder.Events, Is.EqualTo(new[] { "page F000", "code F000" }));
    }

    [Test]
    public void Memory_belongs_to_packages_in_equal_shares_and_each_has_its_own_key()
    {
        Hpa first = At(0x1000, Shared), second = At(4UL << 30, Shared);
        Assert.That((memory.HomeOf(first), memory.HomeOf(second)), Is.EqualTo((0, 1)));
        memory.Write(second, 0x5AUL, false);
        memory.ProgramKey(0, Shared, 0x9999, integrity: false);
        Assert.That(memory.Read<ulong>(second, false, out _), Is.EqualTo(0x5A), "package 1 keeps its key");
    }

    [Test]
    public void A_page_that_changes_its_KeyID_while_dirty_is_reported_and_a_flushed_one_is_not()
    {
        memory.Write(At(0x1_0000, default), 1UL, false);
        memory.FillPage(At(0x1_0000, Private), 0, true);
        memory.Write(At(0x1_1000, default), 1UL, false);
        memory.PageWrittenBack(At(0x1_1000, default));
        memory.FillPage(At(0x1_1000, Private), 0, true);
        Assert.That(memory.Ledger.Reports,
            Is.EqualTo(new[] { new ReuseReport(ReuseKind.Page, 0x1_0000, KeyId.Platform, Private) }));
    }

    [Test]
    public void A_KeyID_programmed_again_is_reported_unless_all_packages_wrote_back()
    {
        memory.Write(At(0x1_2000, Private), new byte[4096], true);
        memory.Ledger.PackageWrittenBack(0);
        memory.ProgramKey(0, Private, 1, true);
        Assert.That(memory.Ledger.Count, Is.EqualTo(1), "package 1 has not written back");

        memory.Write(At(0x1_2000, Private), new byte[4096], true);
        memory.Ledger.PackageWrittenBack(0);
        memory.Ledger.PackageWrittenBack(1);
        memory.ProgramKey(0, Private, 2, true);
        Assert.That(memory.Ledger.Count, Is.EqualTo(1));
    }

    private static Hpa At(ulong address, KeyId key) => Layout.WithKey(new Hpa(address), key);

    private sealed class Recorder : IMemoryObserver
    {
        public List<string> Events { get; } = [];

        public void PageChanged(ulong page) => Events.Add($"page {page:X}");

        public void AllChanged() => Events.Add("all");

        public void CodeWritten(ulong page) => Events.Add($"code {page:X}");
    }
}
