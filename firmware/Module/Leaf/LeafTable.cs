namespace Seamsim.Firmware.Module;

/// <summary>
/// The host leaves this module dispatches, by number. TDX Module 1.5 ABI, "Host-Side (SEAMCALL) Interface Functions".
/// </summary>
internal static partial class LeafTable
{
    private const int Leaves = 128;

    private static readonly LeafHandler?[] Host = Build();

    /// <summary>The handler of a leaf, or null for an unknown one.</summary>
    public static LeafHandler? Find(int leaf) => leaf < Leaves ? Host[leaf] : null;

    /// <summary>Secure EPT, private memory and measurement.</summary>
    static partial void AddMemoryLeaves(LeafHandler?[] host);

    /// <summary>Virtual CPUs.</summary>
    static partial void AddVcpuLeaves(LeafHandler?[] host);

    /// <summary>The system, TD management, service TDs and physical memory.</summary>
    static partial void AddManagementLeaves(LeafHandler?[] host);

    private static LeafHandler?[] Build()
    {
        LeafHandler?[] host = new LeafHandler?[Leaves];
        AddManagementLeaves(host);
        AddMemoryLeaves(host);
        AddVcpuLeaves(host);
        return host;
    }
}
