using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;

namespace Seamsim.Tests.Firmware.Module.Exits;

[Category("Conformance")]
public class RuleTests
{
    private static readonly CrFixedBits Fixed = new(0x80000021, 0xFFFFFFFF, 0x2000, 0x1FFEFFF);

    // name | value | CR4 | verdict
    private static IEnumerable<TestCaseData> Cr0Writes()
    {
        yield return Row("write protect off", 0x80000033, 0, GuestVerdict.Apply);
        yield return Row("protection off", 0x32, 0, GuestVerdict.Ve);
        yield return Row("numeric errors off", 0x80010013, 0, GuestVerdict.Ve);
        yield return Row("caches off", 0xC0010033, 0, GuestVerdict.Ve);
        yield return Row("not write-through", 0xA0010033, 0, GuestVerdict.Ve);
        yield return Row("a reserved bit", 0x80090033, 0, GuestVerdict.Ve);
        yield return Row("paging without protection", 0x80010032, 0, GuestVerdict.Gp);
        yield return Row("write protect off under CET", 0x80000033, CrRules.Cet, GuestVerdict.Gp);
        yield return Row("above 32 bits", 0x1_80010033, 0, GuestVerdict.Gp);
        yield return Row("above 32 bits beats caches off", 0x1_C0010033, 0, GuestVerdict.Gp);
    }

    [TestCaseSource(nameof(Cr0Writes))]
    public void A_CR0_write_that_exited_is_judged(ulong value, ulong cr4, GuestVerdictName expected)
    {
        (GuestVerdict verdict, ulong cr0) = CrRules.WriteCr0(Fixed, value, 0x80010033, cr4);
        Assert.That(verdict.ToString(), Is.EqualTo(expected.ToString()));
        Assert.That(cr0, Is.EqualTo(verdict == GuestVerdict.Apply ? value : 0x80010033));
    }

    [TestCase(0x2060UL, 0UL, 3UL, GuestVerdictName.Ve, TestName = "VMXE is the module's")]
    [TestCase(0x4060UL, 0UL, 3UL, GuestVerdictName.Ve, TestName = "SMXE is refused softly")]
    [TestCase(0x0020UL, 0UL, 3UL, GuestVerdictName.Ve, TestName = "MCE stays on")]
    [TestCase(0x400060UL, 0UL, 3UL, GuestVerdictName.Gp, TestName = "PKE without PKRU")]
    [TestCase(0x400060UL, 0UL, 0x203UL, GuestVerdictName.Ve, TestName = "PKE with PKRU only exits for another bit")]
    [TestCase(0x800060UL, 0UL, 0x1803UL, GuestVerdictName.Gp, TestName = "CET without write protect")]
    [TestCase(0x1000060UL, 0UL, 3UL, GuestVerdictName.Gp, TestName = "PKS without the attribute")]
    [TestCase(0x8060UL, 0UL, 3UL, GuestVerdictName.Ve, TestName = "bit 15 where the processor has it")]
    [TestCase(0x1060UL, 0UL, 3UL, GuestVerdictName.Gp, TestName = "a bit the processor reserves")]
    public void A_CR4_write_that_exited_is_judged(
        ulong value, ulong attributes, ulong xfam, GuestVerdictName expected) =>
        Assert.That(
            CrRules.WriteCr4(Fixed, value, 0x80000033, attributes, xfam).ToString(), Is.EqualTo(expected.ToString()));

    [Test]
    public void Masks_hide_what_the_TD_must_not_change_and_nothing_else()
    {
        Assert.That(CrRules.Cr0Mask(Fixed), Is.EqualTo(0xFFFFFFFF_7FFAFFE1));
        Assert.That(CrRules.Cr0Shadow(Fixed), Is.EqualTo(0x80000021));
        ulong bare = CrRules.Cr4Mask(Fixed, 0, 3);
        Assert.That(bare & (CrRules.Pke | CrRules.Cet | CrRules.Uintr | CrRules.Pks | CrRules.KeyLocker | CrRules.Vmxe),
            Is.EqualTo(CrRules.Pke | CrRules.Cet | CrRules.Uintr | CrRules.Pks | CrRules.KeyLocker | CrRules.Vmxe));
        ulong rich = CrRules.Cr4Mask(
            Fixed with { Cr4Fixed1 = 0xFFFFFFFF }, TdAttributes.Pks, XfamBits.Pkru | XfamBits.Cet | XfamBits.Uintr);
        const ulong free = CrRules.Pke | CrRules.Cet | CrRules.Pks | CrRules.OsXsave | CrRules.La57 | CrRules.Pcide;
        Assert.That(rich & free, Is.Zero);
        Assert.That(CrRules.Cr4Shadow(Fixed), Is.EqualTo(0x40));
    }

