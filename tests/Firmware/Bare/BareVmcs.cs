using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Firmware;

/// <summary>A VMCS as a dictionary; a field that was never written reads as 0.</summary>
internal sealed class BareVmcs
{
    public Dictionary<VmcsField, ulong> Fields { get; } = [];

    public bool Launched { get; set; }
}
