using Seamsim.Firmware.Abi;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>TDH.SYS.CONFIG: what a TDMR must not be. TDX Module 1.5 ABI, "TDH.SYS.CONFIG Leaf".</summary>
[Category("Conformance")]
[TestFixtureSource(typeof(ConformanceTargets), nameof(ConformanceTargets.Names))]
public class TdmrRows(string name)
{
    private const ulong Gigabyte = BareMachine.Gigabyte;

    // name | change of a valid TDMR_INFO (qwords) | expected.
    private static IEnumerable<TestCaseData> Rows()
    {
        yield return Row("wraps", t => t[0] = ulong.MaxValue & ~(Gigabyte - 1), TdxStatus.InvalidTdmr);
        yield return Row("base not on a gigabyte", t => t[0] += 4096, TdxStatus.InvalidTdmr);
        yield return Row("empty", t => t[1] = 0, TdxStatus.InvalidTdmr);
        yield return Row("KeyID in the base", t => t[0] |= 1UL << 50, TdxStatus.InvalidTdmr);
        yield return Row("gap before a reserved area", t => (t[10], t[11]) = (0, 4096),
            TdxStatus.NonOrderedReservedInTdmr);
        yield return Row("reserved areas swapped", t => (t[8], t[9], t[10], t[11]) = (0x2000, 0x1000, 0, 0x1000),
            TdxStatus.NonOrderedReservedInTdmr.With(1u << 8));
        yield return Row("reserved area wraps", t => (t[8], t[9]) = (0x1000, ulong.MaxValue),
            TdxStatus.InvalidReservedInTdmr);
        yield return Row("reserved area misaligned", t => (t[8], t[9]) = (0x800, 0x1000),
            TdxStatus.InvalidReservedInTdmr);
        yield return Row("reserved area outside", t => (t[8], t[9]) = (Gigabyte, 0x1000),
            TdxStatus.InvalidReservedInTdmr);
        yield return Row("1G PAMT too small", t => t[3] = 0, TdxStatus.InvalidPamt.With(2u << 8));
        yield return Row("2M PAMT too small", t => t[5] = 0x1000, TdxStatus.InvalidPamt.With(1u << 8));
        yield return Row("4K PAMT too small", t => t[7] -= 0x1000, TdxStatus.InvalidPamt);
        yield return Row("4K PAMT misaligned", t => t[6] += 0x800, TdxStatus.InvalidPamt);
        yield return Row("1G PAMT beats 4K PAMT", t => (t[3], t[7]) = (0, 0), TdxStatus.InvalidPamt.With(2u << 8));
        yield return Row("PAMTs overlap each other", t => t[4] = t[6], TdxStatus.PamtOverlap);
        yield return Row("PAMT in usable memory", t => t[6] = t[0], TdxStatus.PamtOverlap);
        yield return Row("PAMT outside CMRs", t => t[6] = 0xC000_0000, TdxStatus.PamtOutsideCmrs);
        yield return Row("TDMR outside CMRs", t => t[0] = 3 * Gigabyte, TdxStatus.TdmrOutsideCmrs);
    }

    [TestCaseSource(nameof(Rows))]
    public void A_TDMR_is_refused(Action<ulong[]> change, ulong expected)
    {
        using IConformanceTarget platform = ConformanceTargets.Installed(name);
        platform.Initialise();
        ulong[] tdmr = platform.DefaultTdmr();
        change(tdmr);
        TdxStatus status = platform.Configure(tdmr).Status;
        Assert.That(status.ToString(), Is.EqualTo(new TdxStatus(expected).ToString()));
    }

    [Test]
    public void TDMRs_must_ascend()
    {
        using IConformanceTarget platform = ConformanceTargets.Installed(name);
        platform.Initialise();
        SeamcallResult result = platform.Configure(platform.DefaultTdmr(), platform.DefaultTdmr());
        Assert.That(result.Status, Is.EqualTo(TdxStatus.NonOrderedTdmr.With(1u)));
    }

    [TestCase(0UL, 1UL, 33UL, OperandId.Rdx, 0UL)]
    [TestCase(0UL, 1UL, 65UL, OperandId.Rdx, 65UL)]
    [TestCase(8UL, 1UL, 33UL, OperandId.Rcx, 1UL)]
    public void The_operands_of_SYS_CONFIG_are_checked(ulong misalignment, ulong unused, ulong hkid, OperandId operand,
        ulong count)
    {
        using IConformanceTarget platform = ConformanceTargets.Installed(name);
        platform.Initialise();
        ulong array = platform.WriteTdmrs(platform.DefaultTdmr()) + misalignment;
        SeamcallResult result = platform.Seamcall("TDH.SYS.CONFIG", new(Rcx: array, Rdx: count, R8: hkid));
        Assert.That(result.Status, Is.EqualTo(TdxStatus.OperandInvalid.With(operand)));
    }

    [Test]
    public void Reserved_areas_are_marked_in_the_PAMT()
    {
        using IConformanceTarget platform = ConformanceTargets.Installed(name);
        platform.Initialise();
        ulong[] tdmr = platform.DefaultTdmr();
        (tdmr[8], tdmr[9]) = (0x3000, 0x2000);
        Assert.That(platform.Configure(tdmr).Status, Is.EqualTo(TdxStatus.Success));
        platform.DoOnPackages("TDH.SYS.KEY.CONFIG");
        platform.InitialiseTdmr();
        IEnumerable<PageType> types = Enumerable.Range(2,
            4).Select(i => platform.TypeOf(platform.TdmrBase + (ulong)i * 4096));
        Assert.That(types, Is.EqualTo(new[] { PageType.Nda, PageType.Rsvd, PageType.Rsvd, PageType.Nda }));
    }

    [Test]
    public void An_initialised_TDMR_is_not_initialised_again()
    {
        using IConformanceTarget platform = ConformanceTargets.Ready(name);
        SeamcallResult result = platform.Seamcall("TDH.SYS.TDMR.INIT", new(Rcx: platform.TdmrBase));
        Assert.That((result.Status, result.Rdx), Is.EqualTo((TdxStatus.TdmrAlreadyInitialized, 0UL)));
    }

    private static TestCaseData Row(string name, Action<ulong[]> change, TdxStatus expected) =>
        new TestCaseData(change, expected.Value).SetArgDisplayNames(name);
}
