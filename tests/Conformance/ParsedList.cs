using System.Buffers.Binary;

namespace Seamsim.Tests.Conformance;

/// <summary>A metadata list as somebody else reads it. TDX Module 1.5 ABI, "Metadata list".</summary>
/// <param name="Sequences">First identifier without its counts, fields and elements of each sequence.</param>
/// <param name="Elements">Every element: what identifies it, and its value.</param>
/// <param name="Rest">Bytes behind the list.</param>
internal sealed record ParsedList(
    IReadOnlyList<(ulong First, int Fields, int Elements)> Sequences, IReadOnlyList<(ulong Key, ulong Value)> Elements,
    byte[] Rest)
{
    private const ulong Counts = 0x1FFFUL << 34, Code = 0xFF_FFFF, NonArchitectural = 1UL << 63;

    /// <summary>An identifier without what a sequence does not tell of its later fields.</summary>
    public static ulong Key(ulong id) => id & ~NonArchitectural;

    public static ParsedList Of(ReadOnlySpan<byte> page)
    {
        int used = BinaryPrimitives.ReadUInt16LittleEndian(page);
        int sequences = BinaryPrimitives.ReadUInt16LittleEndian(page[2..]);
        List<(ulong, int, int)> headers = [];
        List<(ulong, ulong)> elements = [];
        int at = 8;
        for (int i = 0; i < sequences; i++)
        {
            ulong header = Next(page, ref at);
            ulong first = header & ~Counts;
            (int perField, int fields) = ((int)(header >> 34 & 0xF) + 1, (int)(header >> 38 & 0x1FF) + 1);
            headers.Add((first, fields, perField));
            for (uint element = 0; element < perField * fields; element++)
                elements.Add((Key((first & ~Code) | ((first & Code) + element)), Next(page, ref at)));
        }
        Assert.That(at, Is.EqualTo(used), "LIST_BUFF_SIZE");
        return new ParsedList(headers, elements, page[used..].ToArray());
    }

    private static ulong Next(ReadOnlySpan<byte> page, ref int at) =>
        BinaryPrimitives.ReadUInt64LittleEndian(page[((at += 8) - 8)..]);
}
