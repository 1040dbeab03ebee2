using System.Globalization;
using System.Text;
using Seamsim.BareMetal;
using Seamsim.Loading;

namespace Seamsim.Tests.KvmUnitTests;

/// <summary>
/// Boots the kvm-unit-tests images that SEAMSIM_KVM_UNIT_TESTS names a directory of, and prints a table. They are no
/// part of this project; where the variable is not set there is nothing to do.
/// </summary>
[TestFixture]
[Category("KvmUnitTests")]
internal sealed class KvmUnitTestsFixture
{
    /// <summary>The environment variable.</summary>
    public const string Variable = "SEAMSIM_KVM_UNIT_TESTS";

    // What report_summary() returns, as the exit port mangles it: 0, 1, and 77 for "all skipped".
    private const int Passed = 1, Skipped = 77;
    private static readonly CompositeFormat Row = CompositeFormat.Parse("{0,-24}{1,6}{2,6}{3,6}{4,18}{5,16}");
    private readonly List<string> table = [];

    private static IEnumerable<TestCaseData> Images()
    {
        string? directory = Environment.GetEnvironmentVariable(Variable);
        string[] files = string.IsNullOrEmpty(directory) || !Directory.Exists(directory)
            ? []
            : [.. Directory.EnumerateFiles(directory)
                .Where(file => Path.GetExtension(file) is ".flat" or ".elf")
                .OrderBy(file => file, StringComparer.Ordinal)];
        foreach (string file in files)
            yield return new TestCaseData(file).SetArgDisplayNames(Path.GetFileName(file));
        if (files.Length == 0)
            yield return new TestCaseData("").SetArgDisplayNames("no images").Ignore($"{Variable} names no images");
    }

    [TestCaseSource(nameof(Images))]
    public void An_image_that_needs_no_more_than_there_is_passes(string path)
    {
        KvmUnitTestImage known = KvmUnitTestImage.Of(Path.GetFileNameWithoutExtension(path));
        using MemoryStream serial = new();
        using Pc pc = new(known.Machine, serial);
        Assume.That(MultibootImage.Read(File.ReadAllBytes(path), out string wrong), Is.Not.Null, wrong);
        MultibootImage image = MultibootImage.Read(File.ReadAllBytes(path), out _)!;
        Assert.That(pc.TryLoad(image, $"{path} {known.Arguments}", [known.Environment], out wrong), wrong);
        PcEnd end = pc.Run();
        string output = Encoding.UTF8.GetString(serial.ToArray());
        Note(Path.GetFileName(path), output, end, pc.Instructions);
        TestContext.Out.WriteLine(output);
        if (known.Complete)
            Assert.That(end.Kind == PcEndKind.Exit && end.Code is Passed or Skipped, $"{end.Text}\n{output}");
    }

    /// <summary>On the error stream, which <c>dotnet test</c> shows without being asked.</summary>
    [OneTimeTearDown]
    public void PrintTable()
    {
        if (table.Count == 0)
            return;
        TestContext.Error.WriteLine(Line("image", "pass", "fail", "skip", "end", "instructions"));
        foreach (string line in table)
            TestContext.Error.WriteLine(line);
    }

    private void Note(string image, string output, PcEnd end, ulong instructions)
    {
        int Count(string word) =>
            output.Split('\n').Count(line => line.TrimStart().StartsWith(word, StringComparison.Ordinal));
        table.Add(Line(
            image, Count("PASS"), Count("FAIL"), Count("SKIP"),
            end.Kind == PcEndKind.Exit ? end.Code : end.Kind, instructions));
    }

    private static string Line(params object[] cells) => string.Format(CultureInfo.InvariantCulture, Row, cells);
}
