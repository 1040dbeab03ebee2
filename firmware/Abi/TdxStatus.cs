namespace Seamsim.Firmware.Abi;

/// <summary>
/// The completion status a leaf leaves in RAX. TDX Module 1.5 ABI, "Function Completion Status":
/// details [31:0], code in class [39:32], class [47:40], then the flags in [63:60].
/// </summary>
/// <param name="Value">RAX as the caller sees it.</param>
public readonly partial record struct TdxStatus(ulong Value)
{
    private const int ErrorBit = 63, NonRecoverableBit = 62, FatalBit = 61, RecoverabilityHintBit = 60;

    /// <summary>DETAILS_L2: the operand, MSR number, exit reason or index the status is about.</summary>
    public uint Details => (uint)Value;

    /// <summary>The status without its details: one of the named codes.</summary>
    public TdxStatus Code => new(Value & 0xFFFF_FFFF_0000_0000);

    /// <summary>
    /// CLASS: what kind of thing went wrong (0 general, 1 operand, 2 busy, 5 module state, 6 TD state…).
    /// </summary>
    public byte Class => (byte)(Value >> 40);

    /// <summary>ERROR: the operation was not done.</summary>
    public bool IsError => (Value >> ErrorBit & 1) != 0;

    /// <summary>NON_RECOVERABLE: calling again with other operands cannot help.</summary>
    public bool IsNonRecoverable => (Value >> NonRecoverableBit & 1) != 0;

    /// <summary>FATAL: the TD is dead.</summary>
    public bool IsFatal => (Value >> FatalBit & 1) != 0;

    /// <summary>HOST_RECOVERABILITY_HINT.</summary>
    public bool HasRecoverabilityHint => (Value >> RecoverabilityHintBit & 1) != 0;

    /// <summary>Whether the function did what it was asked to: no error bit.</summary>
    public bool IsSuccess => Value == 0;

    /// <summary>The same code about <paramref name="operand"/>.</summary>
    public TdxStatus With(OperandId operand) => With((uint)operand);

    /// <summary>The same code with other details.</summary>
    public TdxStatus With(uint details) => new(Code.Value | details);

    /// <summary>Whether this is <paramref name="code"/>, whatever the details.</summary>
    public bool Is(TdxStatus code) => Code.Value == code.Code.Value;

    /// <summary>The raw 64-bit value.</summary>
    public static explicit operator ulong(TdxStatus status) => status.Value;

    /// <summary>The ABI's name of the code and, where there are any, the details.</summary>
    public override string ToString()
    {
        string name = StatusNames.Of(this) ?? $"0x{Value:X16}";
        if (Details == 0)
            return name;
        return Class is 0x01 or 0x02 or 0x03 && StatusNames.Operand(Details) is { } operand
            ? $"{name}({operand})"
            : $"{name}(0x{Details:X})";
    }
}
