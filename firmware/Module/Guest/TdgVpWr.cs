namespace Seamsim.Firmware.Module;

/// <summary>TDG.VP.WR (leaf 10) — write a VCPU-scope metadata field. TDX Module 1.5 ABI, "TDG.VP.WR Leaf".</summary>
internal static class TdgVpWr
{
    public static GuestLeafEnd Execute(GuestCall g) =>
        GuestMetadata.Write(g.Call, new VcpuMetadataContext(g.Call, g.Tdr, g.Tdvps, MetadataCaller.Guest));
}
