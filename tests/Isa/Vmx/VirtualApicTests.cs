using Seamsim.Isa;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Isa.Vmx;

public sealed unsafe class VirtualApicTests
{
    private const ulong Page = 0xB000;

    [Test]
    public void X2apic_registers_and_cr8_of_a_guest_live_in_the_virtual_apic_page()
    {
        using VmxRig rig = Arrange();
        rig.Write64(Page + 0x20, 0x1234);
        rig.Enter();
        Assert.That(rig.Core.ReadsVirtualApic(0x802, out ulong id), Is.True);
        Assert.That(id, Is.EqualTo(0x1234));
        Assert.That(rig.Core.WritesVirtualCr8(9), Is.True);
        Assert.That(rig.Core.ReadsVirtualApic(0x808, out ulong tpr), Is.True);
        Assert.That((tpr, rig.Core.VisibleCr8, rig.Core.Lp->Cr8), Is.EqualTo((0x90UL, 9UL, 0UL)));
        Assert.That(rig.Core.WritesVirtualApic(0x808, 0x100, out bool legal), Is.True);
        Assert.That(legal, Is.False);
    }

    [Test]
    public void Outside_a_guest_nothing_is_virtualized()
    {
        using VmxRig rig = Arrange();
        Assert.That(rig.Core.ReadsVirtualApic(0x808, out _), Is.False);
        Assert.That(rig.Core.WritesVirtualCr8(1), Is.False);
    }

    [Test]
    public void A_self_ipi_waits_for_the_priority_and_eoi_ends_it()
    {
        using VmxRig rig = Arrange();
        rig.Enter();
        Vmcs v = rig.V;
        Assert.That(rig.Core.WritesVirtualApic(0x83F, 0x45, out bool legal) && legal, Is.True);
        Assert.That(v[VmcsField.GuestInterruptStatus], Is.EqualTo(0x45));
        Assert.That(rig.Core.InterceptsWindow(out _), Is.False, "RFLAGS.IF is clear");
        rig.Core.Rflags |= RflagsBit.If;
        rig.Core.WritesVirtualCr8(5);
        Assert.That(rig.Core.InterceptsWindow(out _), Is.False, "the task priority is higher");

        rig.Core.WritesVirtualCr8(0);
        v[VmcsField.ExceptionBitmap] = uint.MaxValue; // the empty IDT turns the delivery into an exit that names it
        rig.Core.InterceptsWindow(out _);
        Assert.That(v[VmcsField.GuestInterruptStatus], Is.EqualTo(0x4500));
        Assert.That(v[VmcsField.IdtVectoringInformation] & 0xFFF, Is.EqualTo(0x45));
    }

    [Test]
    public void Eoi_brings_back_the_interrupt_that_was_interrupted()
    {
        using VmxRig rig = Arrange();
        rig.V.Store(VmcsField.GuestInterruptStatus, 0x6500);
        rig.Write32(Page + 0x100 + 0x20, 1u << 0x05);
        rig.Write32(Page + 0x100 + 0x30, 1u << 0x05);
        rig.Enter();
        Assert.That(rig.Core.WritesVirtualApic(0x80B, 0, out _), Is.True);
        Assert.That(rig.V[VmcsField.GuestInterruptStatus], Is.EqualTo(0x4500));
        Assert.That(rig.Read64(Page + 0xA0), Is.EqualTo(0x40));
    }

    private static VmxRig Arrange()
    {
        VmxRig rig = new();
        Vmcs v = rig.V;
        v[VmcsField.ProcBasedControls] |= ProcControls.UseTprShadow;
        v[VmcsField.ProcBasedControls2] |= ProcControls2.VirtualizeX2ApicMode |
            ProcControls2.ApicRegisterVirtualization | ProcControls2.VirtualInterruptDelivery;
        v[VmcsField.VirtualApicAddress] = Page;
        return rig;
    }
}
