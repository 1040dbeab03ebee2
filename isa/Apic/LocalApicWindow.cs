using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Apic;

/// <summary>
/// The xAPIC register page: 16-byte spaced 32-bit registers. SDM vol. 3A, 11.4.1. Each core sees its own.
/// </summary>
internal sealed class LocalApicWindow(ulong address) : IMmioDevice
{
    public ulong Read(Core core, ulong offset, int bytes)
    {
        if (!core.Apic.IsXApicAt(address))
            return ulong.MaxValue;
        return (offset & 0xF) == 0 && core.Apic.TryRead((int)(offset >> 4), out ulong value) ? (uint)value : 0;
    }

    public void Write(Core core, ulong offset, int bytes, ulong value)
    {
        if (core.Apic.IsXApicAt(address) && (offset & 0xF) == 0)
            core.Apic.TryWrite((int)(offset >> 4), (uint)value);
    }
}
