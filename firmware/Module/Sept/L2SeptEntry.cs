using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// One L2 Secure-EPT entry. It has no lock of its own: the lock of the L1 entry for the same range protects it.
/// TDX Module 1.5 TD partitioning specification, "L2 SEPT entries"; state encoding of module 1.5.01.
/// </summary>
/// <param name="Raw">The 64 bits as they stand in the L2 SEPT page.</param>
internal readonly record struct L2SeptEntry(ulong Raw)
{
    private const ulong R = 1, W = 1 << 1, Xs = 1 << 2, Xu = 1 << 10;
    private const ulong Permissions = R | W | Xs | Xu;
    private const ulong MemoryType = 0b111 << 3;
    private const ulong WriteBack = 6 << 3;
    private const ulong SavedR = 1 << 3, SavedXs = 1 << 4, SavedXu = 1 << 5, SavedW = 1UL << 59;
    private const ulong IgnorePat = 1 << 6;
    private const ulong LeafBit = 1 << 7;
    private const ulong Address = 0x000F_FFFF_FFFF_F000;
    private const ulong Blocked = 1UL << 55;
    private const ulong VerifyPaging = 1UL << 57, PagingWrite = 1UL << 58, ShadowStack = 1UL << 60;
    private const ulong SuppressVe = 1UL << 63;

    /// <summary>The entry that fills an empty L2 SEPT page.</summary>
    public static L2SeptEntry Free => default;

    /// <summary>The state code: TDB, IPAT, leaf, R from bit 0 up; R does not count in leaves.</summary>
    public byte StateCode
    {
        get
        {
            ulong code = ((Raw >> 55) & 1) | (((Raw >> 6) & 3) << 1);
            return (byte)(IsLeaf ? code : code | ((Raw & R) << 3));
        }
    }

    /// <summary>The state by its name.</summary>
    public L2SeptState State => L2SeptStates.Decode(StateCode);

    /// <summary>Whether the leaf (PS) bit is set.</summary>
    public bool IsLeaf => (Raw & LeafBit) != 0;

    /// <summary>Whether a hardware walk goes on at this entry.</summary>
    public bool IsPresent => (Raw & (R | W | Xs)) != 0;

    /// <summary>The SEPT page a non-leaf entry points at (no KeyID).</summary>
    public ulong TableAddress => Raw & Address;

    /// <summary>R, W, X of the entry, and user-mode X, as an exit qualification shows them.</summary>
    public ulong Rights => (Raw & (R | W | Xs)) | Bit(Xu, 3);

    /// <summary>
    /// The attributes of TDG.MEM.PAGE.ATTR.RD and TDH.MEM.SEPT.RD. While the L1 entry is blocked for writing, W is the
    /// one that was saved.
    /// </summary>
    public VmAttributes AttributesUnder(SeptEntry l1)
    {
        bool blocked = (Raw & Blocked) != 0, writesBlocked = blocked || l1.Flags.AnyBlockedW;
        ulong word = Bit(blocked ? SavedR : R, 0) | Bit(writesBlocked ? SavedW : W, 1);
        word |= Bit(blocked ? SavedXs : Xs, 2) | Bit(blocked ? SavedXu : Xu, 3);
        word |= Bit(VerifyPaging, 4) | Bit(PagingWrite, 5) | Bit(ShadowStack, 6) | Bit(SuppressVe, 7);
        return new VmAttributes((ushort)word).AsValid();
    }

    /// <summary>The same leaf with other attributes; those of a blocked one are kept for later.</summary>
    public L2SeptEntry With(VmAttributes attributes)
    {
        bool blocked = (Raw & Blocked) != 0;
        ulong word = attributes.Word;
        ulong raw = Raw & ~(Permissions | SavedW | VerifyPaging | PagingWrite | ShadowStack | SuppressVe);
        if (blocked)
            raw &= ~(SavedR | SavedXs | SavedXu);
        raw |= At(0, blocked ? SavedR : R) | At(1, blocked ? SavedW : W);
        raw |= At(2, blocked ? SavedXs : Xs) | At(3, blocked ? SavedXu : Xu);
        return new(raw | At(4, VerifyPaging) | At(5, PagingWrite) | At(6, ShadowStack) | At(7, SuppressVe));

        ulong At(int bit, ulong mask) => (word >> bit & 1) != 0 ? mask : 0;
    }

    /// <summary>A leaf that aliases <paramref name="page"/>; that of a pending page is blocked.</summary>
    public static L2SeptEntry Leaf(ulong page, VmAttributes attributes, bool pending) =>
        new L2SeptEntry(IgnorePat | LeafBit | (page & Address) | (pending ? Blocked : WriteBack)).With(attributes);

    /// <summary>An L2_NL_MAPPED entry that points at the L2 SEPT page <paramref name="table"/>.</summary>
    public static L2SeptEntry NonLeaf(ulong table) => new(SuppressVe | Permissions | (table & Address));

    /// <summary>The entry after its L1 range was blocked: permissions are saved and cleared.</summary>
    /// <param name="writesWereBlocked">The L1 entry was write-blocked: the W saved then stays.</param>
    public L2SeptEntry Block(bool writesWereBlocked)
    {
        if (!IsLeaf)
            return new L2SeptEntry((Raw & ~Permissions) | Blocked);
        ulong raw = Raw & ~(Permissions | MemoryType);
        raw |= Move(R, SavedR) | Move(Xs, SavedXs) | Move(Xu, SavedXu);
        if (!writesWereBlocked)
            raw = (raw & ~SavedW) | Move(W, SavedW);
        return new L2SeptEntry(raw | Blocked);
    }

    /// <summary>The entry after its L1 range was unblocked.</summary>
    public L2SeptEntry Unblock()
    {
        if (!IsLeaf)
            return new L2SeptEntry((Raw & ~(Blocked | MemoryType)) | Permissions);
        ulong raw = Raw & ~(Blocked | MemoryType | SavedW);
        raw |= WriteBack | Move(SavedR, R) | Move(SavedW, W) | Move(SavedXs, Xs) | Move(SavedXu, Xu);
        return new L2SeptEntry(raw);
    }

    /// <summary>The entry as error outputs show it; attributes of a production TD's pages stay hidden.</summary>
    public ulong Architectural(bool debug)
    {
        if (State == L2SeptState.L2_FREE)
            return SuppressVe;
        if (!IsLeaf)
            return Raw & (Permissions | LeafBit);
        ulong fixedBits = Raw & (MemoryType | IgnorePat | LeafBit | Address | SuppressVe);
        if (State != L2SeptState.L2_MAPPED)
            return fixedBits & ~MemoryType;
        return fixedBits | (debug ? Raw & (Permissions | VerifyPaging | PagingWrite | ShadowStack) : Permissions);
    }

    private ulong Move(ulong from, ulong to) => (Raw & from) != 0 ? to : 0;

    private ulong Bit(ulong mask, int position) => (Raw & mask) != 0 ? 1UL << position : 0;
}
