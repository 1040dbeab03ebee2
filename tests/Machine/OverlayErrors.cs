using Seamsim.Configuration;
using Seamsim.Modules;

namespace Seamsim.Tests.Composition;

/// <summary>A wrong overlay is answered with file, line and what was expected.</summary>
[TestFixture]
internal sealed class OverlayErrors
{
    private const string Head =
        "name = \"my\"\ntitle = \"t\"\nbase = \"1.5.01\"\nhypothetical = true\nsource = \"s\"\n";

    private const string Sha =
        "[[field]]\nleaf = 7\nsubleaf = 0\nregister = \"ebx\"\nname = \"SHA\"\ncategory = \"NATIVE\"\nreason = \"r\"\n";

    private static IEnumerable<TestCaseData> Rows()
    {
        yield return Row("name = \"my\"", "my.toml:1: title: missing; expected a string");
        yield return Row(Head.Replace("\"my\"", "\"a b\""), "my.toml:1: name: expected a word of at most 32 letters");
        yield return Row(Head.Replace("\"my\"", "\"1.5.01\""), "my.toml:1: name: expected a word");
        yield return Row(Head.Replace("1.5.01", "9.9"), "my.toml:3: base: expected \"1.5.01\"");
        yield return Row(Head.Replace("= true", "= 1"), "my.toml:4: hypothetical: expected true or false");
        yield return Row(Head + "on_top_of = \"e99\"", "my.toml:6: on_top_of: expected a version (1.5.01), a shipped");
        yield return Row(Head + "on_top_of = \"my.toml\"",
            "my.toml:6: on_top_of: expected an overlay that does not lie on this one");
        yield return Row(Head + "typo = 1", "my.toml:6: typo: no such key; expected one of base, field,");
        yield return Row(Head + "field = 1", "my.toml:6: field: expected an array of tables");
        yield return Row(Head + "seed = ", "my.toml:6: not TOML:");

        yield return Field("leaf = 0x99", "my.toml:6: the module has no CPUID leaf 0x99; a [[leaf]] adds one");
        yield return Field("leaf = 7", "my.toml:6: CPUID leaf 0x7 has subleaves: say which");
        yield return Field("leaf = 7\nsubleaf = 9", "my.toml:6: the module has no CPUID leaf 0x7.9");
        yield return Field("leaf = 1\nsubleaf = 0", "my.toml:6: CPUID leaf 0x1 has no subleaves");
        yield return Field("leaf = \"seven\"", "my.toml:7: field.0.leaf: expected an integer 0..0xFFFFFFFF");
        yield return Row(Head + Sha.Replace("SHA", "SHA3"),
            "my.toml:10: field.0.name: expected the name of a field of that register, or new with bits");
        yield return Row(Head + Sha.Replace("name = \"SHA\"\n", ""),
            "my.toml:6: field.0.bits: expected a bit \"6\" or bits \"msb:lsb\"");
        yield return Row(Head + Sha.Replace("\"ebx\"", "\"efx\""),
            "my.toml:9: field.0.register: expected one of eax, ebx, ecx, edx");
        yield return Row(Head + Sha.Replace("\"NATIVE\"", "\"MAYBE\""),
            "my.toml:11: field.0.category: expected one of FIXED, NATIVE, NATIVE_CHECKED, CONFIG_DIRECT, ALLOW_DIRECT");
        yield return Row(Head + Sha.Replace("\"NATIVE\"", "\"FIXED\""),
            "my.toml:6: field.0.value: missing; expected an integer 0..1");
        yield return Row(Head + Sha.Replace("\"NATIVE\"", "\"FIXED\"\nvalue = 2"),
            "my.toml:12: field.0.value: expected an integer 0..1");
        yield return Row(Head + Sha + "value = 1\n", "my.toml:13: field.0.value: no such key");
        yield return Row(Head + Sha.Replace("reason = \"r\"\n", ""), "my.toml:6: field.0.reason: missing");
        foreach (string bits in new[] { "", "32", "x", "3:4", "3:2:1", "-1", ":" })
            yield return Row(Head + Sha + $"bits = \"{bits}\"\n",
                "my.toml:13: field.0.bits: expected a bit \"6\" or bits \"msb:lsb\", 0..31");

        yield return Row(Head + Sha + Sha, "my.toml:13: 0x7.0.ebx[29]: my changes 0x7.0.ebx[29] already");
        yield return Row(Head + Sha + Sha.Replace("name = \"SHA\"", "bits = \"30:28\""),
            "my.toml:13: 0x7.0.ebx[30:28]: my changes 0x7.0.ebx[29] already");
        yield return Row(Head + "on_top_of = \"e1\"\n" + Sha,
            "my.toml:7: 0x7.0.ebx[29]: e1 changes 0x7.0.ebx[29] already");
        yield return Computed(1, null, "ecx", "OSXSAVE",
            "0x1.0.ecx[27]: OSXSAVE cannot be changed: the module computes");
        yield return Computed(1, null, "eax", "MODEL", "0x1.0.eax[7:4]: MODEL cannot be changed: the module checks");
        yield return Computed(7, 0, "ecx", "KL", "0x7.0.ecx[23]: KL cannot be changed: it is fixed by code");
        yield return Computed(0xD, 0, "eax", "X87", "0xd.0.eax[0]: X87 cannot be changed: the whole leaf is zero");
        yield return Row(
            Head + "[[field]]\nleaf = 0x20\nregister = \"ebx\"\nbits = \"0\"\ncategory = \"CONFIG_DIRECT\"\n"
            + "reason = \"r\"\n",
            "my.toml:6: 0x20.0.ebx[0]: the leaf is not configurable; a [[leaf]] with config = true makes it so");

        yield return Leaf("leaf = 0x7\nsubleaf = 0", "0x7.0: the module has this leaf already");
        yield return Leaf("leaf = 0x7\nsubleaf = 0\nconfig = true", "0x7.0: is configurable already, slot 5");
        yield return Leaf("leaf = 0x6\nconfig = true", "0x6: raises #VE in a TD and cannot be configured");
        yield return Leaf("leaf = 0x7", "0x7: CPUID leaf 0x7 has subleaves: say which");
        yield return Leaf("leaf = 0x1\nsubleaf = 1", "0x1.1: CPUID leaf 0x1 has no subleaves");
        yield return Leaf("leaf = 0x80", "0x80: CPUID_VALUES reaches leaves 0..0x7F");
        yield return Leaf("leaf = 0x24\nsubleaf = 128", "0x24.80: CPUID_VALUES reaches leaves 0..0x7F");
        yield return Leaf("leaf = 0x80000009", "0x80000009: above the highest extended leaf 0x80000008");
        yield return Row(Head + Leaves(17, config: false),
            "my.toml:70: 0x30.10: too many leaves; a TD has room for 80");
        yield return Row(
            Head + Leaves(16, config: true) + Leaves(5, config: true, "0x4\nsubleaf = 4", "0x23\nsubleaf = 1",
                "0x23\nsubleaf = 2", "0x23\nsubleaf = 3", "0x5"),
            "my.toml:106: 0x5: too many configurable leaves; CPUID_CONFIG_LEAVES has 32");

        yield return Msr("first = 0x33\nleaf = 9\nregister = \"eax\"\nbit = 0", "the module has no CPUID leaf 0x9");
        yield return Msr("first = 0x2000\nleaf = 1\nregister = \"eax\"\nbit = 0",
            "MSR 0x2000..0x2000: the MSR bitmaps hold 0..0x1FFF and 0xC0000000..0xC0001FFF");
        yield return Msr("first = 5\nlast = 4\nleaf = 1\nregister = \"eax\"\nbit = 0", "MSR 0x5..0x4: the MSR bitmaps");
        yield return Row(Head + "on_top_of = \"e8\"\n[[msr]]\nfirst = 0x30\nlast = 0x40\nname = \"M\"\nleaf = 1\n"
            + "register = \"eax\"\nbit = 0\nreason = \"r\"\n",
            "my.toml:7: MSR 0x30..0x40: overlaps MSR_TEST_CTRL, which an overlay makes native");
        yield return Row(Head + "[[msr]]\nfirst = 1\nname = \"M\"\nleaf = 1\nregister = \"eax\"\nbit = 32",
            "my.toml:11: msr.0.bit: expected an integer 0..31");
    }

