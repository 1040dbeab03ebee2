using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// What the guest's two metadata writes share: RCX is reserved, and R8 is an output.
/// </summary>
internal static class GuestMetadata
{
    /// <summary>Writes R8 under the mask R9 to the field in RDX; R8 becomes the old value.</summary>
    public static GuestLeafEnd Write(LeafCall c, MetadataContext context)
    {
        ulong data = c.R8;
        c.R8 = 0;
        if (c.Rcx != 0)
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        return FieldAccess.Write(c, context, data);
    }
}
