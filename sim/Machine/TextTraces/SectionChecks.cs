using System.Globalization;
using Seamsim.Isa;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.TextTraces;

/// <summary>Keeps what was found for every expectation of a section.</summary>
internal sealed class SectionChecks(TextSection section)
{
    private readonly Dictionary<Expectation, (int Times, string? Got)> found = new(ReferenceEqualityComparer.Instance);
    private readonly List<ExitReason> exits = [];
    private readonly List<VeInformation> told = [];
    private CaughtException? caught;

    /// <summary>Looks at the state.</summary>
    public void State(Core core, IReadOnlyList<StateExpectation> expectations, Func<string, ulong> labels)
    {
        foreach (StateExpectation expectation in expectations)
            Note(expectation, expectation switch
            {
                RegisterExpectation register => Register(core, register, labels),
                MemoryExpectation memory => Memory(core, memory, (ulong)memory.Address.In(labels)),
                _ => throw new InvalidOperationException("an expectation without a rule"),
            });
    }

    /// <summary>A VM exit while an instruction executes.</summary>
    public void Exited(ExitReason reason) => exits.Add(reason);

    /// <summary>A #VE told its handler.</summary>
    public void Told(CodeLine? line, in VeInformation information)
    {
        if (line is not null)
            told.Add(information);
    }

    /// <summary>An exception of an instruction; false: nobody expects it.</summary>
    public bool Caught(CodeLine line, in CaughtException exception, Func<string, ulong> labels)
    {
        caught = exception;
        foreach (EventExpectation expectation in line.Events)
            if (expectation is ExceptionExpectation wanted && wanted.Number == exception.Number)
                return true;
        return false;
    }

    /// <summary>An instruction is done: what should have happened with it must have.</summary>
    public void Retired(CodeLine? line)
    {
        if (line is not null)
            foreach (EventExpectation expectation in line.Events)
                Note(expectation, expectation switch
                {
                    ExceptionExpectation exception => Exception(exception),
                    VeExpectation ve => Ve(ve),
                    ExitExpectation exit => Exit(exit),
                    _ => throw new InvalidOperationException("an expectation without a rule"),
                });
        caught = null;
        exits.Clear();
        told.Clear();
    }

    /// <summary>All results by line; what was never looked at failed.</summary>
    public IReadOnlyList<CheckResult> Results(bool isStarted)
    {
        string never = isStarted ? "never reached" : "the section never started";
        IEnumerable<Expectation> all = section.Marks.Values.SelectMany(list => list)
            .Concat<Expectation>(section.Code.SelectMany(line => line.Events));
        return [.. all.Select(one => found.TryGetValue(one, out (int Times, string? Got) seen)
                ? new CheckResult(one.Line, one.Text, seen.Got is null, seen.Times, seen.Got ?? "")
                : new CheckResult(one.Line, one.Text, false, 0, never))
            .OrderBy(check => check.Line)];
    }

    private void Note(Expectation expectation, string? got)
    {
        (int times, string? before) = found.GetValueOrDefault(expectation);
        found[expectation] = (times + 1, before ?? got);
    }

    private static string? Register(Core core, RegisterExpectation wanted, Func<string, ulong> labels)
    {
        UInt128 value = wanted.Register.Read(core) & wanted.Mask;
        bool equal = value == (wanted.Value.In(labels) & wanted.Register.Mask);
        return equal != wanted.Differs ? null
            : $"{wanted.Register.Name}=0x{value.ToString("X", CultureInfo.InvariantCulture)}";
    }

    private static string? Memory(Core core, MemoryExpectation wanted, ulong address)
    {
        byte[] bytes = new byte[wanted.Bytes.Length];
        if (!core.TryPeek(address, bytes))
            return "no memory is mapped there";
        return bytes.AsSpan().SequenceEqual(wanted.Bytes) ? null : Spaced(bytes);
    }

    private string? Exception(ExceptionExpectation wanted)
    {
        if (caught is not { } got)
            return "no exception";
        bool same = got.Number == wanted.Number && (wanted.ErrorCode is null || wanted.ErrorCode == got.ErrorCode)
            && (wanted.Cr2 is not { } address || (ulong)address.In(section.Labels) == got.Address);
        return same ? null : got.ToString();
    }

    private string? Ve(VeExpectation wanted)
    {
        if (told.Count == 0)
            return caught is { } other ? other.ToString() : "no #VE";
        foreach (VeInformation information in told)
            if (wanted.Fields.All(field => information[field.Field] == (ulong)field.Value.In(section.Labels)))
                return null;
        VeInformation last = told[^1];
        return $"ve reason={last.Reason} qualification=0x{last.Qualification:X} gla=0x{last.Gla:X} "
            + $"gpa=0x{last.Gpa:X} length={last.Length}";
    }

    private string? Exit(ExitExpectation wanted)
    {
        if (exits.Contains(wanted.Reason))
            return null;
        return exits.Count == 0 ? "no VM exit"
            : "exit " + string.Join(", ", exits.Select(exit => $"reason={(int)exit} ({exit})"));
    }

    private static string Spaced(byte[] bytes)
    {
        const int most = 32;
        string shown = string.Join(' ',
            bytes.Take(most).Select(value => value.ToString("X2", CultureInfo.InvariantCulture)));
        return bytes.Length > most ? shown + " …" : shown;
    }
}
