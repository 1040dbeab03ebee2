using System.Globalization;
using Seamsim.Firmware.Abi;

namespace Seamsim.Oracle;

/// <summary>
/// Why each CPUID field of a TD has its value, worked out from the processor, TD_PARAMS and the category of the field,
/// and not from what the module answered: the two must agree.
/// </summary>
/// <param name="answer">The TD and the module that was asked.</param>
internal sealed partial class CpuidReasons(CpuidAnswer answer)
{
    private const uint FmsMask = 0x0FFF_3FFF;
    private readonly CpuidGates gates = new(answer);

    /// <summary>The reason of one field.</summary>
    public CpuidReason Of(CpuidField field)
    {
        if (field.Category == CpuidCategory.FaultVe || Leaf(field).Entry.Faulting)
            return new CpuidReason(ReasonKind.Ve, 0, "#VE: the TD's handler asks the VMM");
        CpuidReason reason = ByCategory(field);
        if (reason.Value != 0 && field.Category != CpuidCategory.Fixed)
            reason = ThroughGates(field, reason);
        return OverlayOf(field) is { } overlay
            ? reason with { Text = $"{reason.Text} [{overlay}]" }
            : reason;
    }

    // The source of a field that an overlay changed starts with the overlay's name.
    private string? OverlayOf(CpuidField field)
    {
        foreach (ModuleOverlay overlay in answer.Module.Overlays)
            if (field.Source.StartsWith($"overlay {overlay.Name}:", StringComparison.Ordinal))
                return $"overlay {overlay.Name}{(answer.Module.Hypothetical ? ", hypothetical" : "")}";
        return null;
    }

    private CpuidReason ByCategory(CpuidField field) => field.Category switch
    {
        CpuidCategory.Fixed                                        => Fixed(field),
        CpuidCategory.ConfigDirect                                 => Direct(field),
        CpuidCategory.ConfigDirectFms                              => Fms(field),
        CpuidCategory.AllowDirect or CpuidCategory.AllowDirectXfam => Allowed(field),
        CpuidCategory.XfamCalc                                     => Xfd(field),
        CpuidCategory.Attributes                                   => Attribute(field),
        CpuidCategory.ConfigTsc                                    => Tsc(),
        CpuidCategory.Calculated                                   => Calculated(field),
        CpuidCategory.Dynamic                                      => Dynamic(field),
        _                                                          => Native(field),
    };

    private CpuidReason ThroughGates(CpuidField field, CpuidReason reason)
    {
        if (gates.LacksPerfmon(field))
            return new(ReasonKind.AttributesOff, 0, "off because ATTRIBUTES.PERFMON is 0");
        if (gates.LacksMonitor(field))
            return new(ReasonKind.CpuidOff, 0, "off because MONITOR (0x1.ECX[3]) of the TD is 0");
        uint value = reason.Value & (gates.Open(field) >> field.Lsb);
        if (value == reason.Value)
            return reason;
        IReadOnlyList<int> missing = gates.MissingOf(field);
        string text = $"off because XFAM {CpuidNames.BitList(missing, CpuidNames.XfamBits)} "
            + (missing.Count == 1 ? "is 0" : "are 0");
        return new CpuidReason(ReasonKind.XfamOff, value, text);
    }

    private static CpuidReason Fixed(CpuidField field)
    {
        // "0 (KL forced 0 in this version)": the value, then why.
        string[] parts = field.Detail.Split(' ', 2);
        uint value = field.FixedValue ?? (uint)Number(parts[0]);
        string why = parts.Length == 2 && parts[1].StartsWith('(') ? $" {parts[1]}" : "";
        return new CpuidReason(ReasonKind.Fixed, value, $"fixed {Show(field, value)} by the module{why}");
    }

    private CpuidReason Native(CpuidField field)
    {
        uint native = NativeOf(field);
        string text = IsFlag(field)
            ? native != 0 ? "native: the processor has it" : "native: the processor lacks it"
            : "native: the processor's value";
        if (field.Category == CpuidCategory.NativeChecked)
            text += ", as TDH.SYS.INIT demands";
        IReadOnlyList<int> bits = gates.BitsOf(field);
        if (native != 0 && bits.Count > 0)
            text += $"; XFAM {CpuidNames.BitList(bits, CpuidNames.XfamBits)} {(bits.Count == 1 ? "is" : "are")} 1";
        return new CpuidReason(ReasonKind.Native, native, text);
    }

    private CpuidReason Direct(CpuidField field)
    {
        uint value = WantedOf(field);
        if (IsChosen(field))
            return new CpuidReason(ReasonKind.Configured, value, "configured by you");
        return answer.Question.StartFromProcessor
            ? new CpuidReason(ReasonKind.TakenOver, value, "configurable: taken over from the processor")
            : new CpuidReason(ReasonKind.LeftZero, value, "configurable, left 0 by you");
    }

    private CpuidReason Fms(CpuidField field)
    {
        CpuidLeafAnswer leaf = Leaf(field);
        uint wanted = leaf.Wanted.Eax & FmsMask;
        if (wanted == 0)
            return new CpuidReason(ReasonKind.Native, field.Of(leaf.Native.Eax & FmsMask),
                "the platform's, because TD_PARAMS leaves family, model and stepping 0");
        return IsChosen(field)
            ? new CpuidReason(ReasonKind.Configured, field.Of(wanted), "configured by you")
            : new CpuidReason(ReasonKind.TakenOver, field.Of(wanted), "configurable: taken over from the processor");
    }

    private CpuidReason Allowed(CpuidField field)
    {
        uint native = NativeOf(field), wanted = WantedOf(field), value = native & wanted;
        string later = field.Detail.Contains("TSX_CPUID_CLEAR", StringComparison.Ordinal)
            ? "; reads 0 while the TD's IA32_TSX_CTRL.TSX_CPUID_CLEAR is 1"
            : "";
        if (value != 0)
            return IsChosen(field)
                ? new CpuidReason(ReasonKind.Configured, value, $"allowed by you, and the processor has it{later}")
                : new CpuidReason(ReasonKind.TakenOver, value, $"configurable: taken over from the processor{later}");
        if (native != 0)
            return new CpuidReason(ReasonKind.LeftZero, 0, "configurable, left 0 by you");
        return new CpuidReason(ReasonKind.Lacking, 0, wanted != 0
            ? "allowed by you, but the processor lacks it"
            : "configurable, but the processor lacks it");
    }

    private CpuidLeafAnswer Leaf(CpuidField field) => answer.Leaves[field.EntryIndex];

    private uint NativeOf(CpuidField field) => field.Of(Leaf(field).Native[field.Register]);

    private uint WantedOf(CpuidField field) => field.Of(Leaf(field).Wanted[field.Register]);

    private bool IsChosen(CpuidField field) => field.Of(Leaf(field).Chosen[field.Register]) != 0;

    private static bool IsFlag(CpuidField field) => field.Msb == field.Lsb;

    private static string Show(CpuidField field, uint value) => IsFlag(field) || value == 0
        ? value.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"0x{value:x}");

    private static ulong Number(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        : ulong.Parse(text, CultureInfo.InvariantCulture);
}
