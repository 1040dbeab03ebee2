using Seamsim.Firmware.Abi;
using Seamsim.Isa.Ports;

namespace Seamsim.Firmware.Module;

/// <summary>
/// Reading, writing and enumerating metadata by field identifier, the same for every scope. TDX Module 1.5 ABI,
/// "Metadata access functions".
/// </summary>
internal static class MetadataAccess
{
    /// <summary>
    /// Checks an identifier operand. The null id, where a leaf supports it, gives
    /// METADATA_FIRST_FIELD_ID_IN_CONTEXT with the first readable id in <paramref name="id"/>.
    /// </summary>
    public static TdxStatus CheckId(MetadataContext context, ulong operand, bool nullSupported, out FieldId id)
    {
        FieldId raw = new(operand);
        id = raw.In(context.Scope);
        if (nullSupported && raw.IsNull)
        {
            id = First(context);
            return TdxStatus.MetadataFirstFieldIdInContext;
        }
        return raw.HasReservedBits || !raw.IsSingle ? TdxStatus.MetadataFieldIdIncorrect : TdxStatus.Success;
    }

    /// <summary>Reads one element; the value is masked by what the caller may see.</summary>
    public static MetadataResult Read(MetadataContext context, FieldId id)
    {
        context.Call.P.Charge(Operation.MetadataAccess);
        TdxStatus found = context.Find(id, out MetadataField field);
        if (found.IsError)
            return new(found, 0);
        ulong mask = context.MasksOf(field).Read;
        if (mask == 0)
            return new(TdxStatus.MetadataFieldNotReadable, 0);
        TdxStatus fetched = context.Fetch(field, id, out ulong value);
        return fetched.IsError ? new(fetched, 0) : new(TdxStatus.Success, value & mask);
    }

    /// <summary>
    /// Writes the bits of one element that <paramref name="requestMask"/> names; returns the old value.
    /// </summary>
    public static MetadataResult Write(MetadataContext context, FieldId id, ulong data, ulong requestMask)
    {
        context.Call.P.Charge(Operation.MetadataAccess);
        TdxStatus found = context.Find(id, out MetadataField field);
        if (found.IsError)
            return new(found, 0);
        MetadataMasks masks = context.MasksOf(field);
        if ((masks.Write & requestMask) == 0)
            return new(TdxStatus.MetadataFieldNotWritable, 0);
        TdxStatus fetched = context.Fetch(field, id, out ulong old);
        if (fetched.IsError)
            return new(fetched, 0);
        ulong kept = IsUnsetAddress(field, old) ? 0 : old;
        ulong value = kept & ~requestMask | data & requestMask;
        if (((kept ^ value) & ~masks.Write) != 0)
            return new(TdxStatus.MetadataFieldValueNotValid, 0);
        if (context.Validate(field, old, value, requestMask) is { IsError: true } invalid)
            return new(invalid, 0);
        TdxStatus stored = context.Store(field, id, old, value);
        return stored.IsError ? new(stored, 0) : new(TdxStatus.Success, old & masks.Read);
    }

    /// <summary>The first identifier the caller may read.</summary>
    public static FieldId First(MetadataContext context) => FirstFrom(context, 0);

    /// <summary>
    /// The first identifier from <paramref name="id"/> on that the caller may read; the null id at the end.
    /// </summary>
    public static FieldId FirstFrom(MetadataContext context, FieldId id)
    {
        context.Find(id, out MetadataField field);
        return IsReadable(context, field) ? id : FirstFrom(context, IndexOf(context.Table, field) + 1);
    }

    /// <summary>The identifier after <paramref name="id"/> that the caller may read; the null id at the end.</summary>
    public static FieldId Next(MetadataContext context, FieldId id)
    {
        if (context.Find(id, out MetadataField field).IsError && field is null)
            return FieldId.Null;
        int index = IndexOf(context.Table, field);
        return context.NextInField(field, id) ?? FirstFrom(context, index + 1);
    }

    // An address that was never written is all ones, also where no address has bits. The comparison starts from zero
    // there: Linux writes the posted-interrupt descriptor with a full mask and the module takes it (assumed).
    private static bool IsUnsetAddress(MetadataField field, ulong old) =>
        field.Address == MetadataAddress.SharedHpa && old == ulong.MaxValue;

    private static FieldId FirstFrom(MetadataContext context, int index)
    {
        int i = index;
        while (i < context.Table.Fields.Count && !IsReadable(context, context.Table.Fields[i]))
            i++;
        bool found = i < context.Table.Fields.Count;
        context.Call.P.Charge(Operation.MetadataRow, i - index + (found ? 1 : 0));
        return found ? context.FirstOf(context.Table.Fields[i]) : FieldId.Null;
    }

    private static bool IsReadable(MetadataContext context, MetadataField field) =>
        context.MasksOf(field).Read != 0 && context.Exists(field);

    private static int IndexOf(MetadataTable table, MetadataField field)
    {
        for (int i = 0; i < table.Fields.Count; i++)
            if (ReferenceEquals(table.Fields[i], field))
                return i;
        return table.Fields.Count;
    }
}
