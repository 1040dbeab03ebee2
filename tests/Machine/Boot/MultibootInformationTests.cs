using System.Text;
using Seamsim.BareMetal;
using Seamsim.Loading;

namespace Seamsim.Tests.Boot;

/// <summary>The structure at EBX. Multiboot Specification 0.6.96, 3.3.</summary>
[TestFixture]
internal sealed unsafe class MultibootInformationTests
{
    private const ulong Mebibyte = 1 << 20, Gibibyte = 1 << 30;

    [TestCase(2 * Mebibyte, 1024u, 4)]
    [TestCase(128 * Mebibyte, 127u * 1024, 4)]
    [TestCase(3 * Gibibyte, (3u * 1024 * 1024) - 1024, 4)]
    [TestCase(6 * Gibibyte, (3u * 1024 * 1024) - 1024, 5)]
    public void Memory_sizes_and_the_memory_map_are_the_machines(ulong bytes, uint upper, int regions)
    {
        using BootRun run = new(TestImage.Elf32(code => code.hlt()), new PcOptions { MemoryBytes = bytes });
        ulong info = run.Lp->Gpr[3];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Read32(info), Is.EqualTo(0x24Du), "flags 0, 2, 3, 6, 9");
            Assert.That(run.Read32(info + 4), Is.EqualTo(639));
            Assert.That(run.Read32(info + 8), Is.EqualTo(upper));
            Assert.That(ReadMap(run, info), Is.EqualTo(run.Pc.MemoryMap.Regions).And.Count.EqualTo(regions));
            Assert.That(Available(ReadMap(run, info)), Is.EqualTo(bytes - Mebibyte + 0x9FC00));
        }
    }

    [Test]
    public void Command_line_and_loader_name_are_strings()
    {
        using BootRun run = new(TestImage.Elf32(code => code.hlt()), null, "image.elf console=ttyS0 ü");
        ulong info = run.Lp->Gpr[3];
        Assert.That(
            (run.ReadText(run.Read32(info + 16)), run.ReadText(run.Read32(info + 64))),
            Is.EqualTo(("image.elf console=ttyS0 ü", "seamsim")));
    }

    [Test]
    public void Modules_are_page_aligned_whole_and_named()
    {
        byte[] first = Encoding.ASCII.GetBytes("first module"), second = new byte[5000];
        second.AsSpan().Fill(0xA5);
        using BootRun run = new(TestImage.Elf32(code => code.hlt()), null, "image",
            new MultibootModule("a", first, "a one=1"), new MultibootModule("b", second, "b"),
            new MultibootModule("c", [], "c"));
        ulong info = run.Lp->Gpr[3], list = run.Read32(info + 24);
        Assert.That(run.Read32(info + 20), Is.EqualTo(3));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Module(run, list), Is.EqualTo(("a one=1", first)));
            Assert.That(Module(run, list + 16), Is.EqualTo(("b", second)));
            Assert.That(Module(run, list + 32).Arguments, Is.EqualTo("c"));
            for (ulong at = list; at < list + 48; at += 16)
                Assert.That(run.Read32(at) & 0xFFF, Is.Zero);
        }
    }

    [Test]
    public void Nothing_lies_over_the_image()
    {
        byte[] image = TestImage.Elf32(code => code.hlt());
        using BootRun run = new(image, null, "image", new MultibootModule("a", new byte[100], "a"));
        ulong info = run.Lp->Gpr[3], module = run.Read32(run.Read32(info + 24));
        uint end = TestImage.LoadAddress + (uint)(image.Length - 84) + 0x2000;
        Assert.That(module, Is.GreaterThanOrEqualTo(end));
        Assert.That(info, Is.LessThan(TestImage.LoadAddress));
    }

    private static (string Arguments, byte[] Bytes) Module(BootRun run, ulong entry)
    {
        uint start = run.Read32(entry), end = run.Read32(entry + 4);
        return (run.ReadText(run.Read32(entry + 8)), run.Read(start, (int)(end - start)));
    }

    private static List<PcMemoryRegion> ReadMap(BootRun run, ulong info)
    {
        List<PcMemoryRegion> map = [];
        ulong at = run.Read32(info + 48), end = at + run.Read32(info + 44);
        for (; at < end; at += run.Read32(at) + 4)
            map.Add(new(run.Read64(at + 4), run.Read64(at + 12), (PcMemoryType)run.Read32(at + 20)));
        return map;
    }

    private static ulong Available(List<PcMemoryRegion> map)
    {
        ulong bytes = 0;
        foreach (PcMemoryRegion region in map)
            bytes += region.Type == PcMemoryType.Available ? region.Bytes : 0;
        return bytes;
    }
}
