using System.Buffers.Binary;
using System.Text;

namespace Seamsim.Trace;

/// <summary>The function and object names of an x86-64 ELF file, by address. System V ABI, "Symbol Table".</summary>
public sealed class SymbolTable
{
    private const int SectionTable = 2, SymbolBytes = 24, SectionHeaderBytes = 64, TypeNone = 0, TypeFunction = 2;

    /// <summary>A name does not reach further than this.</summary>
    private const ulong Reach = 1 << 20;

    private readonly (ulong Address, ulong Size, string Name)[] symbols;

    private SymbolTable(List<(ulong Address, ulong Size, string Name)> found)
    {
        found.Sort((a, b) =>
            a.Address != b.Address ? a.Address.CompareTo(b.Address) : string.CompareOrdinal(a.Name, b.Name));
        symbols = [.. found];
    }

    /// <summary>Names in the table.</summary>
    public int Count => symbols.Length;

    /// <summary>
    /// Reads the symbols of a file's bytes; null: <paramref name="wrong"/> says what is wrong with it.
    /// </summary>
    public static SymbolTable? TryRead(ReadOnlySpan<byte> file, out string wrong)
    {
        wrong = "expected a 64-bit little-endian ELF file";
        if (file.Length < SectionHeaderBytes || !file.StartsWith("\x7F"u8) || !file[1..].StartsWith("ELF"u8)
            || file[4] != 2 || file[5] != 1)
            return null;
        wrong = "the section headers lie outside the file";
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(file[40..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(file[58..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file[60..]);
        if (size < SectionHeaderBytes || table > (ulong)file.Length
            || (ulong)(size * (long)count) > (ulong)file.Length - table)
            return null;
        List<(ulong Address, ulong Size, string Name)> found = [];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> section = file[((int)table + i * size)..];
            if (BinaryPrimitives.ReadUInt32LittleEndian(section[4..]) != SectionTable)
                continue;
            uint link = BinaryPrimitives.ReadUInt32LittleEndian(section[40..]);
            if (link >= count || !TryContent(file, section, out ReadOnlySpan<byte> entries)
                || !TryContent(file, file[((int)table + (int)link * size)..], out ReadOnlySpan<byte> names))
            {
                wrong = "the symbol table lies outside the file";
                return null;
            }
            Read(entries, names, found);
        }
        wrong = "the file has no symbol table";
        return found.Count == 0 ? null : new SymbolTable(found);
    }

    /// <summary>The symbol an address lies in and the distance from its beginning; null when in none.</summary>
    public (string Name, ulong Offset)? Find(ulong address)
    {
        int low = 0, high = symbols.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (symbols[middle].Address <= address)
                low = middle + 1;
            else
                high = middle;
        }
        if (low == 0)
            return null;
        (ulong start, ulong size, string name) = symbols[low - 1];
        ulong offset = address - start;
        return offset < (size == 0 ? Reach : size) ? (name, offset) : null;
    }

    private static bool TryContent(ReadOnlySpan<byte> file, ReadOnlySpan<byte> section, out ReadOnlySpan<byte> content)
    {
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(section[24..]);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(section[32..]);
        bool inside = offset <= (ulong)file.Length && size <= (ulong)file.Length - offset;
        content = inside ? file.Slice((int)offset, (int)size) : default;
        return inside;
    }

    private static void Read(
        ReadOnlySpan<byte> entries, ReadOnlySpan<byte> names, List<(ulong Address, ulong Size, string Name)> found)
    {
        for (int at = 0; at + SymbolBytes <= entries.Length; at += SymbolBytes)
        {
            ReadOnlySpan<byte> entry = entries[at..];
            uint name = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            ushort section = BinaryPrimitives.ReadUInt16LittleEndian(entry[6..]);
            if ((entry[4] & 15) is < TypeNone or > TypeFunction || section == 0 || name == 0 || name >= names.Length)
                continue;
            ReadOnlySpan<byte> text = names[(int)name..];
            int end = text.IndexOf((byte)0);
            found.Add((
                BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]),
                Encoding.UTF8.GetString(end < 0 ? text : text[..end])));
        }
    }
}
