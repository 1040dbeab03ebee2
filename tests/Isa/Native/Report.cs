using System.Text;
using Iced.Intel;
using Seamsim.Isa.Decode;

namespace Seamsim.Tests.Isa.Native;

/// <summary>What a run of forms found, in words.</summary>
internal sealed class Report
{
    private const int Shown = 60;

    private readonly List<FormResult> results = [];
    private readonly SortedDictionary<string, List<Code>> notRun = new(StringComparer.Ordinal);

    /// <summary>What the list of forms says of a form has to be so.</summary>
    public void Add(FormResult result, InstructionForm row)
    {
        if (row.State == FormState.Implemented && result.Missing > 0)
            result.Differences.Add($"{result.Missing} sets: #UD here, not on the host");
        if (row.Checked == FormCheck.Native && result.Compared + result.Refused == 0 && result.Differences.Count == 0)
            result.Differences.Add("the list calls it compared, and no set was");
        results.Add(result);
    }

    public void NotRun(Code code, string reason)
    {
        if (!notRun.TryGetValue(reason, out List<Code>? list))
            notRun.Add(reason, list = []);
        list.Add(code);
    }

    public int Disagreements => results.Count(result => result.Differences.Count > 0);

    public string Summary
    {
        get
        {
            StringBuilder text = new();
            text.AppendLine($"{results.Count(r => r.Compared > 0)} of {results.Count} forms compared, "
                + $"{results.Sum(r => r.Compared)} sets executed by both, {results.Sum(r => r.Refused)} refused by both, "
                + $"{results.Sum(r => r.LeftOut)} left out, {Disagreements} forms disagree");
            List(text, "not implemented", results.Where(r => r.Missing > 0).Select(r => r.Code));
            List(text, "never executed", results.Where(r => r is { Compared: 0, Missing: 0 }).Select(r => r.Code));
            foreach ((string reason, List<Code> codes) in notRun)
                List(text, $"not run, {reason}", codes);
            return text.ToString();
        }
    }

    public string Details
    {
        get
        {
            StringBuilder text = new();
            foreach (FormResult result in results.Where(r => r.Differences.Count > 0).Take(Shown))
            {
                text.AppendLine($"{result.Code}: {result.Differences.Count} of "
                    + $"{result.Differences.Count + result.Compared + result.Refused} sets");
                foreach (string difference in result.Differences.Where(line => line.Length > 0))
                    text.AppendLine("    " + difference);
            }
            return text.ToString();
        }
    }

    private static void List(StringBuilder text, string what, IEnumerable<Code> codes)
    {
        string names = string.Join(' ', codes);
        if (names.Length > 0)
            text.AppendLine($"{what}: {names}");
    }
}
