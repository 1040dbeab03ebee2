using System.Globalization;
using Seamsim.Runs;

namespace Seamsim.Tests.Composition.Consistency;

/// <summary>
/// The measured policy × event matrix against the table that people argue with: policies as facts describe them, one
/// row an event. Every cell is a real run: the program's ioctl bytes, KVM, SEAMCALL, the module, and a TD that counts
/// what it sees. Where the simulator does not agree with the table, the row says so and why.
/// </summary>
[TestFixture]
internal sealed class PolicyMatrixTests
{
    // event; program and strategy for bits it did not know; then per policy what the simulator measures:
    //   =  nothing changes for the TD          -u/-s  the TD lost the bit, unseen / seen by the VMM
    //   +u/+s  it gained the bit               !      an MSR of the host is clobbered
    //   C, I, V  refused: by CAPABILITIES (-E2BIG), by INIT_VM (-EINVAL), by INIT_VCPU (-EINVAL)
    // A star marks a cell the table has differently; Disagreements says why, and under what the table's cell comes out.
    private const string Measured = """
        event  program   bits   P0    P1    P2    P3    P4    P5    P6    P7
        E1     adaptive  zero   -u    -u    -s    -s    -s    -s*   -s    -s
        E1'    aware     copy   =     =     I     I     =     =     =     I
        E2     aware     copy   +s    +s    I     I     +s    +s    +s    I
        E3     adaptive  zero   +u    +u    +u    +u    +s    +s*   +s    +s
        E4     adaptive  zero   +u    +u    +u    +u    +s    +s*   +s    +s
        E5     old       zero   -u    -u    I     I     I     I     I     I
        E6     old       zero   C     C     C     C     C     C     C     C
        E7     adaptive  zero   +u    +u    +u    +u    +s    +s*   +s    +s
        E8     aware     one    +s!   +s!   I     I     +s!   +s!   +s!   I
        """;

    // The table's P5 compares a list the user had all along; a program that asks GET_CPUID first (the table calls it
    // optional under P5) passes what it has just read, so nothing can differ. With a program that reads nothing back
    // the cells are the table's: E1, E3 and E7 are refused by INIT_VCPU, E4 is not caught.
    private const string Disagreements = """
        event  policy  program  bits  cell
        E1     P5      old      zero  V
        E3     P5      old      zero  V
        E4     P5      old      zero  +u
        E7     P5      old      zero  V
        """;

    private static readonly Dictionary<string, string> Platforms = new()
    {
        ["E1"] = "e1", ["E1'"] = "e1-unknown", ["E2"] = "e2", ["E3"] = "e3", ["E4"] = "e4", ["E5"] = "e5", ["E6"] = "e6",
        ["E7"] = "e7", ["E8"] = "e8",
    };

    private static IEnumerable<string> Rows => Lines(Measured).Skip(1);

    private static IEnumerable<string> DisagreementRows => Lines(Disagreements).Skip(1);

    [TestCaseSource(nameof(Rows))]
    public void The_measured_row_of_an_event_is_the_table_s(string row)
    {
        string[] header = Words(Lines(Measured).First()), cells = Words(row);
        using (Assert.EnterMultipleScope())
        {
            for (int i = 3; i < cells.Length; i++)
                Assert.That(
                    Play(header[i], cells[0], cells[1], cells[2]), Is.EqualTo(cells[i].TrimEnd('*')),
                    $"{cells[0]} under {header[i]}");
        }
    }

    [TestCaseSource(nameof(DisagreementRows))]
    public void Where_the_simulator_disagrees_the_table_s_cell_comes_out_with_another_program(string row)
    {
        string[] cells = Words(row);
        string measured = Words(Rows.First(line => Words(line)[0] == cells[0]))[3 + int.Parse(cells[1].AsSpan(1), CultureInfo.InvariantCulture)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(measured, Does.EndWith("*"), "a disagreement that is none");
            Assert.That(Play(cells[1], cells[0], cells[2], cells[3]), Is.EqualTo(cells[4]));
        }
    }

    [Test]
    public void Every_star_has_its_evidence()
    {
        int stars = Measured.Count(character => character == '*');
        Assert.That(DisagreementRows.Count(), Is.EqualTo(stars));
    }

    private static string Play(string policy, string upgrade, string program, string bits)
    {
        string differs = upgrade == "E7" ? "cpu_differs = [\"0x7.1.eax[3]=1\"]" : "";
        string before = upgrade == "E7" ? "e7" : "1.5.01";
        string toml = $"""
            refusals = "record"
            [platform]
            lps_per_package = 1
            memory = "1 GiB"
            module = "{Platforms[upgrade]}"
            {differs}
            [kvm]
            policy = "{policy}"
            [user]
            program = "{program}"
            unknown_bits = "{bits}"
            [upgrade]
            module = "{before}"
            [td]
            memory = "4 KiB"
            xfam = ["X87", "SSE", "AVX"]
            [[tds]]
            name = "td"
            guest = "census"

            """;
        Scenario scenario = Scenario.Parse(toml, "matrix.toml");
        using Machine machine = new(scenario.Platform);
        ScenarioRun run = new(machine, scenario, new SilentTeller());
        run.Play();
        Assert.That(run.Report.Problems, Is.Empty, $"{upgrade} under {policy}");
        return Cell(run.Report);
    }

    private static string Cell(RunReport report)
    {
        TdReport td = report.Tds[0];
        if (td.Refusal is { } refusal)
            return refusal switch
            {
                _ when refusal.StartsWith("KVM_TDX_CAPABILITIES: -E2BIG", StringComparison.Ordinal) => "C",
                _ when refusal.StartsWith("KVM_TDX_INIT_VM: -EINVAL", StringComparison.Ordinal)     => "I",
                _ when refusal.StartsWith("KVM_TDX_INIT_VCPU: -EINVAL", StringComparison.Ordinal)   => "V",
                _                                                                                    => refusal,
            };
        if (td.Effect is not { } effect)
            return td.Outcome;
        string change = (effect.Lost.Count, effect.Gained.Count) switch
        {
            (0, 0)                     => "=",
            (1, 0)                     => "-",
            (0, 1)                     => "+",
            (int lost, int gained)     => string.Create(CultureInfo.InvariantCulture, $"-{lost}+{gained}"),
        };
        string seen = change == "=" ? "" : effect.UserSees ? "s" : "u";
        return change + seen + (report.Clobbered.Count > 0 ? "!" : "");
    }

    private static IEnumerable<string> Lines(string table) => table.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
