using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Isa.Vmx;

public sealed class VmcsTests
{
    [Test]
    public void Every_field_keeps_its_own_value_of_its_own_width()
    {
        using VmxRig rig = new();
        foreach (VmcsField field in VmcsLayout.Fields)
            Assert.That(rig.Core.Vmwrite((uint)field, Pattern(field)), Is.EqualTo(VmxResult.Succeed), field.ToString());
        foreach (VmcsField field in VmcsLayout.Fields)
        {
            ulong mask = VmcsLayout.BytesOf(field) switch { 2 => 0xFFFF, 4 => 0xFFFF_FFFF, _ => ulong.MaxValue };
            Assert.That(rig.Core.Vmread((uint)field, out ulong value), Is.EqualTo(VmxResult.Succeed));
            Assert.That(value, Is.EqualTo(Pattern(field) & mask), field.ToString());
        }
    }

    [Test]
    public void The_layout_fits_a_page()
    {
        Assert.That(VmcsLayout.Fields.Max(VmcsLayout.OffsetOf), Is.LessThanOrEqualTo(4096 - 8));
        Assert.That(VmcsLayout.Fields.Select(VmcsLayout.OffsetOf), Is.Unique);
    }

    [Test]
    public void High_access_reaches_the_upper_half_of_64_bit_fields_only()
    {
        using VmxRig rig = new();
        rig.Core.Vmwrite((uint)VmcsField.TscOffset, 0x1111_2222_3333_4444);
        rig.Core.Vmwrite((uint)VmcsField.TscOffset + 1, 0x5555_6666);
        rig.Core.Vmread((uint)VmcsField.TscOffset, out ulong whole);
        rig.Core.Vmread((uint)VmcsField.TscOffset + 1, out ulong high);
        Assert.That((whole, high), Is.EqualTo((0x5555_6666_3333_4444, 0x5555_6666UL)));
    }

    [Test]
    public void Fields_survive_vmclear_and_loading_on_another_processor()
    {
        using VmxRig rig = new();
        rig.Core.Vmwrite((uint)VmcsField.GuestRip, 0x1234);
        rig.Core.Vmclear(VmxRig.Region);
        Assert.That(rig.Core.Vmread((uint)VmcsField.GuestRip, out _), Is.EqualTo(VmxResult.FailInvalid));
        rig.Other.EnterVmxOperation(VmxRig.Second);
        Assert.That(rig.Other.Vmptrld(VmxRig.Region), Is.EqualTo(VmxResult.Succeed));
        rig.Other.Vmread((uint)VmcsField.GuestRip, out ulong rip);
        Assert.That(rip, Is.EqualTo(0x1234));
    }

    [Test]
    public void Another_key_reads_something_else_and_cannot_load_the_region()
    {
        using VmxRig rig = new();
        rig.Core.Vmwrite((uint)VmcsField.GuestRip, 0x1234);
        rig.Platform.Memory.ProgramKey(0, new KeyId(1), secret: 99, integrity: false);
        Hpa otherKey = rig.Platform.Memory.Keys.WithKey(new Hpa(VmxRig.Region), new KeyId(1));
        Assert.That(new Vmcs(rig.Platform.Memory, otherKey)[VmcsField.GuestRip], Is.Not.EqualTo(0x1234));
        Assert.That(rig.Core.Vmptrld(otherKey.Value), Is.EqualTo(VmxResult.FailValid));
        Assert.That(rig.V[VmcsField.VmInstructionError], Is.EqualTo((ulong)VmInstructionError.VmptrldWrongRevision));
    }

    private static ulong Pattern(VmcsField field) => (ulong)field * 0x0101_0101_0101_0101 ^ 0x8000_0000_8000_8001;
}
