using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Firmware.Module.Vp;

/// <summary>TDH.VP.RD and TDH.VP.WR. TDX Module 1.5 ABI, leaf pages.</summary>
[Category("Conformance")]
public class VpMetadataTests
{
    private const ulong VcpuIndex = 0xA020000200000002, PendNmi = 0x202000000000000B, SharedEptp = 0x002400030000203C,
                        PinControls = 0x0024000200004000, Vector = 0x0024000100000002, Descriptor = 0x0024000300002016,
                        GuestRip = 0x002400030000681E, GuestCr3 = 0x0024000300006802,
                        L2Vpid = 0x2424000100000000, RaxField = 0x1020000300000000;

    [Test]
    public void The_host_reads_what_it_may()
    {
        using VcpuTd t = new();
        Assert.That(Read(t, VcpuIndex), Is.EqualTo((TdxStatus.Success, 0UL)));
        Assert.That(Read(t, RaxField).Status, Is.EqualTo(TdxStatus.MetadataFieldNotReadable));
        Assert.That(Read(t, GuestRip).Status, Is.EqualTo(TdxStatus.MetadataFieldNotReadable));
        Assert.That(Read(t, GuestRip | 1).Status, Is.EqualTo(TdxStatus.MetadataFieldIdIncorrect), "the high half");
        Assert.That(Read(t, 1UL << 24).Status, Is.EqualTo(TdxStatus.MetadataFieldIdIncorrect), "a reserved bit");
    }

    [Test]
    public void The_host_of_a_debug_TD_reads_registers_and_the_VMCS()
    {
        using VcpuTd t = new(attributes: TdAttributes.Debug);
        Assert.That(Read(t, GuestRip), Is.EqualTo((TdxStatus.Success, 0xFFFFFFF0UL)));
        Assert.That(Read(t, RaxField | 1), Is.EqualTo((TdxStatus.Success, 0x1234UL)), "RCX");
        Assert.That(t.Lp.CurrentVmcs, Is.Not.SameAs(t.Vmcs), "the SEAM VMCS is current again");
    }

    [Test]
    public void Version_1_enumerates_every_readable_field_to_the_end()
    {
        using VcpuTd t = new();
        ulong id = ulong.MaxValue;
        Assert.That(Read(t, id, version: 1).Status, Is.EqualTo(TdxStatus.MetadataFirstFieldIdInContext));
        HashSet<ulong> seen = [];
        for (id = t.Lp.Gpr(2); id != ulong.MaxValue; id = t.Lp.Gpr(2))
        {
            Assert.That(seen.Add(id), Is.True, $"{id:X} twice");
            Assert.That(Read(t, id, version: 1).Status, Is.EqualTo(TdxStatus.Success), $"{id:X}");
        }
        Assert.That(seen, Has.Member(VcpuIndex).And.Member(SharedEptp));
        Assert.That(Read(t, VcpuIndex, version: 2).Status, Is.EqualTo(TdxStatus.OperandInvalid.With(OperandId.Rax)));
    }

