namespace Seamsim.Isa.Memory;

/// <summary>
/// Where the KeyID sits in a host-physical address and how the KeyIDs are partitioned. TME architecture
/// specification, IA32_TME_ACTIVATE; TDX: IA32_MKTME_KEYID_PARTITIONING (MSR 0x87).
/// </summary>
/// <param name="PhysicalAddressBits">MAXPHYADDR including the KeyID bits, 46..52.</param>
/// <param name="KeyIdBits">IA32_TME_ACTIVATE[35:32], 0..15.</param>
/// <param name="MktmeKeyIds">MSR 0x87 [31:0]: KeyIDs 1..n usable by any software.</param>
/// <param name="TdxKeyIds">MSR 0x87 [63:32]: private KeyIDs n+1 .. n+m, usable only in SEAM.</param>
public readonly record struct KeyIdLayout(int PhysicalAddressBits, int KeyIdBits, int MktmeKeyIds, int TdxKeyIds)
{
    /// <summary>Lowest bit of the KeyID field in a physical address.</summary>
    public int Shift => PhysicalAddressBits - KeyIdBits;

    /// <summary>Mask of address bits that select memory.</summary>
    public ulong AddressMask => (1UL << Shift) - 1;

    /// <summary>First private KeyID; it becomes the TDX-global one in Linux.</summary>
    public int FirstPrivate => MktmeKeyIds + 1;

    /// <summary>Last private KeyID.</summary>
    public int LastPrivate => MktmeKeyIds + TdxKeyIds;

    /// <summary>The KeyID carried by <paramref name="address"/>.</summary>
    public KeyId KeyOf(Hpa address) =>
        new((ushort)((address.Value & ((1UL << PhysicalAddressBits) - 1)) >> Shift));

    /// <summary>The address with its KeyID bits removed.</summary>
    public ulong LineOf(Hpa address) => address.Value & AddressMask;

    /// <summary>The same memory through another key.</summary>
    public Hpa WithKey(Hpa address, KeyId key) => new(LineOf(address) | ((ulong)key.Value << Shift));

    /// <summary>Whether <paramref name="key"/> is private, i.e. reserved for SEAM.</summary>
    public bool IsPrivate(KeyId key) => key.Value >= FirstPrivate && key.Value <= LastPrivate;
}
