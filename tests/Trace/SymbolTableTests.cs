using Seamsim.Tests.CommandLine.Trace;
using Seamsim.Trace;

namespace Seamsim.Tests.Trace;

/// <summary>Names of addresses come from an ELF file's symbol table; a file that is none is said to be so.</summary>
internal sealed class SymbolTableTests
{
    private static readonly byte[] File = ElfSample.Create(("first", 0x1000, 0x10), ("open", 0x2000, 0), ("last", 0x1010, 4));

    [TestCase(0xFFFUL, null)]
    [TestCase(0x1000UL, "first+0")]
    [TestCase(0x100FUL, "first+15")]
    [TestCase(0x1010UL, "last+0")]
    [TestCase(0x1014UL, null)]
    [TestCase(0x2100UL, "open+256")]
    public void An_address_has_the_symbol_it_lies_in(ulong address, string? expected)
    {
        SymbolTable table = SymbolTable.TryRead(File, out _)!;
        Assert.That(table.Find(address) is { } found ? $"{found.Name}+{found.Offset}" : null, Is.EqualTo(expected));
    }

    [Test]
    public void A_damaged_file_has_a_reason_or_symbols()
    {
        Random random = new(11);
        for (int round = 0; round < 5000; round++)
        {
            byte[] damaged = File[..random.Next(File.Length + 1)];
            for (int i = random.Next(6); i > 0 && damaged.Length > 0; i--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            SymbolTable? table = SymbolTable.TryRead(damaged, out string wrong);
            Assert.That(table is not null || wrong.Length > 0, Is.True);
            table?.Find(0x1004);
        }
    }
}