    [Test]
    public void The_shared_EPT_pointer_reaches_the_VMCS()
    {
        using VcpuTd t = new();
        Assert.That(Write(t, SharedEptp, 0x1234_5000, 0x000F_FFFF_FFFF_F000).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(t[VmcsField.SharedEptp] & 0x000F_FFFF_FFFF_F000, Is.EqualTo(0x1234_5000));
        Assert.That(
            Write(t, SharedEptp, 0x1234_5008, ulong.MaxValue).Status, Is.EqualTo(TdxStatus.MetadataFieldValueNotValid));
        ulong privateRoot = t.Td.Tdr.Private(new Hpa(0x1234_5000)).Value;
        Assert.That(
            Write(t, SharedEptp, privateRoot, 0x000F_FFFF_FFFF_F000).Status,
            Is.EqualTo(TdxStatus.MetadataFieldValueNotValid), "a private KeyID");
    }

    [Test]
    public void A_field_of_an_L2_VMCS_is_read_there()
    {
        using VcpuTd t = new(
            pages: Tdvps.BasePages + Tdvps.PagesPerL2Vm, attributes: TdAttributes.Debug, l2Vms: 1);
        Assert.That(Read(t, L2Vpid), Is.EqualTo((TdxStatus.Success, t[VmcsField.Vpid] | 1)));
        Assert.That(Read(t, L2Vpid | 8UL << 56).Status, Is.EqualTo(TdxStatus.MetadataFieldIdIncorrect), "no VM 2");
    }

    [Test]
    public void A_debugger_cannot_give_CR3_an_address_that_is_not_private()
    {
        using VcpuTd t = new(attributes: TdAttributes.Debug);
        Assert.That(Write(t, GuestCr3, 0x1000, ulong.MaxValue).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(
            Write(t, GuestCr3, 1UL << 47, ulong.MaxValue).Status, Is.EqualTo(TdxStatus.MetadataFieldValueNotValid));
        Assert.That(
            Write(t, GuestCr3, 1UL << 52, ulong.MaxValue).Status, Is.EqualTo(TdxStatus.MetadataFieldValueNotValid));
        Assert.That(t[VmcsField.GuestCr3], Is.EqualTo(0x1000));
    }

    [Test]
    public void Posted_interrupts_need_vector_then_descriptor()
    {
        using VcpuTd t = new();
        Assert.That(Write(t, PinControls, 0x80, 0x80).Status, Is.EqualTo(TdxStatus.TdVmcsFieldNotInitialized.With(2)));
        Assert.That(Write(t, Vector, 0x100, 0xFFFF).Status, Is.EqualTo(TdxStatus.MetadataFieldValueNotValid));
        Assert.That(Write(t, Vector, 0xF2, 0xFFFF), Is.EqualTo((TdxStatus.Success, 0xFFFFUL)), "the old value");
        Assert.That(
            Write(t, PinControls, 0x80, 0x80).Status, Is.EqualTo(TdxStatus.TdVmcsFieldNotInitialized.With(0x2016)));
        Assert.That(Write(t, Descriptor, 0x2000_0040, 0x000F_FFFF_FFFF_FFC0).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(Write(t, PinControls, 0x80, 0x80).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(t[VmcsField.PinBasedControls] & 0x80, Is.EqualTo(0x80));
    }

    [Test]
    public void PEND_NMI_is_written_by_the_host()
    {
        using VcpuTd t = new();
        Assert.That(Write(t, PendNmi, 1, 0xFF).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(t.Tdvps.PendNmi, Is.True);
        Assert.That(Write(t, VcpuIndex, 1, 0xFF).Status, Is.EqualTo(TdxStatus.MetadataFieldNotWritable));
    }

    [Test]
    public void A_disabled_virtual_CPU_can_be_read_and_not_written()
    {
        using VcpuTd t = new();
        Tdvps v = t.Tdvps;
        v.State = VcpuState.Disabled;
        Assert.That(Read(t, VcpuIndex).Status, Is.EqualTo(TdxStatus.Success));
        Assert.That(Write(t, PendNmi, 1, 0xFF).Status, Is.EqualTo(TdxStatus.VcpuStateIncorrect));
    }

    [Test]
    public void The_association_stays_even_when_the_read_fails()
    {
        using VcpuTd t = new();
        t.Expect(18, t.Tdvpr, 0);
        Assert.That(Read(t, 1UL << 24, lp: t.Td.OtherLp).Status, Is.EqualTo(TdxStatus.MetadataFieldIdIncorrect));
        Assert.That((t.Tdvps.AssocLpid, t.Tdcs.NumAssocVcpus), Is.EqualTo((1u, 1u)));
        Assert.That(Read(t, VcpuIndex).Status, Is.EqualTo(TdxStatus.VcpuAssociated));
    }

    [TestCase(26)]
    [TestCase(43)]
    public void The_checks_come_in_the_order_of_the_ABI(int leaf) => Precedence.Check(
        leaf,
        () =>
        {
            VcpuTd t = new();
            (t.Td.Regs.Rcx, t.Td.Regs.Rdx, t.Td.Regs.R8, t.Td.Regs.R9) = (t.Tdvpr, PendNmi, 0, 0xFF);
            return t.Td;
        },
        [
            .. VcpuLeafTests.Tdvpr().Select(c => c.Name != "TDVPR held" ? c : c with
            {
                Arrange = td => td.Lp.Write<ushort>(td.Pamt(VcpuTd.FirstTdvpr).Address, 1),
            }),
            VcpuLeafTests.TdrHeld,
            .. Conditions.State(withLock: true, OpState.Uninitialized),
            new("pages missing", "pages", td => With(td, v => v.NumPages = 5), TdxStatus.TdcxNumIncorrect),
            new("VCPU active", "vcpu", td => With(td, v => v.State = VcpuState.Active), TdxStatus.VcpuStateIncorrect),
            new("associated elsewhere", "assoc", td => With(td, v => v.AssocLpid = 1), TdxStatus.VcpuAssociated),
            new("reserved bit in the identifier", "id", td => td.Regs.Rdx |= 1UL << 24,
                TdxStatus.MetadataFieldIdIncorrect),
            new("unknown identifier", "id", td => td.Regs.Rdx = 0x2020000000000F0B, TdxStatus.MetadataFieldIdIncorrect),
        ]);

    private static void With(MemTd td, Action<Tdvps> change) =>
        change(new Tdvps(td.Lp, td.Tdr.Private(new Hpa(VcpuTd.FirstTdvpr))));

    private static (TdxStatus Status, ulong Value) Read(VcpuTd t, ulong id, int version = 0, BareLp? lp = null)
    {
        lp ??= t.Lp;
        return (t.Call(26 | version << 16, t.Tdvpr, id, lp), lp.Gpr(8));
    }

    private static (TdxStatus Status, ulong Old) Write(VcpuTd t, ulong id, ulong value, ulong mask)
    {
        (t.Lp.Gpr(8), t.Lp.Gpr(9)) = (value, mask);
        return (t.Call(43, t.Tdvpr, id), t.Lp.Gpr(8));
    }
}
