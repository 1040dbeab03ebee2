namespace Seamsim.Firmware.Module;

/// <summary>
/// Metadata classes of L2 VMs: 0x24..0x27 belong to VM 1, 0x2C.. to VM 2, 0x34.. to VM 3 (VCPU scope); 0x25, 0x29, 0x2D
/// are the SEPT roots of VM 1, 2, 3 (TD scope). TDX Module 1.5 ABI, metadata class codes.
/// </summary>
internal static class L2Class
{
    /// <summary>The L2 VM a TD-scope class belongs to; 0 for none.</summary>
    public static int VmOf(byte tdClass) => tdClass switch { 0x25 => 1, 0x29 => 2, 0x2D => 3, _ => 0 };

    /// <summary>The L2 VM a VCPU-scope class belongs to; 0 for none.</summary>
    public static int VmOfVcpu(byte vcpuClass) => vcpuClass switch
    {
        >= 0x24 and <= 0x27 => 1,
        >= 0x2C and <= 0x2F => 2,
        >= 0x34 and <= 0x37 => 3,
        _                   => 0,
    };

    /// <summary>Whether a VCPU-scope class is the VMCS of an L2 VM.</summary>
    public static bool IsVmcs(byte vcpuClass) => vcpuClass is 0x24 or 0x2C or 0x34;
}
