using System.Globalization;
using Seamsim.Configuration;
using Seamsim.Firmware.Abi;
using Seamsim.Isa.Vmx;

namespace Seamsim.Explaining;

/// <summary>A thing explained: what it is, and its properties.</summary>
/// <param name="Title">One line.</param>
/// <param name="Kind">status, leaf, exit, operand, field or check.</param>
/// <param name="Properties">Name and text, in reading order.</param>
internal sealed record Explanation(string Title, string Kind, IReadOnlyList<(string Name, string Text)> Properties);

/// <summary>
/// Says in words what a number or name of the architecture or the ABI is, from the tables the simulator runs on.
/// </summary>
internal static class Explainer
{
    /// <summary>What can be asked, for error messages.</summary>
    public const string Expected =
        "a status code (0xC000010000000043, TDX_OPERAND_BUSY), a leaf (TDH.MNG.INIT, TDG.VP.INFO), "
        + "\"exit N\", \"operand N\", a metadata field (MRTD, 0x1310000300000000) or the id of a VM-entry check (host.cr4.fixed)";

    /// <summary>Every explanation that fits; none when the subject is unknown.</summary>
    public static IReadOnlyList<Explanation> Explain(string subject)
    {
        string[] words = subject.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Explanation?[] found = words switch
        {
            ["exit", var what]    => [Exit(what)],
            ["operand", var what] => [Operand(what)],
            ["field", var what]   => [.. FieldNames.Explain(what)],
            ["status", var what]  => [Status(what)],
            ["leaf", var what]    => [Leaf(what)],
            [var what]            => [Status(what), Leaf(what), Check(what), ExitByName(what), .. FieldNames.Explain(what)],
            _                     => [],
        };
        return [.. found.OfType<Explanation>()];
    }

    private static Explanation? Status(string text)
    {
        if (Names.Status(text) is not { } value)
            return null;
        TdxStatus status = new(value);
        if (StatusNames.Of(status) is not { } name)
            return null;
        List<(string, string)> properties =
        [
            ("value", $"0x{value:X16}"),
            ("code", name),
            ("means", Words(name)),
            ("error (bit 63)", status.IsError ? "yes: the function did not do its work" : "no"),
            ("non-recoverable (bit 62)", status.IsNonRecoverable ? "yes: calling again the same way cannot help"
                : "no"),
            ("fatal (bit 61)", status.IsFatal ? "yes: the TD is dead" : "no"),
            ("class [47:40]",
                string.Create(CultureInfo.InvariantCulture, $"{status.Class} ({ClassName(status.Class)})")),
        ];
        if (status.Details != 0)
            properties.Add(("details [31:0]", Details(status)));
        return new Explanation(status.ToString(), "status", properties);
    }

    private static string Details(TdxStatus status)
    {
        uint details = status.Details;
        string? exit = status.Is(TdxStatus.NonRecoverableTd) || status.Is(TdxStatus.NonRecoverableVcpu)
            || status.Is(TdxStatus.Success) || status.Is(TdxStatus.NonRecoverableTdNonAccessible)
                ? $"VM-exit reason {details & 0xFFFF}: {ExitNames.Of((int)(details & 0xFFFF))}"
                : null;
        return exit ?? (StatusNames.Operand(details) is { } operand
            ? string.Create(CultureInfo.InvariantCulture, $"operand {details} (0x{details:X}): {operand}")
            : $"0x{details:X}");
    }

    private static string ClassName(byte number) => number switch
    {
        0 => "general", 1 => "invalid operand", 2 => "busy", 3 => "page metadata", 4 => "dependent resources",
        5 => "TDX module state", 6 => "TD state", 7 => "TD virtual processor state", 8 => "key management",
        9 => "platform", 10 => "physical memory", 11 => "guest memory (Secure EPT)", 12 => "metadata",
        13 => "service TD", 14 => "migration", _ => "reserved",
    };

    private static Explanation? Leaf(string text)
    {
        LeafInfo? leaf = LeafCatalog.Find(text.ToUpperInvariant());
        if (leaf is null && SettingReader.TryNumber(text, out ulong number) && number < 256)
            leaf = LeafCatalog.Find(LeafSide.Host, (int)number);
        if (leaf is null)
            return null;
        string caller = leaf.Side switch
        {
            LeafSide.Host  => "the host, by SEAMCALL",
            LeafSide.Guest => "a TD, by TDCALL",
            _              => "the host, by SEAMCALL with RAX[63] = 1 (P-SEAMLDR)",
        };
        return new Explanation(leaf.Name, "leaf",
        [
            ("number", string.Create(CultureInfo.InvariantCulture, $"{leaf.Number} (0x{leaf.Number:X}), in RAX[15:0]")),
            ("called by", caller),
            ("does", leaf.Summary),
            ("versions", string.Create(CultureInfo.InvariantCulture, $"0..{leaf.MaxVersion}, in RAX[23:16]")),
            ("in", leaf.Inputs.Length == 0 ? "none" : leaf.Inputs),
            ("out", leaf.Outputs.Length == 0 ? "RAX: completion status" : "RAX: completion status; " + leaf.Outputs),
            ("since", leaf.Since),
            ("source", leaf.Source),
        ]);
    }

    private static Explanation? Exit(string text)
    {
        if (!SettingReader.TryNumber(text, out ulong number))
            return ExitByName(text);
        return Enum.IsDefined((ExitReason)number) && number <= ushort.MaxValue ? Exit((ExitReason)number) : null;
    }

    private static Explanation? ExitByName(string text) =>
        !char.IsAsciiDigit(text[0])
            && Enum.TryParse(text.Replace("_", "", StringComparison.Ordinal), true, out ExitReason reason)
            ? Exit(reason)
            : null;

    private static Explanation Exit(ExitReason reason)
    {
        int number = (int)reason;
        List<(string, string)> properties =
            [("basic exit reason", string.Create(CultureInfo.InvariantCulture, $"{number} (0x{number:X})"))];
        if (ExitNames.Row(number) is { } row)
        {
            properties.Add(("from a TD", "the TDX module does: " + Words(row["action"])));
            properties.Add(("source", row["source"]));
        }
        return new Explanation($"VM exit {number}: {ExitNames.Of(number)}", "exit", properties);
    }

    private static Explanation? Operand(string text) =>
        SettingReader.TryNumber(text, out ulong number) && number <= uint.MaxValue
            && StatusNames.Operand((uint)number) is { } name
            ? new Explanation($"operand {name}", "operand",
                [("id", string.Create(CultureInfo.InvariantCulture, $"{number} (0x{number:X})")),
                 ("where", "RAX[31:0] of a status about an operand")])
            : null;

    private static Explanation? Check(string text) => EntryCheckNames.Find(text) is { } check
        ? new Explanation($"VM-entry check {text}", "check", check)
        : null;

    /// <summary>Words of a name in CamelCase or UPPER_CASE.</summary>
    private static string Words(string name)
    {
        if (name.Contains('_', StringComparison.Ordinal))
            return name.Replace("TDX_", "", StringComparison.Ordinal).Replace('_', ' ').ToLowerInvariant();
        return string.Concat(name.Select((c, i) => char.IsUpper(c) && i > 0 ? $" {char.ToLowerInvariant(c)}" : $"{c}"));
    }
}
