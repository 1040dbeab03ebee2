using System.Buffers.Binary;
using System.IO.Hashing;

namespace Seamsim.Trace;

/// <summary>What is in a frame, known without decompressing it. README.md has the layout.</summary>
/// <param name="Kind">Records or index.</param>
/// <param name="PayloadBytes">Bytes that follow the header.</param>
/// <param name="Sequence">Frames before this one.</param>
/// <param name="FirstInstruction">Instructions of the trace before this frame.</param>
/// <param name="Instructions">Instructions in it.</param>
/// <param name="FirstRecord">Records of the trace before this frame.</param>
/// <param name="Records">Records in it.</param>
/// <param name="FirstCycle">The smallest clock in it.</param>
/// <param name="LastCycle">The largest clock in it.</param>
/// <param name="LpMask">Bit n: a record belongs to a logical processor whose number is n modulo 64.</param>
/// <param name="Worlds">Worlds with executions in it.</param>
internal readonly record struct FrameHeader(
    FrameKind Kind,
    int PayloadBytes,
    uint Sequence,
    ulong FirstInstruction,
    ulong Instructions,
    ulong FirstRecord,
    ulong Records,
    ulong FirstCycle,
    ulong LastCycle,
    ulong LpMask,
    TraceWorlds Worlds)
{
    public const uint Magic = 0x5246_5353; // "SSFR"
    public const int ColumnTable = 80, ColumnBytes = 16, Bytes = ColumnTable + Columns.Count * ColumnBytes + 8;

    /// <summary>Bytes 8..79, which the index repeats.</summary>
    public const int SummaryAt = 8, SummaryBytes = 72;

    /// <summary>A payload larger than this is no frame of ours.</summary>
    public const int MaxPayload = 1 << 30;

    /// <summary>
    /// More records are not in a frame of ours, and a reader does not go on for ever about one that says so.
    /// </summary>
    public const ulong MaxRecords = 1 << 26;

    public void Write(Span<byte> to, ReadOnlySpan<FrameColumn> columns)
    {
        to[..Bytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(to, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(to[4..], (ushort)Kind);
        BinaryPrimitives.WriteUInt16LittleEndian(to[6..], Columns.Count);
        WriteSummary(to[SummaryAt..]);
        for (int i = 0; i < columns.Length; i++)
            columns[i].Write(to[(ColumnTable + i * ColumnBytes)..]);
        BinaryPrimitives.WriteUInt64LittleEndian(to[(Bytes - 8)..], XxHash64.HashToUInt64(to[..(Bytes - 8)]));
    }

    public void WriteSummary(Span<byte> to)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to, PayloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(to[4..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(to[8..], FirstInstruction);
        BinaryPrimitives.WriteUInt64LittleEndian(to[16..], Instructions);
        BinaryPrimitives.WriteUInt64LittleEndian(to[24..], FirstRecord);
        BinaryPrimitives.WriteUInt64LittleEndian(to[32..], Records);
        BinaryPrimitives.WriteUInt64LittleEndian(to[40..], FirstCycle);
        BinaryPrimitives.WriteUInt64LittleEndian(to[48..], LastCycle);
        BinaryPrimitives.WriteUInt64LittleEndian(to[56..], LpMask);
        BinaryPrimitives.WriteUInt64LittleEndian(to[64..], (ulong)Worlds);
    }

    public static FrameHeader ReadSummary(FrameKind kind, ReadOnlySpan<byte> from) => new(
        kind,
        BinaryPrimitives.ReadInt32LittleEndian(from),
        BinaryPrimitives.ReadUInt32LittleEndian(from[4..]),
        BinaryPrimitives.ReadUInt64LittleEndian(from[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(from[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(from[24..]),
        BinaryPrimitives.ReadUInt64LittleEndian(from[32..]),
        BinaryPrimitives.ReadUInt64LittleEndian(from[40..]),
        BinaryPrimitives.ReadUInt64LittleEndian(from[48..]),
        BinaryPrimitives.ReadUInt64LittleEndian(from[56..]),
        (TraceWorlds)BinaryPrimitives.ReadUInt64LittleEndian(from[64..]));

    /// <summary>Reads and checks a header; null: it is one, otherwise what is wrong with it.</summary>
    public static string? TryRead(ReadOnlySpan<byte> from, out FrameHeader header)
    {
        header = default;
        if (BinaryPrimitives.ReadUInt32LittleEndian(from) != Magic)
            return "no frame begins here";
        if (BinaryPrimitives.ReadUInt64LittleEndian(from[(Bytes - 8)..]) != XxHash64.HashToUInt64(from[..(Bytes - 8)]))
            return "the checksum of the frame header does not match";
        header = ReadSummary((FrameKind)BinaryPrimitives.ReadUInt16LittleEndian(from[4..]), from[SummaryAt..]);
        if (BinaryPrimitives.ReadUInt16LittleEndian(from[6..]) != Columns.Count
            || header.PayloadBytes is < 0 or > MaxPayload || header.Records > MaxRecords
            || header.Kind is not (FrameKind.Records or FrameKind.Index))
            return "the frame header holds values that this format does not have";
        return null;
    }
}

/// <summary>Where a column is: what it takes in the file and in memory. As many bytes in both: it is stored as it is.</summary>
/// <param name="Raw">Its bytes.</param>
/// <param name="Packed">Its bytes in the file.</param>
/// <param name="Checksum">XXH3 of the bytes in the file.</param>
internal readonly record struct FrameColumn(int Raw, int Packed, ulong Checksum)
{
    public bool IsStored => Packed == Raw;

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to, Raw);
        BinaryPrimitives.WriteInt32LittleEndian(to[4..], Packed);
        BinaryPrimitives.WriteUInt64LittleEndian(to[8..], Checksum);
    }

    public static FrameColumn Read(ReadOnlySpan<byte> from) => new(
        BinaryPrimitives.ReadInt32LittleEndian(from),
        BinaryPrimitives.ReadInt32LittleEndian(from[4..]),
        BinaryPrimitives.ReadUInt64LittleEndian(from[8..]));
}

/// <summary>What a frame is for.</summary>
internal enum FrameKind : ushort
{
    Records = 1,
    Index = 2,
}
