namespace Seamsim.Isa;

/// <summary>A linear (virtual) address of whatever runs on the logical processor.</summary>
/// <param name="Value">The 64-bit address; canonical form is checked where the manual checks it.</param>
public readonly record struct Gva(ulong Value)
{
    /// <summary>The address <paramref name="offset"/> bytes further on; wraps at 2^64.</summary>
    public static Gva operator +(Gva a, ulong offset) => new(a.Value + offset);

    /// <inheritdoc/>
    public override string ToString() => $"0x{Value:X}";
}

/// <summary>A guest-physical address: what guest paging produces and EPT translates.</summary>
/// <param name="Value">The address, with the shared bit (47 or 51) as the guest wrote it.</param>
public readonly record struct Gpa(ulong Value)
{
    /// <summary>The address <paramref name="offset"/> bytes further on; wraps at 2^64.</summary>
    public static Gpa operator +(Gpa a, ulong offset) => new(a.Value + offset);

    /// <inheritdoc/>
    public override string ToString() => $"0x{Value:X}";
}

/// <summary>
/// A host-physical address as the processor emits it: the KeyID sits in the topmost bits below MAXPHYADDR.
/// <see cref="Memory.KeyIdLayout"/> splits it.
/// </summary>
/// <param name="Value">Bits 51:0; the position of the KeyID comes from IA32_TME_ACTIVATE[35:32].</param>
public readonly record struct Hpa(ulong Value)
{
    /// <summary>The 4-KiB page the address lies in, KeyID kept.</summary>
    public Hpa Page => new(Value & ~0xFFFUL);

    /// <summary>Byte offset inside the 4-KiB page, 0..4095.</summary>
    public int PageOffset => (int)(Value & 0xFFF);

    /// <summary>The address <paramref name="offset"/> bytes further on; wraps at 2^64.</summary>
    public static Hpa operator +(Hpa a, ulong offset) => new(a.Value + offset);

    /// <summary>An operand register read as a host-physical address.</summary>
    public static explicit operator Hpa(ulong value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => $"0x{Value:X}";
}

/// <summary>An MKTME key identifier: 0 is the platform (TME) key, private HKIDs belong to TDX.</summary>
/// <param name="Value">0 .. 2^n - 1 with n = IA32_TME_ACTIVATE[35:32].</param>
public readonly record struct KeyId(ushort Value)
{
    /// <summary>The key every address without KeyID bits uses.</summary>
    public static KeyId Platform => default;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
