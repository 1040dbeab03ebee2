using System.Globalization;
using Seamsim.Firmware.Abi;
using Seamsim.Oracle;

namespace Seamsim.Cli;

/// <summary>The CPUID of a TD for people: a header a leaf, an aligned line a field, then the MSRs.</summary>
internal sealed class CpuidPrinter(Terminal terminal, CpuidRequest request, Platform platform)
{
    private const int BitsWidth = 9, NameWidth = 22, ValueWidth = 10, CategoryWidth = 18, Indent = 2;

    // In characters a terminal line has before the reason starts.
    private const int ReasonColumn = Indent + 4 + BitsWidth + 1 + NameWidth + 1 + ValueWidth + 2 + CategoryWidth + 1;
    private const int LeastReason = 24;

    // Above the values of ValueWidth columns: at boot, in TD_PARAMS, in the TD.
    private static readonly string CapabilityHeader =
        "boot conf seen".PadLeft(Indent + 4 + BitsWidth + 1 + NameWidth + 1 + ValueWidth + 3);

    private readonly List<string> zeroLeaves = [];
    private int hidden;

    /// <summary>Everything that was asked for.</summary>
    public void Print(CpuidReport report)
    {
        if (terminal.Quiet)
            return;
        Question(report.Answer);
        int shown = 0;
        foreach (CpuidLeafView leaf in report.Leaves)
            if (request.Wants(leaf.Answer.Entry.Leaf, leaf.Answer.Entry.Subleaf))
                shown += Leaf(leaf);
        if (shown == 0)
            Nothing(report.Answer);
        if (request.Only is null && request.Grep is null)
        {
            Msrs(report.Answer);
            terminal.Line("");
            uint highest = report.Answer.Tables.Cpuid.MaxBasicLeaf;
            terminal.Line(Text($"Any other leaf up to 0x{highest:x} or in 0x40000000..0x4fffffff raises #VE; ")
                + Text($"one above the highest leaf answers as 0x{highest:x}."));
        }
        if (zeroLeaves.Count > 0)
            terminal.Line($"All zero: {string.Join(", ", zeroLeaves)}.");
        if (hidden > 0)
            terminal.Line(Text($"Not shown: {hidden} reserved fields and bits that are 0 (--all shows them)."));
    }

    /// <summary>A TD that cannot be.</summary>
    public void Refused(CpuidAnswer answer, CpuidRefusals refusals)
    {
        if (terminal.Json)
        {
            terminal.Line(CpuidJson.OfRefusal(answer, refusals, request, platform));
            return;
        }
        foreach (string line in refusals.Lines)
            terminal.Error(line);
    }

    private void Question(CpuidAnswer answer)
    {
        CpuidQuestion q = answer.Question;
        string capabilities = q.ArchCapabilities is { } value ? Text($"0x{value:x}") : "not configured";
        terminal.Styled(("TDX module ", ""), ($"{answer.Module}", "bold"), (", CPU ", ""), (platform.Cpu, "bold"),
            (Text($", ATTRIBUTES 0x{q.Attributes:x} ({CpuidNames.Of(q.Attributes, CpuidNames.AttributeBits)}), "), ""),
            (Text($"XFAM 0x{q.Xfam:x} ({CpuidNames.Of(q.Xfam, CpuidNames.XfamBits)}), GPAW {q.Gpaw}, "), ""),
            ($"IA32_ARCH_CAPABILITIES {capabilities}", ""));
    }

    private int Leaf(CpuidLeafView leaf)
    {
        List<CpuidFieldView> wanted = [.. leaf.Fields.Where(request.Wants)];
        List<CpuidFieldView> shown = [.. wanted.Where(view => request.All || !view.IsReservedZero)];
        if (wanted.Count == 0)
            return 0;
        hidden += wanted.Count - shown.Count;
        CpuidEntry entry = leaf.Answer.Entry;
        string name = CpuidNames.Leaf(entry.Leaf, entry.Subleaf);
        if (shown.Count == 0 && leaf.Answer.Value == default(CpuidRegisters))
        {
            zeroLeaves.Add(name);
            return 1;
        }
        terminal.Line("");
        if (leaf.Answer.Value is not { } v)
        {
            terminal.Styled((name, "bold"), ("  #VE: the TD's handler asks the VMM", "yellow"));
            return 1;
        }
        terminal.Styled((name, "bold"), (Text($"  EAX {v.Eax:X8}  EBX {v.Ebx:X8}  ECX {v.Ecx:X8}  EDX {v.Edx:X8}"), ""));
        int register = -1;
        foreach (CpuidFieldView view in shown)
        {
            Field(view, view.Field.Register == register ? "" : CpuidNames.Registers[view.Field.Register]);
            register = view.Field.Register;
        }
        return 1;
    }

