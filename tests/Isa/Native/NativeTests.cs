using System.Globalization;
using System.Text.RegularExpressions;
using Iced.Intel;
using Seamsim.Isa.Decode;

namespace Seamsim.Tests.Isa.Native;

/// <summary>Every user-mode form in the interpreter against the processor the tests run on. See README.md.</summary>
public sealed class NativeTests
{
    private const int Sets = 20, SlowSets = 1000, Seed = 1;

    private HostProcessor? host;
    private SimulatedProcessor? simulated;

    [OneTimeSetUp]
    public void Open()
    {
        host = HostProcessor.TryCreate();
        if (host is null)
            Assert.Ignore("needs Linux on x86-64, and writable code");
        simulated = new SimulatedProcessor(host.Components);
    }

    [OneTimeTearDown]
    public void Close()
    {
        simulated?.Dispose();
        host?.Dispose();
    }

    public static IEnumerable<string> Families => NativeForms.All.Select(FamilyOf).Distinct().Order();

    [TestCaseSource(nameof(Families))]
    public void Forms_agree_with_the_host(string family) =>
        Check(NativeForms.All.Where(form => FamilyOf(form) == family), Sets, Seed);

    [TestCaseSource(nameof(Families))]
    [Category("Slow"), Explicit("a thousand operand sets a form")]
    public void Forms_agree_with_the_host_on_many_operands(string family) =>
        Check(NativeForms.All.Where(form => FamilyOf(form) == family), SlowSets, Seed + 1);

    [Test]
    [Explicit("takes the forms from the command line: see README.md")]
    public void Forms_named_agree_with_the_host()
    {
        string pattern = TestContext.Parameters.Get("forms", ".");
        int sets = int.Parse(TestContext.Parameters.Get("sets", "1000"), CultureInfo.InvariantCulture);
        int seed = int.Parse(TestContext.Parameters.Get("seed", "1"), CultureInfo.InvariantCulture);
        Regex name = new(pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
        Check(NativeForms.All.Where(form => name.IsMatch(form.Code.ToString())), sets, seed);
    }

    private static string FamilyOf(OpCodeInfo form) => form.Code.CpuidFeatures()[0].ToString();

    private void Check(IEnumerable<OpCodeInfo> forms, int sets, int seed)
    {
        SignalStack before = HostSignals.UseStack(HostArena.SignalStack, HostArena.SignalStackBytes);
        try
        {
            Compare(forms, sets, seed);
        }
        finally
        {
            HostSignals.RestoreStack(before);
        }
    }

    private void Compare(IEnumerable<OpCodeInfo> forms, int sets, int seed)
    {
        HostFeatures features = new(host!.Components);
        Harness harness = new(host, simulated!, seed);
        Dictionary<string, InstructionForm> list = InstructionForm.Load().ToDictionary(row => row.Name);
        Report report = new();
        foreach (OpCodeInfo form in forms)
            if (list[form.Code.ToString()].State == FormState.Excluded)
                report.NotRun(form.Code, "no model has it");
            else if (NativeForms.WhyNot(form) is { } reason)
                report.NotRun(form.Code, reason);
            else if (!features.Has(form))
                report.NotRun(form.Code, "the host does not have it");
            else
                report.Add(harness.Run(form.Code, sets), list[form.Code.ToString()]);
        TestContext.Out.WriteLine(report.Summary);
        Assert.That(report.Disagreements, Is.Zero, report.Details);
    }
}
