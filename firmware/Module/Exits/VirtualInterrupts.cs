using Seamsim.Isa;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>The virtual local APIC of a virtual CPU, as VCPU_STATE_DETAILS shows it. SDM vol. 3C, 30.2.</summary>
internal static class VirtualInterrupts
{
    private const ulong VirtualPprOffset = 0xA0;
    private const uint PriorityClass = 0xF0;

    /// <summary>
    /// VMXIP: the requesting virtual interrupt outranks the processor priority. The TD VMCS is current.
    /// </summary>
    public static bool IsPending(Vcpu v)
    {
        uint requesting = (uint)v.P.Vmread(VmcsField.GuestInterruptStatus) & PriorityClass;
        uint priority = v.P.Read<uint>(v.Tdvps.Page(Tdvps.VapicPage) + VirtualPprOffset) & PriorityClass;
        return requesting > priority;
    }
}
