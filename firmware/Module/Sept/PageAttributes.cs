namespace Seamsim.Firmware.Module;

/// <summary>
/// What one VM of a TD may do with a page: R, W, Xs, Xu, VGP, PWA, SSS, SVE from bit 0 up, VALID in bit 15. TDX Module
/// 1.5 ABI, "GPA attributes".
/// </summary>
/// <param name="Word">The 16 bits.</param>
internal readonly record struct VmAttributes(ushort Word)
{
    private const int Read = 1, Write = 2, Permissions = 0xF, PagingWrite = 1 << 5, ValidBit = 1 << 15;

    /// <summary>Whether the word says anything.</summary>
    public bool IsValid => (Word & ValidBit) != 0;

    /// <summary>Whether the VM can reach the page at all.</summary>
    public bool IsPresent => (Word & Permissions) != 0;

    /// <summary>The same attributes, saying something.</summary>
    public VmAttributes AsValid() => new((ushort)(Word | ValidBit));

    /// <summary>Whether they are attributes a guest may set (<paramref name="mask"/>) and fit together.</summary>
    public bool IsLegal(ulong mask) =>
        (Word & ~mask) == 0
        && (Word == 0 || IsValid)
        && ((Word & Read) != 0 || (Word & (Write | PagingWrite)) == 0);

    /// <summary>These attributes where the mask is set, and <paramref name="current"/> elsewhere.</summary>
    public VmAttributes Over(VmAttributes current, ushort mask) =>
        new((ushort)((current.Word & ~mask) | (Word & mask)));
}

/// <summary>What is to happen to the attributes of one VM: bits 14:0 may change; bit 15 asks for INVEPT.</summary>
/// <param name="Word">The 16 bits.</param>
internal readonly record struct VmAttributeFlags(ushort Word)
{
    private const int InveptBit = 1 << 15;

    /// <summary>Attributes that may change.</summary>
    public ushort Mask => (ushort)(Word & ~InveptBit);

    /// <summary>Whether the VM's cached translations are to go.</summary>
    public bool Invept => (Word & InveptBit) != 0;
}

/// <summary>The attributes of a page for every VM of a TD, L1 first; L1 has none.</summary>
/// <param name="Raw">Four words, as a register holds them.</param>
internal readonly record struct PageAttributes(ulong Raw)
{
    private const int WordBits = 16;

    /// <summary>Those of a VM.</summary>
    public VmAttributes this[int vm] => new((ushort)(Raw >> (WordBits * vm)));

    /// <summary>The same with others for a VM.</summary>
    public PageAttributes With(int vm, VmAttributes attributes) =>
        new(Raw & ~(0xFFFFUL << (WordBits * vm)) | (ulong)attributes.Word << (WordBits * vm));
}

/// <summary>The flags that go with attributes, for every VM of a TD.</summary>
/// <param name="Raw">Four words, as a register holds them.</param>
internal readonly record struct AttributeFlags(ulong Raw)
{
    private const int WordBits = 16;

    /// <summary>Those of a VM.</summary>
    public VmAttributeFlags this[int vm] => new((ushort)(Raw >> (WordBits * vm)));
}
