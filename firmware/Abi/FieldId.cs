namespace Seamsim.Firmware.Abi;

/// <summary>
/// A metadata field identifier. TDX Module 1.5 ABI, "Metadata Field Identifier (MD_FIELD_ID)": field code [23:0],
/// element size [33:32], last element [37:34], last field [46:38], inc size [50], write-mask valid [51], context
/// [54:52], class [61:56], non-architectural [63].
/// </summary>
/// <param name="Value">The 64-bit identifier.</param>
public readonly record struct FieldId(ulong Value)
{
    private const ulong LastElementMask = 0xFUL << 34, LastFieldMask = 0x1FFUL << 38, ContextMask = 7UL << 52;
    private const ulong ReservedMask = 0xFFUL << 24 | 7UL << 47 | 1UL << 55 | 1UL << 62;

    /// <summary>The null id: "give me the first one"; as an output "there is no next one".</summary>
    public static FieldId Null => new(ulong.MaxValue);

    /// <summary>FIELD_CODE.</summary>
    public uint Code => (uint)(Value & 0xFF_FFFF);

    /// <summary>ELEMENT_SIZE_CODE as bytes: 1, 2, 4, 8.</summary>
    public int ElementBytes => 1 << (int)(Value >> 32 & 3);

    /// <summary>LAST_ELEMENT_IN_FIELD.</summary>
    public int LastElement => (int)(Value >> 34 & 0xF);

    /// <summary>LAST_FIELD_IN_SEQUENCE.</summary>
    public int LastField => (int)(Value >> 38 & 0x1FF);

    /// <summary>CONTEXT_CODE.</summary>
    public FieldContext Context => (FieldContext)(Value >> 52 & 7);

    /// <summary>CLASS_CODE.</summary>
    public byte Class => (byte)(Value >> 56 & 0x3F);

    /// <summary>NON_ARCH.</summary>
    public bool NonArchitectural => Value >> 63 != 0;

    /// <summary>Whether any reserved bit is set.</summary>
    public bool HasReservedBits => (Value & ReservedMask) != 0;

    /// <summary>Whether the identifier names a single element: no last-element and no last-field count.</summary>
    public bool IsSingle => (Value & (LastElementMask | LastFieldMask)) == 0;

    /// <summary>Whether this is the null id, the context bits ignored.</summary>
    public bool IsNull => (Value | ContextMask) == ulong.MaxValue;

    /// <summary>The same field in another context (leaves overwrite what the caller wrote there).</summary>
    public FieldId In(FieldContext context) => new(Value & ~ContextMask | (ulong)context << 52);

    /// <summary>The same field with another code.</summary>
    public FieldId WithCode(uint code) => new(Value & ~0xFF_FFFFUL | code);

    /// <summary>What identifies a field in the tables: class, context, code and the architectural flag.</summary>
    public ulong Key => Value & (0xFF_FFFFUL | ContextMask | 0x3FUL << 56 | 1UL << 63);

    /// <inheritdoc/>
    public override string ToString() => $"0x{Value:X16}";
}

/// <summary>CONTEXT_CODE of a <see cref="FieldId"/>.</summary>
public enum FieldContext : byte
{
    /// <summary>The platform: TDH.SYS.RD.</summary>
    System = 0,

    /// <summary>A TD: TDR and TDCS.</summary>
    Td = 1,

    /// <summary>A virtual CPU: TDVPS and its VMCS.</summary>
    Vcpu = 2,
}
