namespace Seamsim.Trace;

/// <summary>How an operand of an event is written.</summary>
public enum OperandForm : byte
{
    /// <summary>Hexadecimal: addresses, masks, registers.</summary>
    Hex,

    /// <summary>Decimal: counts, cycles.</summary>
    Decimal,
}

/// <summary>The name of a kind of event, what its code means and what its operands are, in order.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Name">One word for views and exports.</param>
/// <param name="Code">What the code says; empty when it says nothing.</param>
/// <param name="Operands">Names of the operands; a recorder may leave out trailing zeros.</param>
public sealed record EventShape(EventKind Kind, string Name, string Code, string[] Operands)
{
    private static readonly string[] Gprs =
    [
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    ];

    /// <summary>Every kind that a recorder may write, in the order of their numbers.</summary>
    public static IReadOnlyList<EventShape> All { get; } =
    [
        new(EventKind.Exception,    "exception", "vector",      ["flags", "error_code", "address"]),
        new(EventKind.WorldSwitch,  "world",     "world",       ["cycles"]),
        new(EventKind.VmEntry,      "vm-entry",  "resume",      ["vmcs", "injected"]),
        new(EventKind.VmExit,       "vm-exit",   "reason",      ["qualification", "linear", "gpa", "interruption"]),
        new(EventKind.LeafEnter,    "enter",     "class",       Gprs),
        new(EventKind.LeafExit,     "exit",      "class",       Gprs),
        new(EventKind.Operation,    "operation", "operation",   ["cycles", "operand", "count"]),
        new(EventKind.Charge,       "charge",    "name",        ["cycles"]),
        new(EventKind.Walk,         "walk",      "reference",   ["hpa", "entry"]),
        new(EventKind.Maintenance,  "maintain",  "what",        ["address", "type"]),
        new(EventKind.LpSwitch,     "lp",        "lp",          []),
        new(EventKind.TimeRead,     "time",      "source",      ["value"]),
        new(EventKind.AddressSpace, "space",     "",            ["space", "cr3", "eptp"]),
        new(EventKind.Translation,  "translate", "repeated",    ["linear", "gpa", "hpa", "keyid", "bytes"]),
        new(EventKind.Clock,        "clock",     "cause",       ["cycles"]),
        new(EventKind.Mark,         "mark",      "name",        ["value"]),
        new(EventKind.Registers,    "registers", "",            []),
    ];

    /// <summary>
    /// Bits of an exception's flags: an error code is there, delivered from outside, by INT n or INT3/INTO.
    /// </summary>
    public const ulong HasErrorCode = 1, External = 2, Software = 4;

    /// <summary>Code of a translation that a frame repeats because one of its accesses needs it.</summary>
    public const int Repeated = 1;

    private static readonly EventShape?[] ByKind = Index();

    /// <summary>The shape of a kind; null for kinds of a later version.</summary>
    public static EventShape? Of(EventKind kind) => (int)kind < ByKind.Length ? ByKind[(int)kind] : null;

    /// <summary>How operand <paramref name="index"/> is written.</summary>
    public OperandForm FormOf(int index) =>
        (index < Operands.Length ? Operands[index] : "") switch
        {
            "cycles" or "count" or "bytes" or "keyid" or "space" => OperandForm.Decimal,
            "value" when Kind is EventKind.TimeRead or EventKind.Mark => OperandForm.Decimal,
            _ => OperandForm.Hex,
        };

    private static EventShape?[] Index()
    {
        EventShape?[] table = new EventShape?[64];
        foreach (EventShape shape in All)
            table[(int)shape.Kind] = shape;
        return table;
    }
}
