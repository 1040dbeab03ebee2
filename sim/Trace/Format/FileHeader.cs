using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Seamsim.Trace;

/// <summary>The first bytes of a file. README.md has the layout.</summary>
internal static class FileHeader
{
    /// <summary>A later major version cannot be read; a later minor version only adds kinds of events.</summary>
    public const ushort Major = 1, Minor = 0;

    public const int PrefixBytes = 16;

    /// <summary>A header larger than this is no header of ours.</summary>
    public const int MaxBytes = 1 << 16;

    /// <summary>A byte that text does not have, the name, and both line ends, so that a text transfer shows.</summary>
    public static ReadOnlySpan<byte> Magic => [0x89, (byte)'S', (byte)'S', (byte)'T', 0x0D, 0x0A, 0x1A, 0x0A];

    public static byte[] Write(TraceHeader header)
    {
        Column body = new();
        body.PutNumber(header.Seed);
        body.PutNumber((ulong)header.LpCount);
        body.Put((byte)header.Aspects);
        body.Put((byte)header.Worlds);
        foreach (string text in new[] { header.Tool, header.ConfigHash, header.TimingModel, header.CpuModel })
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            body.PutNumber((ulong)bytes.Length);
            body.Put(bytes);
        }
        byte[] file = new byte[PrefixBytes + body.Length + 8];
        Magic.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), Major);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(10), Minor);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(12), file.Length);
        body.Bytes.CopyTo(file.AsSpan(PrefixBytes));
        BinaryPrimitives.WriteUInt64LittleEndian(
            file.AsSpan(file.Length - 8), XxHash64.HashToUInt64(file.AsSpan(0, file.Length - 8)));
        return file;
    }
}

/// <summary>The last bytes of a whole file: where the index is.</summary>
internal static class FileFooter
{
    public const int Bytes = 32;

    public static ReadOnlySpan<byte> Magic => "SSTEND\r\n"u8;

    public static byte[] Write(long index, long length)
    {
        byte[] footer = new byte[Bytes];
        Magic.CopyTo(footer);
        BinaryPrimitives.WriteInt64LittleEndian(footer.AsSpan(8), index);
        BinaryPrimitives.WriteInt64LittleEndian(footer.AsSpan(16), length);
        BinaryPrimitives.WriteUInt64LittleEndian(footer.AsSpan(24), XxHash64.HashToUInt64(footer.AsSpan(0, 24)));
        return footer;
    }

    /// <summary>Whether the bytes are a footer of a file of this length; where its index begins.</summary>
    public static bool TryRead(ReadOnlySpan<byte> from, long length, out long index)
    {
        index = BinaryPrimitives.ReadInt64LittleEndian(from[8..]);
        return from.StartsWith(Magic)
            && BinaryPrimitives.ReadInt64LittleEndian(from[16..]) == length
            && BinaryPrimitives.ReadUInt64LittleEndian(from[24..]) == XxHash64.HashToUInt64(from[..24])
            && index >= FileHeader.PrefixBytes && index <= length - Bytes - FrameHeader.Bytes;
    }
}
