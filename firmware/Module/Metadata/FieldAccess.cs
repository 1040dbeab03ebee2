using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// What every leaf that reads or writes one metadata field ends with: the identifier check, the access, and the output
/// registers. TDX Module 1.5 ABI, "Metadata Access Interface".
/// </summary>
internal static class FieldAccess
{
    /// <summary>
    /// Reads the field <paramref name="operand"/> to R8; with <paramref name="enumerates"/> the null identifier asks for
    /// the first one, and RDX becomes the next.
    /// </summary>
    public static TdxStatus Read(LeafCall c, MetadataContext context, ulong operand, bool enumerates)
    {
        TdxStatus status = MetadataAccess.CheckId(context, operand, nullSupported: enumerates, out FieldId id);
        if (status != TdxStatus.Success)
        {
            if (!status.IsError)
                c.Rdx = id.Value;
            return status;
        }
        MetadataResult read = MetadataAccess.Read(context, id);
        c.R8 = read.Value;
        if (enumerates && !read.Status.IsError)
            c.Rdx = MetadataAccess.Next(context, id).Value;
        return read.Status;
    }

    /// <summary>
    /// Writes <paramref name="data"/> under the mask R9 to the field in RDX; R8 becomes the old value when the identifier
    /// is one.
    /// </summary>
    public static TdxStatus Write(LeafCall c, MetadataContext context, ulong data)
    {
        TdxStatus status = MetadataAccess.CheckId(context, c.Rdx, nullSupported: false, out FieldId id);
        if (status.IsError)
            return status;
        MetadataResult written = MetadataAccess.Write(context, id, data, c.R9);
        c.R8 = written.Value;
        return written.Status;
    }
}
