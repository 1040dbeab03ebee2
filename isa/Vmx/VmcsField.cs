namespace Seamsim.Isa.Vmx;

/// <summary>VMCS field encodings. SDM vol. 3D, appendix B; TDX CPU Architectural Extensions for the SEAM fields.</summary>
public enum VmcsField : uint
{
#pragma warning disable CS1591 // named as in the manual
    Vpid = 0x0000,
#pragma warning restore CS1591
}
