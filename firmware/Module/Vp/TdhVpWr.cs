using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.VP.WR (leaf 43) — write a VCPU-scope metadata field. TDX Module 1.5 ABI, "TDH.VP.WR Leaf".</summary>
internal static class TdhVpWr
{
    public static LeafEnd Execute(LeafCall c)
    {
        ulong data = c.R8;
        c.R8 = 0;
        using HeldVcpu held = HeldVcpu.Of(c, allowDisabled: false);
        if (held.Failed)    return held.Status;

        MetadataContext context = held.Metadata();
        return FieldAccess.Write(c, context, data);
    }
}
