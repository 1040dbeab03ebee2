using Seamsim.Firmware.Abi;
using Seamsim.Isa.Ports;

namespace Seamsim.Firmware.Module;

/// <summary>Who reads or writes metadata: decides which masks count.</summary>
internal enum MetadataCaller : byte
{
    /// <summary>The host, of a production TD or of the system.</summary>
    Host,

    /// <summary>The host of a debug TD.</summary>
    DebugHost,

    /// <summary>The guest.</summary>
    Guest,
}

/// <summary>The outcome of a metadata read or write: a status and the (old) value, masked for the caller.</summary>
internal readonly record struct MetadataResult(TdxStatus Status, ulong Value);

/// <summary>
/// What differs between the scopes of metadata: where values live and what else must hold. One rule,
/// <see cref="MetadataAccess"/>, reads and writes through it.
/// </summary>
internal abstract class MetadataContext(LeafCall call, FieldContext scope, MetadataTable table, MetadataCaller caller)
{
    /// <summary>The call being served.</summary>
    public LeafCall Call => call;

    /// <summary>The context code of the scope's identifiers.</summary>
    public FieldContext Scope => scope;

    /// <summary>The fields of the scope.</summary>
    public MetadataTable Table => table;

    /// <summary>Who asks.</summary>
    public MetadataCaller Caller => caller;

    /// <summary>The masks of a field that count for the caller.</summary>
    public MetadataMasks MasksOf(MetadataField field) => caller switch
    {
        MetadataCaller.Guest     => field.Guest,
        MetadataCaller.DebugHost => field.Debug,
        _                        => field.Host,
    };

    /// <summary>Finds the field an identifier names; otherwise METADATA_FIELD_ID_INCORRECT or _NOT_READABLE.</summary>
    public virtual TdxStatus Find(FieldId id, out MetadataField field)
    {
        int index = Search(table, id);
        field = index < 0 ? null! : table.Fields[index];
        return index < 0 ? TdxStatus.MetadataFieldIdIncorrect : TdxStatus.Success;
    }

    /// <summary>Position of an identifier's row, or -1. The rows are gone through from the first.</summary>
    protected int Search(MetadataTable rows, FieldId id)
    {
        int index = rows.IndexOf(id);
        call.P.Charge(Operation.MetadataRow, index < 0 ? rows.Fields.Count : index + 1);
        return index;
    }

    /// <summary>Whether a field of the table exists here (an L2 VM may not).</summary>
    public virtual bool Exists(MetadataField field) => true;

    /// <summary>Reads an element.</summary>
    public abstract TdxStatus Fetch(MetadataField field, FieldId id, out ulong value);

    /// <summary>Checks a new value beyond the masks.</summary>
    public virtual TdxStatus Validate(MetadataField field, ulong old, ulong value, ulong requestMask) =>
        TdxStatus.Success;

    /// <summary>Writes an element.</summary>
    public virtual TdxStatus Store(MetadataField field, FieldId id, ulong old, ulong value) =>
        TdxStatus.MetadataFieldNotWritable;

    /// <summary>The identifier of a field's first element.</summary>
    public virtual FieldId FirstOf(MetadataField field) => field.Id;

    /// <summary>The identifier after <paramref name="id"/> inside its field, or null at its end.</summary>
    public virtual FieldId? NextInField(MetadataField field, FieldId id)
    {
        uint step = (id.Value >> 50 & 1) != 0 ? 2u : 1u;
        uint next = id.Code + step;
        return next - field.Id.Code < field.Codes ? field.Id.WithCode(next) : null;
    }
}
