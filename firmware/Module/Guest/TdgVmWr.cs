namespace Seamsim.Firmware.Module;

/// <summary>TDG.VM.WR (leaf 8) — write a TD-scope metadata field. TDX Module 1.5 ABI, "TDG.VM.WR Leaf".</summary>
internal static class TdgVmWr
{
    public static GuestLeafEnd Execute(GuestCall g) =>
        GuestMetadata.Write(g.Call, new TdMetadataContext(g.Call, g.Tdr, MetadataCaller.Guest));
}
