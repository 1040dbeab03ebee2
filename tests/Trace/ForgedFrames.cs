using System.Buffers.Binary;
using System.IO.Hashing;
using ZstdSharp;

namespace Seamsim.Tests.Trace;

/// <summary>Changes bytes inside the columns of a file's first frame and makes every checksum right again.</summary>
internal static class ForgedFrames
{
    private const int HeaderBytes = 232, ColumnTable = 80, ColumnBytes = 16, ColumnCount = 9;

    public static byte[] Forge(byte[] file, Random random) => Change(file, columns =>
    {
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int which = random.Next(ColumnCount);
            if (columns[which].Length > 0)
                columns[which][random.Next(columns[which].Length)] = (byte)random.Next(256);
        }
    });

    /// <summary>Puts another column in the place of one.</summary>
    public static byte[] Replace(byte[] file, int column, Func<byte[], byte[]> with) =>
        Change(file, columns => columns[column] = with(columns[column]));

    private static byte[] Change(byte[] file, Action<List<byte[]>> change)
    {
        int first = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(12));
        byte[] header = file[first..(first + HeaderBytes)];
        List<byte[]> columns = [];
        int at = first + HeaderBytes;
        using Decompressor unzip = new();
        using Compressor zip = new(1);
        for (int i = 0; i < ColumnCount; i++)
        {
            int raw = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(ColumnTable + i * ColumnBytes));
            int packed = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(ColumnTable + i * ColumnBytes + 4));
            Span<byte> bytes = file.AsSpan(at, packed);
            columns.Add(packed == raw ? bytes.ToArray() : unzip.Unwrap(bytes).ToArray());
            at += packed;
        }
        change(columns);
        List<byte> payload = [];
        for (int i = 0; i < ColumnCount; i++)
        {
            byte[] packed = columns[i].Length == 0 ? [] : zip.Wrap(columns[i]).ToArray();
            if (packed.Length >= columns[i].Length)
                packed = columns[i];
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(ColumnTable + i * ColumnBytes), columns[i].Length);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(ColumnTable + i * ColumnBytes + 4), packed.Length);
            BinaryPrimitives.WriteUInt64LittleEndian(
                header.AsSpan(ColumnTable + i * ColumnBytes + 8), XxHash3.HashToUInt64(packed));
            payload.AddRange(packed);
        }
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), payload.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(
            header.AsSpan(HeaderBytes - 8), XxHash64.HashToUInt64(header.AsSpan(0, HeaderBytes - 8)));
        return [.. file[..first], .. header, .. payload];
    }
}
