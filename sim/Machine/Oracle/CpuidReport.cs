using System.Globalization;
using Seamsim.Firmware.Abi;

namespace Seamsim.Oracle;

/// <summary>A field of a TD's CPUID: its value and why.</summary>
/// <param name="Field">Which.</param>
/// <param name="Value">As the module answered; null: the leaf raises #VE.</param>
/// <param name="Reason">Why.</param>
internal sealed record CpuidFieldView(CpuidField Field, uint? Value, CpuidReason Reason)
{
    /// <summary>Whether it is a reserved field that is 0.</summary>
    public bool IsReservedZero => Value == 0 && (Field.Name is "" or "RSVD");
}

/// <summary>A leaf of a TD's CPUID with its fields.</summary>
/// <param name="Answer">The registers.</param>
/// <param name="Fields">Its fields, EAX first and bit 0 first.</param>
internal sealed record CpuidLeafView(CpuidLeafAnswer Answer, IReadOnlyList<CpuidFieldView> Fields);

/// <summary>What a TD sees, leaf by leaf and field by field, in ascending order.</summary>
internal sealed class CpuidReport
{
    private CpuidReport(CpuidAnswer answer, IReadOnlyList<CpuidLeafView> leaves) => (Answer, Leaves) = (answer, leaves);

    /// <summary>What was asked and answered.</summary>
    public CpuidAnswer Answer { get; }

    /// <summary>Leaves and sub-leaves, ascending.</summary>
    public IReadOnlyList<CpuidLeafView> Leaves { get; }

    /// <summary>All fields.</summary>
    public IEnumerable<CpuidFieldView> Fields => Leaves.SelectMany(leaf => leaf.Fields);

    /// <summary>Explains an answer; a TD that was refused has nothing to explain.</summary>
    public static CpuidReport Of(CpuidAnswer answer)
    {
        CpuidReasons reasons = new(answer);
        IEnumerable<CpuidLeafAnswer> ordered = answer.Refusal is null
            ? answer.Leaves.OrderBy(leaf => leaf.Entry.Leaf).ThenBy(leaf => leaf.Entry.Subleaf)
            : [];
        return new CpuidReport(answer, [.. ordered.Select(leaf => new CpuidLeafView(leaf, FieldsOf(answer, leaf, reasons)))]);
    }

    private static CpuidFieldView[] FieldsOf(CpuidAnswer answer, CpuidLeafAnswer leaf, CpuidReasons reasons) =>
    [
        .. answer.Tables.CpuidFields.Of(leaf.Entry.Leaf, leaf.Entry.Subleaf)
            .OrderBy(field => field.Register).ThenBy(field => field.Lsb)
            .Select(field => View(field, leaf, reasons.Of(field))),
    ];

    private static CpuidFieldView View(CpuidField field, CpuidLeafAnswer leaf, CpuidReason reason)
    {
        if (leaf.Value is not { } registers)
            return new CpuidFieldView(field, null, reason);
        uint value = field.Of(registers[field.Register]);
        return new CpuidFieldView(field, value, value == reason.Value
            ? reason
            : new CpuidReason(ReasonKind.Unexplained, value, string.Create(
                CultureInfo.InvariantCulture,
                $"unexplained: 0x{reason.Value:x} was expected ({reason.Text})")));
    }
}
