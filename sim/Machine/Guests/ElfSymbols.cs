using System.Buffers.Binary;
using System.Text;

namespace Seamsim.Guests;

/// <summary>Symbols of a 64-bit ELF file. System V ABI, "Sections" and "Symbol Table".</summary>
internal static class ElfSymbols
{
    private const int SymbolTable = 2, SectionHeaderBytes = 64, SymbolBytes = 24;

    /// <summary>The value of a symbol; null when there is none, or no symbol table.</summary>
    public static ulong? Find(ReadOnlySpan<byte> file, string name)
    {
        if (file.Length < SectionHeaderBytes)
            return null;
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(file[40..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file[60..]);
        for (int i = 0; i < count; i++)
            if (TrySection(file, table, i, out ReadOnlySpan<byte> header)
                && BinaryPrimitives.ReadInt32LittleEndian(header[4..]) == SymbolTable
                && TrySection(file, table, BinaryPrimitives.ReadInt32LittleEndian(header[40..]), out ReadOnlySpan<byte> strings)
                && Find(Contents(file, header), Contents(file, strings), Encoding.UTF8.GetBytes(name)) is { } value)
                return value;
        return null;
    }

    private static ulong? Find(ReadOnlySpan<byte> symbols, ReadOnlySpan<byte> strings, ReadOnlySpan<byte> name)
    {
        for (; symbols.Length >= SymbolBytes; symbols = symbols[SymbolBytes..])
        {
            uint at = BinaryPrimitives.ReadUInt32LittleEndian(symbols);
            bool defined = BinaryPrimitives.ReadUInt16LittleEndian(symbols[6..]) != 0;
            if (!defined || at >= (uint)strings.Length || !strings[(int)at..].StartsWith(name))
                continue;
            int end = (int)at + name.Length;
            if (end < strings.Length && strings[end] == 0)
                return BinaryPrimitives.ReadUInt64LittleEndian(symbols[8..]);
        }
        return null;
    }

    private static bool TrySection(ReadOnlySpan<byte> file, ulong table, int index, out ReadOnlySpan<byte> header)
    {
        header = default;
        ulong at = table + ((ulong)index * SectionHeaderBytes);
        if (index < 0 || table > (ulong)file.Length || at > (ulong)(file.Length - SectionHeaderBytes))
            return false;
        header = file.Slice((int)at, SectionHeaderBytes);
        return true;
    }

    private static ReadOnlySpan<byte> Contents(ReadOnlySpan<byte> file, ReadOnlySpan<byte> header)
    {
        ulong at = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
        ulong bytes = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        return at > (ulong)file.Length || bytes > (ulong)file.Length - at ? default : file.Slice((int)at, (int)bytes);
    }
}
