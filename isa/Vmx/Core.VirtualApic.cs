using System.Numerics;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// The virtual-APIC page: x2APIC MSRs, CR8 and virtual interrupts of a guest. SDM vol. 3C, 30.1, 30.2 and 30.5.
public sealed unsafe partial class Core
{
    private const uint FirstX2Apic = 0x800, LastX2Apic = 0x8FF, TprMsr = 0x808, EoiMsr = 0x80B, SelfIpiMsr = 0x83F;
    private const ulong TprOffset = 0x80, PprOffset = 0xA0, IsrOffset = 0x100, IrrOffset = 0x200;

    /// <summary>RDMSR of an x2APIC register that VMX virtualizes; the value comes from the virtual-APIC page.</summary>
    internal bool ReadsVirtualApic(uint msr, out ulong value)
    {
        value = 0;
        if (!VirtualizesX2Apic(msr))
            return false;
        Vmcs v = CurrentVmcs;
        if (msr != TprMsr && !IsSet(v, ProcControls2.ApicRegisterVirtualization))
            return false;
        value = Memory.Read<ulong>(VirtualApic(v) + ((msr & 0xFF) << 4), Vmx.Seam, out _);
        return true;
    }

    /// <summary>
    /// WRMSR of an x2APIC register that VMX virtualizes: TPR, and with virtual-interrupt delivery EOI and self-IPI.
    /// </summary>
    /// <returns>False: not virtualized. True: done, or #GP(0) when <paramref name="legal"/> is false.</returns>
    internal bool WritesVirtualApic(uint msr, ulong value, out bool legal)
    {
        legal = true;
        if (!VirtualizesX2Apic(msr))
            return false;
        Vmcs v = CurrentVmcs;
        bool delivers = IsSet(v, ProcControls2.VirtualInterruptDelivery);
        switch (msr)
        {
            case TprMsr:
                if (legal = value >> 8 == 0)
                    WriteVirtualTpr(v, (uint)value);
                return true;
            case EoiMsr when delivers:
                if (legal = value == 0)
                    EndVirtualInterrupt(v);
                return true;
            case SelfIpiMsr when delivers:
                if (legal = value >> 8 == 0 && value >= 16)
                    RequestVirtualInterrupt(v, (byte)value);
                return true;
            default:
                return false;
        }
    }

    /// <summary>MOV from CR8 with the TPR shadow: VTPR[7:4].</summary>
    internal ulong VisibleCr8 => UsesTprShadow ? VirtualRegister(CurrentVmcs, TprOffset) >> 4 & 0xF : Lp->Cr8;

    /// <summary>MOV to CR8 with the TPR shadow; false: CR8 is the processor's own.</summary>
    internal bool WritesVirtualCr8(ulong value)
    {
        if (!UsesTprShadow)
            return false;
        WriteVirtualTpr(CurrentVmcs, (uint)value << 4);
        return true;
    }

    /// <summary>Delivers the virtual interrupt that guest interrupt status requests, when the guest can take one.</summary>
    private bool DeliversVirtualInterrupt(Vmcs v, out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!IsSet(v, ProcControls2.VirtualInterruptDelivery))
            return false;
        uint status = (uint)v[VmcsField.GuestInterruptStatus];
        byte vector = (byte)status;
        if ((vector & 0xF0) <= (VirtualRegister(v, PprOffset) & 0xF0) || vector == 0)
            return false;
        if ((Rflags & RflagsBit.If) == 0 || Lp->InterruptShadow != 0)
            return false;
        SetVectorBit(v, IsrOffset, vector, true);
        SetVectorBit(v, IrrOffset, vector, false);
        v.Store(VmcsField.GuestInterruptStatus, (uint)(vector << 8) | Highest(v, IrrOffset));
        WriteVirtualRegister(v, PprOffset, vector & 0xF0u);
        outcome = DeliverEvent(vector, EventType.ExternalInterrupt, null, 0);
        return true;
    }

    private bool UsesTprShadow =>
        Vmx.NonRoot && (CurrentVmcs.Dword(VmcsField.ProcBasedControls) & ProcControls.UseTprShadow) != 0;

    private bool VirtualizesX2Apic(uint msr) =>
        Vmx.NonRoot && msr is >= FirstX2Apic and <= LastX2Apic && IsSet(CurrentVmcs, ProcControls2.VirtualizeX2ApicMode);

    private Hpa VirtualApic(Vmcs v) => ControlStructure(v, v[VmcsField.VirtualApicAddress]);

    private uint VirtualRegister(Vmcs v, ulong offset) => Memory.Read<uint>(VirtualApic(v) + offset, Vmx.Seam, out _);

    private void WriteVirtualRegister(Vmcs v, ulong offset, uint value) =>
        Memory.Write(VirtualApic(v) + offset, value, Vmx.Seam);

    private void WriteVirtualTpr(Vmcs v, uint value)
    {
        WriteVirtualRegister(v, TprOffset, value);
        if (IsSet(v, ProcControls2.VirtualInterruptDelivery))
            UpdateVirtualPpr(v);
        else if ((value >> 4 & 0xF) < (v[VmcsField.TprThreshold] & 0xF))
            Vmx.TprBelowThreshold = true;
    }

    private void UpdateVirtualPpr(Vmcs v)
    {
        uint tpr = VirtualRegister(v, TprOffset) & 0xFF, serviced = (uint)v[VmcsField.GuestInterruptStatus] >> 8;
        WriteVirtualRegister(v, PprOffset, (tpr & 0xF0) >= (serviced & 0xF0) ? tpr : serviced & 0xF0);
    }

    private void EndVirtualInterrupt(Vmcs v)
    {
        uint status = (uint)v[VmcsField.GuestInterruptStatus];
        SetVectorBit(v, IsrOffset, (byte)(status >> 8), false);
        v.Store(VmcsField.GuestInterruptStatus, (uint)(Highest(v, IsrOffset) << 8) | (status & 0xFF));
        UpdateVirtualPpr(v);
    }

    private void RequestVirtualInterrupt(Vmcs v, byte vector)
    {
        SetVectorBit(v, IrrOffset, vector, true);
        uint status = (uint)v[VmcsField.GuestInterruptStatus];
        v.Store(VmcsField.GuestInterruptStatus, (status & 0xFF00) | Math.Max(status & 0xFF, vector));
    }

    private void SetVectorBit(Vmcs v, ulong offset, byte vector, bool set)
    {
        ulong at = offset + (ulong)(vector >> 5) * 16;
        uint mask = 1u << (vector & 31), old = VirtualRegister(v, at);
        WriteVirtualRegister(v, at, set ? old | mask : old & ~mask);
    }

    private byte Highest(Vmcs v, ulong offset)
    {
        for (int word = 7; word >= 0; word--)
            if (VirtualRegister(v, offset + (ulong)word * 16) is var bits and not 0)
                return (byte)(word * 32 + BitOperations.Log2(bits));
        return 0;
    }
}
