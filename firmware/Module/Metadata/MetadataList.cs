using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// A page of metadata: a list header (bytes used, number of sequences), then sequences. A sequence is the identifier of
/// its first field, with the numbers of its elements and fields less one, and the elements of its fields, eight bytes
/// each; its fields have the same class and shape and follow one another. TDX Module 1.5 ABI, "Metadata list".
/// </summary>
internal static class MetadataList
{
    /// <summary>Bytes of a list buffer.</summary>
    public const int Bytes = 4096;

    private const int HeaderBytes = 8, SlotBytes = 8, LastElementShift = 34, LastFieldShift = 38;
    private const ulong SizeMask = 3UL << 32, IncrementByTwo = 1UL << 50;

    /// <summary>
    /// What the leaves end with that read all of a scope: fills the page at <paramref name="buffer"/> from the field
    /// <paramref name="start"/> (the null id: the first one) on; R8 becomes the first field that did not fit.
    /// </summary>
    public static TdxStatus Dump(LeafCall c, MetadataContext context, FieldId start, Hpa buffer)
    {
        c.R8 = FieldId.Null.Value;
        if (!TryStart(context, start, out FieldId first))
            return TdxStatus.MetadataFieldIdIncorrect;
        Span<byte> list = stackalloc byte[Bytes];
        FieldId rest = Write(context, first, list);
        c.P.WriteBytes(buffer, list);
        c.R8 = rest.Value;
        return rest == FieldId.Null ? TdxStatus.Success : TdxStatus.MetadataListOverflow;
    }

    /// <summary>
    /// Fills a list with the readable fields from <paramref name="first"/> on; returns the first that did not fit.
    /// </summary>
    public static FieldId Write(MetadataContext context, FieldId first, Span<byte> list)
    {
        list.Clear();
        int used = HeaderBytes, sequences = 0;
        FieldId id = first;
        while (!id.IsNull && used + SlotBytes + BytesOf(context, id) <= list.Length)
        {
            used += WriteSequence(context, ref id, list[used..]);
            sequences++;
        }
        BinaryPrimitives.WriteUInt16LittleEndian(list, (ushort)used);
        BinaryPrimitives.WriteUInt16LittleEndian(list[2..], (ushort)sequences);
        return id;
    }

    // The null id begins at the first field; any other must be the start of a field, with its size.
    private static bool TryStart(MetadataContext context, FieldId start, out FieldId first)
    {
        first = FieldId.Null;
        if (start.IsNull)
        {
            first = MetadataAccess.First(context);
            return true;
        }
        FieldId id = start.In(context.Scope);
        if (context.Find(id, out MetadataField field).IsError
            || field.ElementOf(id) % field.Elements != 0 || ((field.Id.Value ^ id.Value) & SizeMask) != 0)
            return false;
        first = MetadataAccess.FirstFrom(context, field.Id.WithCode(id.Code));
        return true;
    }

    // Writes as many fields as follow one another and fit; returns the bytes, and in id the field after them.
    private static int WriteSequence(MetadataContext context, ref FieldId id, Span<byte> at)
    {
        FieldId first = id;
        int elements = ElementsOf(context, id), used = SlotBytes;
        ulong fields = 0;
        do
        {
            id = WriteField(context, id, elements, at[used..], out FieldId follower);
            used += elements * SlotBytes;
            fields++;
            if (!IsSame(id, follower) || ElementsOf(context, id) != elements)
                break;
        }
        while (used + elements * SlotBytes <= at.Length);
        ulong header = first.Value | (ulong)(elements - 1) << LastElementShift | (fields - 1) << LastFieldShift;
        BinaryPrimitives.WriteUInt64LittleEndian(at, header);
        return used;
    }

    // Returns the next readable field; follower is the identifier that would go on with the sequence.
    private static FieldId WriteField(
        MetadataContext context, FieldId id, int elements, Span<byte> at, out FieldId follower)
    {
        uint step = (id.Value & IncrementByTwo) != 0 ? 2u : 1u;
        FieldId element = id;
        for (int i = 0; i < elements; i++)
        {
            element = id.WithCode(id.Code + (uint)i * step);
            ulong value = MetadataAccess.Read(context, element).Value;
            BinaryPrimitives.WriteUInt64LittleEndian(at[(i * SlotBytes)..], value);
        }
        follower = element.WithCode(element.Code + step);
        return MetadataAccess.Next(context, element);
    }

    // The class, the code and the size count; whether a field is architectural does not part a sequence.
    private static bool IsSame(FieldId id, FieldId other) =>
        id.Class == other.Class && id.Code == other.Code && ((id.Value ^ other.Value) & SizeMask) == 0;

    private static int BytesOf(MetadataContext context, FieldId id) => ElementsOf(context, id) * SlotBytes;

    private static int ElementsOf(MetadataContext context, FieldId id) =>
        context.Table.Fields[context.Table.IndexOf(id)].Elements;
}