    private void Field(CpuidFieldView view, string register)
    {
        CpuidField field = view.Field;
        uint value = view.Value ?? 0;
        string text = field.Msb == field.Lsb || value < 10
            ? value.ToString(CultureInfo.InvariantCulture)
            : Text($"0x{value:x}");
        Row(register, CpuidNames.Bits(field.Msb, field.Lsb), field.Name.Length == 0 ? "-" : field.Name, text,
            CpuidNames.Of(field.Category), view.Reason.Text, Style(view));
    }

    private void Msrs(CpuidAnswer answer)
    {
        foreach (MsrAnswer msr in answer.Msrs)
        {
            terminal.Line("");
            string configured = msr.Configured is { } value ? Text($"0x{value:x}") : "no";
            terminal.Styled(
                (Text($"MSR 0x{msr.Number:x} {msr.Name}"), "bold"),
                (Text($"  boot 0x{msr.Native:x}  configured {configured}  seen 0x{msr.Seen:x}"), ""),
                ($"  ({CpuidNames.Of(msr.Evidence)})", "dim"));
            if (msr.Number != ArchCapabilities.Msr)
            {
                terminal.Line("      " + msr.Why);
                continue;
            }
            terminal.Styled((CapabilityHeader, "dim"));
            foreach (CapabilityView view in CpuidNames.CapabilitiesOf(answer, msr))
                if (!request.All && !view.Native && !view.Configured && view.Bit.Rule == CapabilityRule.Cleared)
                    hidden++;
                else
                    Row("", CpuidNames.Bits(view.Bit.Bit, view.Bit.Bit), view.Bit.Name,
                        $"{Bit(view.Native)}    {Bit(view.Configured)}    {Bit(view.Value)}",
                        view.Bit.Rule.ToString().ToUpperInvariant(), view.Why, view.Value ? "green" : "");
        }
    }

    private void Nothing(CpuidAnswer answer)
    {
        terminal.Line("");
        if (request.Only is { } only && answer.Tables.Cpuid.Entries.All(entry => !request.Wants(entry.Leaf, entry.Subleaf)))
            terminal.Line(Text($"0x{only.Leaf:x}: the module has no such entry: ") + Missing(only.Leaf, answer.Tables.Cpuid));
        else
            terminal.Line("no field contains what --grep asks for");
    }

    private static string Missing(uint leaf, CpuidTable table)
    {
        const uint hypervisorFirst = 0x4000_0000, hypervisorLast = 0x4FFF_FFFF, extended = 0x8000_0000;
        bool tooHigh = (leaf > table.MaxBasicLeaf && leaf < extended) || leaf > table.MaxExtendedLeaf;
        return tooHigh && (leaf is < hypervisorFirst or > hypervisorLast)
            ? Text($"it answers as leaf 0x{table.MaxBasicLeaf:x}")
            : "CPUID raises #VE, and the TD's handler asks the VMM";
    }

    // One line where output is no terminal; otherwise the reason is wrapped under itself.
    private void Row(string register, string bits, string name, string value, string category, string why, string style)
    {
        string head = new string(' ', Indent) + register.PadRight(4) + bits.PadLeft(BitsWidth - 3).PadRight(BitsWidth) + " "
            + name.PadRight(NameWidth) + " ";
        string rest = " " + category.PadRight(CategoryWidth) + " ";
        IReadOnlyList<string> lines = terminal.Width is { } width
            ? Wrap(why, Math.Max(LeastReason, width - ReasonColumn - 1))
            : [why];
        terminal.Styled((head, ""), (value.PadLeft(ValueWidth + 1), style), (rest, "dim"), (lines[0], ""));
        foreach (string line in lines.Skip(1))
            terminal.Line(new string(' ', ReasonColumn) + line);
    }

    private static List<string> Wrap(string text, int width)
    {
        List<string> lines = [];
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                lines.Add(line);
                line = "";
            }
            line = line.Length == 0 ? word : $"{line} {word}";
        }
        lines.Add(line);
        return lines;
    }

    private static string Style(CpuidFieldView view) => view.Reason.Kind switch
    {
        ReasonKind.Unexplained => "red",
        ReasonKind.XfamOff or ReasonKind.AttributesOff or ReasonKind.CpuidOff or ReasonKind.LeftZero => "yellow",
        _ when view.Value != 0 => "green",
        _ => "",
    };

    private static char Bit(bool value) => value ? '1' : '0';

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
