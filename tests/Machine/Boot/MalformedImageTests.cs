using Iced.Intel;
using Seamsim.BareMetal;
using Seamsim.Loading;

namespace Seamsim.Tests.Boot;

/// <summary>An image that cannot be used is refused with a reason on one line; none crashes or hangs a run.</summary>
[TestFixture]
internal sealed class MalformedImageTests
{
    private const int ElfHeader = 52, Segment = ElfHeader, Multiboot = 84, AddressHeader = 64;
    private const string NoHeader = "no Multiboot header", NoElf = "expected a little-endian ELF",
        Outside = "program headers lie outside", NoFit = "does not fit the file", Contradict = "contradict",
        NoMemory = "is not memory of this machine";

    private static IEnumerable<TestCaseData> Images()
    {
        yield return Row("nothing", _ => [], NoHeader);
        yield return Row("a text", _ => [.. "#!/bin/sh\nexit 0\n"u8], NoHeader);
        yield return Row("only the magic", file => file[Multiboot..(Multiboot + 4)], NoHeader);
        yield return Row("no magic", file => Put(file, Multiboot, 0), NoHeader);
        yield return Row("a wrong checksum", file => Put(file, Multiboot + 8, 1), NoHeader);
        yield return Row(
            "a header at an odd address", file => [.. file[..Multiboot], 0, .. file[Multiboot..]], NoHeader);
        yield return Row("a header behind 8 KiB", file => [.. new byte[8192], .. file], NoHeader);
        yield return Row("a header that crosses 8 KiB", file => [.. new byte[8184 - Multiboot], .. file], NoHeader);
        yield return Row("a video mode is required", _ => TestImage.Elf32(code => code.hlt(), 4), "flags 0x4");
        yield return Row("an unknown requirement", _ => TestImage.Elf32(code => code.hlt(), 0x8000), "flags 0x8000");
        yield return Row("no ELF", file => Put(file, 0, 0), NoElf);
        yield return Row("class 3", file => Byte(file, 4, 3), NoElf);
        yield return Row("big-endian", file => Byte(file, 5, 2), NoElf);
        yield return Row("a relocatable file", file => Byte(file, 16, 1), NoElf);
        yield return Row("another architecture", file => Byte(file, 18, 40), NoElf);
        yield return Row("class 64 with a header of class 32", file => Byte(file, 4, 2), "");
        yield return Row("program headers beyond the file", file => Put(file, 28, uint.MaxValue), Outside);
        yield return Row("too many program headers", file => Byte(file, 45, 0xFF), Outside);
        yield return Row("small program headers", file => Byte(file, 42, 8), Outside);
        yield return Row("no program header", file => Byte(file, 44, 0), "nothing to load");
        yield return Row("no loadable segment", file => Put(file, Segment, 2), "nothing to load");
        yield return Row("a segment beyond the file", file => Put(file, Segment + 4, 0x1000), NoFit);
        yield return Row("a segment longer than the file", file => Put(file, Segment + 16, 0x2000), NoFit);
        yield return Row("more in the file than in memory", file => Put(file, Segment + 20, 1), NoFit);
        yield return Row("truncated", file => file[..^1], NoFit);
        yield return Row("a segment across 4 GiB", file => Put(file, Segment + 12, uint.MaxValue), "below 4 GiB");
        yield return Row("a segment in the legacy hole", file => Put(file, Segment + 12, 0xA_0000), NoMemory);
        yield return Row("a segment across the memory's end", file => Put(file, Segment + 12, 0x3FF_F000), NoMemory);
        yield return Row("a segment without memory", file => Put(file, Segment + 12, 0xE000_0000), NoMemory);
        yield return Row("an endless bss", file => Put(file, Segment + 20, 0xFFF0_0000 - 1), NoMemory);
    }

