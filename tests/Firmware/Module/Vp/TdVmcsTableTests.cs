using Seamsim.Firmware.Module;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Firmware.Module.Vp;

[Category("Conformance")]
public class TdVmcsTableTests
{
    private static TdVmcsInputs Inputs(TdFeatures features = TdFeatures.None) => new()
    {
        Hkid = 33,
        Controls = Rules.Default.Controls,
        Capabilities =
        [
            0x7F_00000016, 0xFFFFFFFF_04006172, 0xFFFFFFFF_00000000, 0xFF, 0xFFFFFFFF_00036DFB, 0xFFFFFF_000011FB,
        ],
        Fixed = new CrFixedBits(0x80000021, 0xFFFFFFFF, 0x2000, 0x1FFEFFF),
        Features = features,
        Xfam = 3,
        Eptp = 0x1234_501E,
        MsrBitmap = 0x21_0000_2000,
    };

    [Test]
    public void A_field_is_initialised_once() =>
        Assert.That(Rules.Default.TdVmcs.Rows.Select(row => row.Field), Is.Unique);

    [Test]
    public void Only_exit_information_and_unused_fields_are_left_alone()
    {
        VmcsField[] untouched =
        [
            .. Enum.GetValues<VmcsField>().Except(Rules.Default.TdVmcs.Rows.Select(row => row.Field))
                .Where(field => ((uint)field >> 10 & 3) != 1),
        ];
        Assert.That(untouched, Is.EquivalentTo(new[]
        {
            VmcsField.ExecutiveVmcsPointer, VmcsField.ExitControls2, VmcsField.GuestBndcfgs, VmcsField.GuestSmbase,
            VmcsField.LastPidPointerIndex, VmcsField.PidPointerTableAddress, VmcsField.SubPagePermissionTablePointer,
        }));
    }

    [TestCase(VmcsField.GuestCr0, 0x21UL)]
    [TestCase(VmcsField.GuestCr4, 0x2040UL)]
    [TestCase(VmcsField.GuestEfer, 0x901UL)]
    [TestCase(VmcsField.GuestRip, 0xFFFFFFF0UL)]
    [TestCase(VmcsField.GuestRflags, 2UL)]
    [TestCase(VmcsField.GuestCsAccessRights, 0xC09BUL)]
    [TestCase(VmcsField.GuestSsAccessRights, 0xC093UL)]
    [TestCase(VmcsField.GuestLdtrAccessRights, 0x10082UL)]
    [TestCase(VmcsField.GuestTrAccessRights, 0x8BUL)]
    [TestCase(VmcsField.GuestGdtrLimit, 0xFFFFUL)]
    [TestCase(VmcsField.GuestDr7, 0x400UL)]
    [TestCase(VmcsField.GuestPat, 0x0007040600070406UL)]
    [TestCase(VmcsField.GuestPerfGlobalCtrl, 0xFFUL)]
    [TestCase(VmcsField.ExceptionBitmap, 0x40000UL)]
    [TestCase(VmcsField.PostedInterruptNotificationVector, 0xFFFFUL)]
    [TestCase(VmcsField.PostedInterruptDescriptorAddress, ulong.MaxValue)]
    [TestCase(VmcsField.Vpid, 33UL << 2)]
    [TestCase(VmcsField.TdHkid, 33UL)]
    [TestCase(VmcsField.Eptp, 0x1234_501EUL)]
    [TestCase(VmcsField.MsrBitmap, 0x21_0000_2000UL)]
    public void The_initial_value_is_the_specified_one(VmcsField field, ulong expected) =>
        Assert.That(Inputs().Value(Rules.Default.TdVmcs.Rows.Single(row => row.Field == field)), Is.EqualTo(expected));

    // Recomputed by hand from INIT and the allowed-0 dword of each capability MSR above.
    [TestCase(VmcsField.PinBasedControls, 0x29UL | 0x16)]
    [TestCase(VmcsField.ProcBasedControls, 0x91220088UL | 0x04006172 | 1 << 29 | 1 << 10 | 1 << 11)]
    [TestCase(VmcsField.ProcBasedControls2, 0x133CB3FAUL)]
    [TestCase(VmcsField.ProcBasedControls3, 0x80UL)]
    [TestCase(VmcsField.ExitControls, 0x1F3C8204UL | 0x00036DFB)]
    [TestCase(VmcsField.EntryControls, 0x003EC004UL | 0x000011FB)]
    public void A_control_word_is_what_the_module_wants_and_what_the_processor_insists_on(
        VmcsField field, ulong expected) =>
        Assert.That(Inputs().Value(Rules.Default.TdVmcs.Rows.Single(row => row.Field == field)), Is.EqualTo(expected));

    [Test]
    public void Features_vary_the_control_words()
    {
        TdVmcsInputs all = Inputs((TdFeatures)0xFFFF) with { Gpaw = true };
        Assert.That(all.Control(TdControlWord.Proc) & (1 << 29 | 1 << 10 | 1 << 11), Is.Zero, "MONITOR, MWAIT, RDPMC");
        Assert.That(all.Control(TdControlWord.Proc2) & 0xC000000, Is.EqualTo(0xC000000), "WAITPKG, PCONFIG");
        Assert.That(all.Control(TdControlWord.Proc3), Is.EqualTo(0xA0), "GPAW");
        Assert.That(all.Control(TdControlWord.Exit) & 0x40001000, Is.EqualTo(0x40001000), "PERF_GLOBAL_CTRL");
        Assert.That(all.Control(TdControlWord.Entry) & 0x402000, Is.EqualTo(0x402000), "PERF_GLOBAL_CTRL, PKRS");
    }

    [Test]
    public void ENCLV_exiting_goes_when_the_processor_has_none()
    {
        TdVmcsInputs inputs = Inputs();
        inputs.Capabilities[2] = 0xEFFFFFFF_00000000;
        Assert.That(inputs.Control(TdControlWord.Proc2) & 1 << 28, Is.Zero);
    }

    [TestCase(0, 0xFF_00000016UL, true)]
    [TestCase(0, 0x56_00000016UL, false, TestName = "a bit the module sets is not allowed")]
    [TestCase(0, 0xFF_00000080UL, false, TestName = "posted interrupts may not be forced on")]
    [TestCase(3, 0xA0UL, true)]
    [TestCase(3, 0x80UL, false, TestName = "GPAW must be allowed")]
    public void A_capability_MSR_can_serve_a_TD_or_not(int word, ulong msr, bool supported) =>
        Assert.That(Rules.Default.Controls.Of((TdControlWord)word).IsSupportedBy(msr), Is.EqualTo(supported));
}
