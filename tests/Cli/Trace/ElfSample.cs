using System.Buffers.Binary;
using System.Text;

namespace Seamsim.Tests.CommandLine.Trace;

/// <summary>An ELF file with nothing but a symbol table.</summary>
internal static class ElfSample
{
    public static byte[] Create(params (string Name, ulong Address, ulong Size)[] symbols)
    {
        const int headers = 64, sections = 3, sectionBytes = 64;
        List<byte> names = [0];
        List<byte> entries = [.. new byte[24]];
        foreach ((string name, ulong address, ulong size) in symbols)
        {
            byte[] entry = new byte[24];
            BinaryPrimitives.WriteInt32LittleEndian(entry, names.Count);
            entry[4] = 0x12; // global function
            BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(6), 1);
            BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(8), address);
            BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(16), size);
            entries.AddRange(entry);
            names.AddRange(Encoding.UTF8.GetBytes(name));
            names.Add(0);
        }
        byte[] file = new byte[headers + sections * sectionBytes + entries.Count + names.Count];
        new byte[] { 0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1 }.CopyTo(file, 0);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(40), headers);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(58), sectionBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(60), sections);
        int content = headers + sections * sectionBytes;
        Section(file.AsSpan(headers + sectionBytes), type: 2, content, entries.Count, link: 2);
        Section(file.AsSpan(headers + 2 * sectionBytes), type: 3, content + entries.Count, names.Count, link: 0);
        entries.CopyTo(file, content);
        names.CopyTo(file, content + entries.Count);
        return file;
    }

    private static void Section(Span<byte> at, int type, int offset, int size, int link)
    {
        BinaryPrimitives.WriteInt32LittleEndian(at[4..], type);
        BinaryPrimitives.WriteInt32LittleEndian(at[24..], offset);
        BinaryPrimitives.WriteInt32LittleEndian(at[32..], size);
        BinaryPrimitives.WriteInt32LittleEndian(at[40..], link);
    }
}