    private static IEnumerable<TestCaseData> AddressImages()
    {
        yield return Row("header below load", file => Put(file, AddressHeader + 16, 0x20_0000), Contradict);
        yield return Row("load far below the header", file => Put(file, AddressHeader + 16, 0), Contradict);
        yield return Row("an end below the start", file => Put(file, AddressHeader + 20, 1), Contradict);
        yield return Row("an end behind the file", file => Put(file, AddressHeader + 20, 0x20_0000), Contradict);
        yield return Row("a bss end inside the data", file => Put(file, AddressHeader + 24, 0x10_0001), Contradict);
        yield return Row("a bss of everything", file => Put(file, AddressHeader + 24, uint.MaxValue), NoMemory);
        yield return Row("a header cut off", file => file[..(AddressHeader + 20)], NoHeader);
    }

    [TestCaseSource(nameof(Images))]
    public void An_elf_image_is_refused(Func<byte[], byte[]> spoil, string reason) =>
        Refuse(spoil(TestImage.Elf32(code => code.hlt())), reason);

    [TestCaseSource(nameof(AddressImages))]
    public void An_image_with_addresses_is_refused(Func<byte[], byte[]> spoil, string reason) =>
        Refuse(spoil(TestImage.Addresses(code => code.hlt())), reason);

    [Test]
    public void Modules_that_do_not_fit_are_refused()
    {
        using MemoryStream serial = new();
        using Pc pc = new(new PcOptions { MemoryBytes = 2 << 20 }, serial);
        MultibootImage image = MultibootImage.Read(TestImage.Elf32(code => code.hlt()), out _)!;
        bool loaded = pc.TryLoad(image, "", [new MultibootModule("big", new byte[1 << 20], "")], out string wrong);
        Assert.That((loaded, wrong), Is.EqualTo((false, "big: there is no room in memory for 1048576 bytes")));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void A_spoilt_image_never_crashes_and_never_hangs(int form)
    {
        Action<Assembler> emit = code => code.hlt();
        byte[] good = form switch
        {
            1 => TestImage.Elf32(emit), 2 => TestImage.Elf64(emit), _ => TestImage.Addresses(emit),
        };
        int runs = 0;
        for (int length = 0; length < good.Length; length++)
            runs += Try(good[..length]);
        for (int at = 0; at < good.Length; at++)
            foreach (byte flip in (byte[])[0x01, 0x80, 0xFF])
                runs += Try(Byte([.. good], at, (byte)(good[at] ^ flip)));
        Assert.That(runs, Is.GreaterThan(100), "most single flips do not matter to a loader");
    }

    private static int Try(byte[] file)
    {
        using MemoryStream serial = new();
        if (MultibootImage.Read(file, out string wrong) is not { } image)
            return Complaint(wrong);
        using Pc pc = new(new PcOptions { MaxInstructions = 2000, MemoryBytes = 64 << 20 }, serial);
        if (!pc.TryLoad(image, "", [], out wrong))
            return Complaint(wrong);
        pc.Run();
        return 1;
    }

    private static int Complaint(string wrong)
    {
        Assert.That(wrong, Is.Not.Empty.And.Not.Contain("\n"));
        return 0;
    }

    private static void Refuse(byte[] file, string reason)
    {
        using MemoryStream serial = new();
        using Pc pc = new(new PcOptions { MemoryBytes = 64 << 20 }, serial);
        bool usable = MultibootImage.Read(file, out string wrong) is { } image && pc.TryLoad(image, "", [], out wrong);
        Assert.That(usable, Is.False);
        Assert.That(wrong, Does.Contain(reason).And.Not.Empty.And.Not.Contain("\n"));
    }

    private static TestCaseData Row(string name, Func<byte[], byte[]> spoil, string reason) =>
        new TestCaseData(spoil, reason).SetArgDisplayNames(name);

    private static byte[] Put(byte[] file, int at, uint value)
    {
        TestImage.Put32(file, at, value);
        return file;
    }

    private static byte[] Byte(byte[] file, int at, byte value)
    {
        file[at] = value;
        return file;
    }
}