    [Test]
    public void LMSW_reaches_TS_EM_and_MP_only() =>
        Assert.That(CrRules.Lmsw(0xFFFE, 0x80000031), Is.EqualTo(0x8000003F));

    [TestCase(0x3UL, 0x3UL, true)]
    [TestCase(0x2UL, 0x3UL, false, TestName = "x87 must be on")]
    [TestCase(0x7UL, 0x3UL, false, TestName = "AVX outside XFAM")]
    [TestCase(0x5UL, 0x7UL, false, TestName = "AVX needs SSE")]
    [TestCase(0xE7UL, 0xE7UL, true)]
    [TestCase(0x67UL, 0xE7UL, false, TestName = "AVX-512 all or none")]
    [TestCase(0xE3UL, 0xE7UL, false, TestName = "AVX-512 needs AVX")]
    [TestCase(0x20003UL, 0x60003UL, false, TestName = "AMX both or none")]
    [TestCase(0x60003UL, 0x60003UL, true)]
    [TestCase(0x803UL, 0x1803UL, false, TestName = "supervisor components are not XCR0's")]
    public void XCR0_takes_legal_sets_inside_XFAM(ulong value, ulong xfam, bool legal) =>
        Assert.That(XfamBits.IsLegalXcr0(value, xfam), Is.EqualTo(legal));

    [TestCase(0x3UL, 0UL, GuestVerdictName.Apply, 0x3UL)]
    [TestCase(0x10000UL, 0UL, GuestVerdictName.Gp, 0UL)]
    [TestCase(0x8UL, 0UL, GuestVerdictName.Gp, 0UL)]
    [TestCase(0x40UL, 0UL, GuestVerdictName.Ve, 0UL)]
    [TestCase(0xC0UL, 0UL, GuestVerdictName.Apply, 0xC0UL)]
    [TestCase(0x10040UL, 0UL, GuestVerdictName.Gp, 0UL, TestName = "reserved beats trace without store")]
    [TestCase(0x2001UL, 0x0UL, GuestVerdictName.Apply, 0x1UL, TestName = "the uncore enable stays off")]
    [TestCase(0x1UL, 0x2000UL, GuestVerdictName.Apply, 0x2001UL, TestName = "the uncore enable stays on")]
    public void DEBUGCTL_writes_are_judged(ulong value, ulong current, GuestVerdictName expected, ulong written)
    {
        (GuestVerdict verdict, ulong result) = DebugCtlRules.Write(value, current);
        Assert.That(verdict.ToString(), Is.EqualTo(expected.ToString()));
        if (verdict == GuestVerdict.Apply)
            Assert.That(result, Is.EqualTo(written));
    }

    [TestCase(Vector.GP, Vector.GP, Vector.DF)]
    [TestCase(Vector.PF, Vector.GP, Vector.DF)]
    [TestCase(Vector.PF, Vector.VE, Vector.DF, TestName = "#VE while delivering a page fault")]
    [TestCase(Vector.VE, Vector.UD, Vector.UD, TestName = "#UD is benign")]
    [TestCase(Vector.GP, Vector.VE, Vector.VE, TestName = "contributory then page-fault class is serial")]
    [TestCase(Vector.DB, Vector.GP, Vector.GP)]
    public void Two_exceptions_combine_as_the_SDM_says(Vector first, Vector second, Vector expected) =>
        Assert.That(
            GuestEvent.Combine(GuestEvent.Exception(first), GuestEvent.Exception(second))!.Value.Vector,
            Is.EqualTo((byte)expected));

    [Test]
    public void An_exception_while_delivering_a_double_fault_is_a_triple_fault() =>
        Assert.That(GuestEvent.Combine(GuestEvent.Exception(Vector.DF), GuestEvent.Exception(Vector.VE)), Is.Null);

    [Test]
    public void Exceptions_have_the_entry_format()
    {
        Assert.That(GuestEvent.Exception(Vector.GP).Information, Is.EqualTo(0x80000B0D));
        Assert.That(GuestEvent.Exception(Vector.VE).Information, Is.EqualTo(0x80000314));
        Assert.That(GuestEvent.Exception(Vector.UD).Information, Is.EqualTo(0x80000306));
        Assert.That(GuestEvent.NonMaskable.Information, Is.EqualTo(0x80000202));
        Assert.That(
            GuestEvent.FromVectoring(0x80001B0D, 5), Is.EqualTo(new GuestEvent(0x80000B0D, 5)), "bit 12 is cleared");
    }

    private static TestCaseData Row(string name, ulong value, ulong cr4, GuestVerdict expected) =>
        new TestCaseData(value, cr4, Enum.Parse<GuestVerdictName>(expected.ToString())).SetName(name);

    // The product's enum is internal and test methods are public.
    public enum GuestVerdictName
    {
        Apply, Gp, Ve,
    }
}
