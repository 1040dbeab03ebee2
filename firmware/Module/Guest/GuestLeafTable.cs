namespace Seamsim.Firmware.Module;

/// <summary>A guest leaf.</summary>
internal delegate GuestLeafEnd GuestLeafHandler(GuestCall call);

/// <summary>
/// The guest leaves this module dispatches, by number. TDX Module 1.5 ABI, "Guest-Side (TDCALL) Interface Functions".
/// </summary>
internal static partial class GuestLeafTable
{
    private const int Leaves = 32, VmRd = 7;

    private static readonly GuestLeafHandler?[] Guest = Build();

    /// <summary>The handler of a leaf, or null for an unknown one.</summary>
    public static GuestLeafHandler? Find(int leaf) => leaf < Leaves ? Guest[leaf] : null;

    /// <summary>The highest version of a leaf: only TDG.VM.RD has more than one.</summary>
    public static int MaxVersionOf(int leaf) => leaf == VmRd ? 1 : 0;

    /// <summary>MEM.PAGE and measurement.</summary>
    static partial void AddMemoryLeaves(GuestLeafHandler?[] guest);

    /// <summary>VP.* and metadata.</summary>
    static partial void AddVcpuLeaves(GuestLeafHandler?[] guest);

    private static GuestLeafHandler?[] Build()
    {
        GuestLeafHandler?[] guest = new GuestLeafHandler?[Leaves];
        AddMemoryLeaves(guest);
        AddVcpuLeaves(guest);
        return guest;
    }
}