    [TestCaseSource(nameof(Rows))]
    public void A_wrong_overlay_names_its_line_and_what_was_expected(string toml, string expected)
    {
        ConfigurationException wrong = Assert.Throws<ConfigurationException>(
            () => new OverlayReader("my.toml", [Path.GetFullPath("my.toml")]).Read(toml, "my.toml"))!;
        Assert.That(wrong.Message, Does.StartWith(expected));
    }

    private static TestCaseData Field(string place, string expected) => Row(
        Head + $"[[field]]\n{place}\nregister = \"ebx\"\nbits = \"0\"\ncategory = \"NATIVE\"\nreason = \"r\"\n",
        expected);

    private static TestCaseData Computed(int leaf, int? subleaf, string register, string name, string expected) => Row(
        Head + $"[[field]]\nleaf = {leaf}\n{(subleaf is null ? "" : $"subleaf = {subleaf}\n")}"
            + $"register = \"{register}\"\nname = \"{name}\"\ncategory = \"NATIVE\"\nreason = \"r\"\n",
        $"my.toml:6: {expected}");

    private static TestCaseData Leaf(string keys, string expected) =>
        Row(Head + $"[[leaf]]\n{keys}\nreason = \"r\"\n", $"my.toml:6: {expected}");

    private static TestCaseData Msr(string keys, string expected) =>
        Row(Head + $"[[msr]]\nname = \"M\"\n{keys}\nreason = \"r\"\n", $"my.toml:6: {expected}");

    // Subleaves of leaf 0x30 unless places are given; four lines each, and one for the slot.
    private static string Leaves(int count, bool config, params string[] places) => string.Concat(
        Enumerable.Range(0, count).Select(i =>
            $"[[leaf]]\nleaf = {(places.Length == 0 ? $"0x30\nsubleaf = {i}" : places[i])}\n"
            + (config ? "config = true\n" : "") + "reason = \"r\"\n"));

    private static TestCaseData Row(string toml, string expected) =>
        new TestCaseData(toml, expected).SetArgDisplayNames(expected);
}
