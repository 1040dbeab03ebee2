namespace Seamsim.Firmware.Abi;

/// <summary>What an address-valued metadata field must satisfy when it is written.</summary>
public enum MetadataAddress : byte
{
    /// <summary>The field is no address.</summary>
    None,

    /// <summary>A shared host-physical address.</summary>
    SharedHpa,

    /// <summary>A private guest-physical address.</summary>
    PrivateGpa,
}

/// <summary>Read and write masks of a metadata field for one kind of caller.</summary>
public readonly record struct MetadataMasks(ulong Read, ulong Write);

/// <summary>One metadata field (or array of fields). TDX Module 1.5 ABI, metadata tables.</summary>
/// <param name="Name">The ABI's name.</param>
/// <param name="Id">Identifier of its first element.</param>
/// <param name="Fields">Number of fields in the array.</param>
/// <param name="Elements">Elements per field.</param>
/// <param name="Offset">Where it lies: in the TDR, through the TDCS pages or through the TDVPS pages.</param>
/// <param name="Host">Masks for the host of a production TD (and for system fields).</param>
/// <param name="Debug">Masks for the host of a debug TD.</param>
/// <param name="Guest">Masks for the guest.</param>
/// <param name="MigTd">Masks for a bound migration TD.</param>
/// <param name="Address">What an address written to it must satisfy.</param>
/// <param name="Value">System fields: a number, or the name of what the module computes.</param>
public sealed record MetadataField(
    string Name, FieldId Id, int Fields, int Elements, int Offset, MetadataMasks Host, MetadataMasks Debug,
    MetadataMasks Guest, MetadataMasks MigTd, MetadataAddress Address, string Value)
{
    /// <summary>Number of element codes the field covers.</summary>
    public uint Codes => (uint)(Fields * Elements);

    /// <summary>Whether an identifier names an element of this field.</summary>
    public bool Covers(FieldId id) =>
        (id.Key ^ Id.Key) >> 24 == 0 && id.Code - Id.Code < Codes;

    /// <summary>Position of an element, in elements from the first.</summary>
    public int ElementOf(FieldId id) => (int)(id.Code - Id.Code);
}

/// <summary>The fields of one context, in the ABI's order.</summary>
public sealed class MetadataTable
{
    internal MetadataTable(params string[] files) => Fields = [.. files.SelectMany(DataFile.Read).Select(Field)];

    /// <summary>All fields.</summary>
    public IReadOnlyList<MetadataField> Fields { get; }

    /// <summary>Position of the field that covers an identifier, or -1.</summary>
    public int IndexOf(FieldId id)
    {
        for (int i = 0; i < Fields.Count; i++)
            if (Fields[i].Covers(id))
                return i;
        return -1;
    }

    private static MetadataField Field(DataRow row) => new(
        row["name"], new FieldId(row.Number("field_id")), (int)row.Number("fields"), (int)row.Number("elements"),
        (int)row.Number("offset"), new(row.Number("host_rd"), row.Number("host_wr")),
        new(row.Number("debug_rd"), row.Number("debug_wr")), new(row.Number("guest_rd"), row.Number("guest_wr")),
        new(row.Number("migtd_rd"), row.Number("migtd_wr")), Address(row["address"]), row["value"]);

    private static MetadataAddress Address(string text) => text switch
    {
        ""            => MetadataAddress.None,
        "shared_hpa"  => MetadataAddress.SharedHpa,
        "private_gpa" => MetadataAddress.PrivateGpa,
        _             => throw new InvalidDataException($"metadata table: unknown address kind {text}"),
    };
}
