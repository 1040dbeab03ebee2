using System.Globalization;
using System.Text;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Vmx;

namespace Seamsim.Trace;

/// <summary>An event in one line, with the names the manuals give to what it is about.</summary>
public static class EventText
{
    /// <summary>The line.</summary>
    /// <param name="record">An event.</param>
    /// <param name="entered">RAX with which the leaf that ends was entered; null when that is not known.</param>
    public static string Of(TraceRecord record, ulong? entered = null) => record.Kind switch
    {
        EventKind.LeafEnter => $"enter {LeafText.NameOf((LeafClass)record.Code, record.Operand(0))}{Operands(record)}",
        EventKind.LeafExit =>
            $"exit {(entered is { } rax ? LeafText.NameOf((LeafClass)record.Code, rax) : $"{(LeafClass)record.Code}")} "
            + $"{LeafText.StatusOf((LeafClass)record.Code, record.Operand(0))}{Operands(record)}",
        EventKind.VmExit => $"vm-exit {(ExitReason)record.Code}{Operands(record)}",
        EventKind.VmEntry => $"vm-entry {(record.Code == 0 ? "VMLAUNCH" : "VMRESUME")}{Operands(record)}",
        EventKind.WorldSwitch => $"world {WorldName((TraceWorld)(record.Code & 3))}{Operands(record)}",
        EventKind.Operation => Operation(record),
        EventKind.Exception => $"exception {record.Code}{Origin(record)}{Operands(record)}",
        EventKind.Walk => $"walk {Walk((WalkReference)record.Code)}{Operands(record)}",
        EventKind.Maintenance =>
            $"maintain {((Maintenance)record.Code).ToString().ToUpperInvariant()}{Operands(record)}",
        EventKind.TimeRead => $"time {(TimeSource)record.Code}{Operands(record)}",
        EventKind.Clock => $"clock {(ClockCause)record.Code}{Operands(record)}",
        EventKind.Charge => $"charge {record.Name}{Operands(record)}",
        EventKind.Mark => $"mark {record.Name}{Operands(record)}",
        EventKind.LpSwitch => $"lp {record.Code}",
        EventKind.Registers => Registers(record),
        _ => $"{EventShape.Of(record.Kind)?.Name ?? $"event {(int)record.Kind} code {record.Code}"}{Operands(record)}",
    };

    /// <summary>How a world is written: as the options name it.</summary>
    public static string WorldName(TraceWorld world) => world switch
    {
        TraceWorld.Host => "host",
        TraceWorld.Seam => "seam",
        TraceWorld.Td => "td",
        _ => "l2",
    };

    /// <summary>How a register is written.</summary>
    /// <param name="code">As in <see cref="TraceRecord.Code"/> of a registers record.</param>
    /// <param name="bit">A bit of its mask.</param>
    public static string RegisterName(int code, int bit) =>
        code == 0
            ? bit < (int)RegisterId.Ss + 1 ? ((RegisterId)bit).ToString().ToLowerInvariant() : $"reg{bit}"
            : $"zmm{code - 1}[{bit}]";

    private static string Operation(TraceRecord record)
    {
        Operation operation = (Operation)record.Code;
        string field = operation is Isa.Ports.Operation.Vmread or Isa.Ports.Operation.Vmwrite
            && Enum.IsDefined((VmcsField)record.Operand(1)) ? $" {(VmcsField)record.Operand(1)}" : "";
        return $"operation {operation.ToString().ToUpperInvariant()}{field}{Operands(record)}";
    }

    private static string Origin(TraceRecord record) =>
        (record.Operand(0) & EventShape.External) != 0 ? " external"
        : (record.Operand(0) & EventShape.Software) != 0 ? " software" : "";

    private static string Walk(WalkReference reference) =>
        $"{((reference & WalkReference.Ept) != 0 ? "ept" : "page")} level {(int)(reference & WalkReference.Level)} "
        + $"{((reference & WalkReference.Write) != 0 ? "write" : "read")}"
        + ((reference & WalkReference.Fetch) != 0 ? " fetch" : "");

    private static string Registers(TraceRecord record)
    {
        StringBuilder text = new("registers");
        int next = 0;
        for (int bit = 0; bit < 32; bit++)
            if ((record.RegisterMask >> bit & 1) != 0)
                text.Append(CultureInfo.InvariantCulture,
                    $" {RegisterName(record.Code, bit)}=0x{record.Operand(next++):x}");
        return text.ToString();
    }

    private static string Operands(TraceRecord record)
    {
        EventShape? shape = EventShape.Of(record.Kind);
        StringBuilder text = new();
        for (int i = 0; i < record.Operands.Length; i++)
        {
            ulong value = record.Operands[i];
            string name = shape is not null && i < shape.Operands.Length ? shape.Operands[i] : $"operand{i}";
            // registers that are zero say little, and a leaf has sixteen of them
            if (value == 0 && record.Kind is (EventKind.LeafEnter or EventKind.LeafExit))
                continue;
            text.Append(shape?.FormOf(i) == OperandForm.Decimal
                ? string.Create(CultureInfo.InvariantCulture, $" {name}={value}")
                : string.Create(CultureInfo.InvariantCulture, $" {name}=0x{value:x}"));
        }
        return text.ToString();
    }
}
