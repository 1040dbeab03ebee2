using System.Buffers.Binary;
using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// A page of metadata: a list header (bytes used, number of sequences), then sequences of a field id and its elements,
/// eight bytes each. TDX Module 1.5 ABI, "Metadata list".
/// </summary>
internal static class MetadataList
{
    /// <summary>Bytes of a list buffer.</summary>
    public const int Bytes = 4096;

    private const int HeaderBytes = 8, SlotBytes = 8, LastElementShift = 34, LastFieldShift = 38;
    private const ulong SizeMask = 3UL << 32;

    /// <summary>
    /// Where a list that begins with an identifier begins: the null id, or the start of a field with its size.
    /// </summary>
    public static bool TryStart(MetadataContext context, FieldId start, out int index)
    {
        index = 0;
        if (start.IsNull)
            return true;
        index = context.Table.IndexOf(start.In(context.Scope));
        if (index < 0)
            return false;
        FieldId first = context.Table.Fields[index].Id;
        return first.Code == start.Code && ((first.Value ^ start.Value) & SizeMask) == 0;
    }

    /// <summary>
    /// Fills a page with the readable fields from <paramref name="index"/> on; returns the first that did not fit.
    /// </summary>
    public static FieldId Write(MetadataContext context, int index, Span<byte> list)
    {
        list.Clear();
        int used = HeaderBytes, sequences = 0;
        FieldId rest = FieldId.Null;
        for (; index < context.Table.Fields.Count; index++)
        {
            MetadataField field = context.Table.Fields[index];
            ulong mask = context.MasksOf(field).Read;
            if (mask == 0)
                continue;
            int bytes = SlotBytes + (int)field.Codes * SlotBytes;
            if (used + bytes > list.Length)
            {
                rest = field.Id;
                break;
            }
            WriteSequence(context, field, mask, list.Slice(used, bytes));
            used += bytes;
            sequences++;
        }
        BinaryPrimitives.WriteUInt16LittleEndian(list, (ushort)used);
        BinaryPrimitives.WriteUInt16LittleEndian(list[2..], (ushort)sequences);
        return rest;
    }

    private static void WriteSequence(MetadataContext context, MetadataField field, ulong mask, Span<byte> at)
    {
        ulong header = field.Id.Value
            | (ulong)(field.Elements - 1) << LastElementShift | (ulong)(field.Fields - 1) << LastFieldShift;
        BinaryPrimitives.WriteUInt64LittleEndian(at, header);
        for (uint i = 0; i < field.Codes; i++)
        {
            context.Fetch(field, field.Id.WithCode(field.Id.Code + i), out ulong value);
            BinaryPrimitives.WriteUInt64LittleEndian(at[(SlotBytes + (int)i * SlotBytes)..], value & mask);
        }
    }
}
