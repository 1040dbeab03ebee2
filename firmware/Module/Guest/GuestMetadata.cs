using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// What the guest's metadata leaves share: output defaults, the identifier check and the access itself.
/// </summary>
internal static class GuestMetadata
{
    /// <summary>
    /// Reads the field in RDX to R8; with <paramref name="enumerates"/> RDX becomes the next identifier.
    /// </summary>
    public static GuestLeafEnd Read(LeafCall c, MetadataContext context, ulong operand, bool enumerates)
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

    /// <summary>Writes R8 under the mask R9 to the field in RDX; R8 becomes the old value.</summary>
    public static GuestLeafEnd Write(LeafCall c, MetadataContext context)
    {
        ulong data = c.R8;
        c.R8 = 0;
        if (c.Rcx != 0)
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        TdxStatus status = MetadataAccess.CheckId(context, c.Rdx, nullSupported: false, out FieldId id);
        if (status.IsError)
            return status;
        MetadataResult written = MetadataAccess.Write(context, id, data, c.R9);
        c.R8 = written.Value;
        return written.Status;
    }
}
