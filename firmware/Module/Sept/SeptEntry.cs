using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// One Secure-EPT entry: an EPT entry with the module's state in its software and ignored bits.
/// TDX Module 1.5 ABI, "Secure EPT Entry Information"; state encoding of module 1.5.01.
/// </summary>
/// <param name="Raw">The 64 bits as they stand in the SEPT page.</param>
internal readonly record struct SeptEntry(ulong Raw)
{
    /// <summary>Bit index of TDEL, the entry lock.</summary>
    public const int LockBit = 11;

    /// <summary>Bit index of the flag a host leaf sets when it met a held entry lock.</summary>
    public const int HostPriorityBit = 52;

    /// <summary>Read, write and supervisor execute.</summary>
    public const ulong Rwx = 0b111;

    /// <summary>Bits 20:12 of a 2-MiB pending leaf: 4-KiB steps an interrupted TDG.MEM.PAGE.ACCEPT has done.</summary>
    public const ulong AcceptCounter = 0x1FF << 12;

    private const ulong Write = 1 << 1;
    private const ulong MemoryType = 0b111 << 3;
    private const ulong WriteBack = 6 << 3;
    private const ulong IgnorePat = 1 << 6;
    private const ulong LeafBit = 1 << 7;
    private const ulong Lock = 1UL << LockBit;
    private const ulong HostPriority = 1UL << HostPriorityBit;
    private const ulong Address = 0x000F_FFFF_FFFF_F000;
    private const ulong SuppressVe = 1UL << 63;
    private const ulong StateBits = (1UL << 9) | (0xFUL << 53) | IgnorePat | LeafBit;
    private const int AliasShift = 58;

    /// <summary>The entry that fills an empty SEPT page.</summary>
    public static SeptEntry Free { get; } = new SeptEntry(SuppressVe).With(SeptState.FREE);

    /// <summary>The state code: D, TDEX, TDBW, TDB, TDP, IPAT, leaf from bit 0 up.</summary>
    public byte StateCode =>
        (byte)(((Raw >> 9) & 1) | (((Raw >> 53) & 0xF) << 1) | (((Raw >> 6) & 3) << 5));

    /// <summary>The state by its name in the ABI; <see cref="SeptState.Invalid"/> for bits no leaf produces.</summary>
    public SeptState State => SeptStates.Decode(StateCode);

    /// <summary>What the current state permits and means.</summary>
    public SeptStateRow Flags => SeptStates.Of(State);

    /// <summary>Whether the leaf (PS) bit is set; 4-KiB entries carry it too.</summary>
    public bool IsLeaf => (Raw & LeafBit) != 0;

    /// <summary>Whether any of R, W, X is set, i.e. a hardware walk goes on.</summary>
    public bool IsPresent => (Raw & Rwx) != 0;

    /// <summary>Whether the entry is FREE, whatever its lock bits say.</summary>
    public bool IsFree => State == SeptState.FREE;

    /// <summary>Whether the entry lock is held.</summary>
    public bool IsLocked => (Raw & Lock) != 0;

    /// <summary>Whether a host leaf waits for the entry lock.</summary>
    public bool HasHostPriority => (Raw & HostPriority) != 0;

    /// <summary>4-KiB steps of an interrupted 2-MiB accept.</summary>
    public int AcceptedSteps => (int)((Raw & AcceptCounter) >> 12);

    /// <summary>The SEPT page a non-leaf entry points at (no KeyID).</summary>
    public ulong TableAddress => Raw & Address;

    /// <summary>The page a leaf at <paramref name="level"/> maps (no KeyID; accept counter removed).</summary>
    public ulong PageAddress(int level) => Raw & Address & ~(GpaMapping.BytesAt(level) - 1);

    /// <summary>
    /// Whether L2 VM <paramref name="vm"/> (1..3) has an alias of this leaf, or its own SEPT page here.
    /// </summary>
    public bool HasAlias(int vm) => (Raw >> (AliasShift + vm - 1) & 1) != 0;

    /// <summary>The same entry with or without the alias bit of L2 VM <paramref name="vm"/>.</summary>
    public SeptEntry WithAlias(int vm, bool on)
    {
        ulong bit = 1UL << (AliasShift + vm - 1);
        return new(on ? Raw | bit : Raw & ~bit);
    }

    /// <summary>The same entry in another state; address, lock, permissions and aliases are kept.</summary>
    public SeptEntry With(SeptState state)
    {
        ulong code = SeptStates.Of(state).Encoding;
        ulong bits = ((code & 1) << 9) | (((code >> 1) & 0xF) << 53) | (((code >> 5) & 3) << 6);
        return new((Raw & ~StateBits) | bits);
    }

    /// <summary>The same entry in another state and with exactly the permissions that state gives the guest.</summary>
    public SeptEntry Become(SeptState state) =>
        new((With(state).Raw & ~Rwx) | SeptStates.Of(state).Permissions);

    /// <summary>The same entry with the accept counter at <paramref name="steps"/>.</summary>
    public SeptEntry WithAcceptedSteps(int steps) => new((Raw & ~AcceptCounter) | ((ulong)steps << 12));

    /// <summary>The same entry holding its lock; host priority cleared.</summary>
    public SeptEntry Locked() => new((Raw | Lock) & ~HostPriority);

    /// <summary>A leaf that maps <paramref name="page"/> in <paramref name="state"/>: WB, IPAT, suppress #VE.</summary>
    public static SeptEntry Leaf(SeptState state, ulong page) =>
        new SeptEntry(SuppressVe | WriteBack | (page & Address)).Become(state);

    /// <summary>An NL_MAPPED entry that points at the SEPT page <paramref name="table"/>.</summary>
    public static SeptEntry NonLeaf(ulong table) =>
        new SeptEntry(SuppressVe | (table & Address)).Become(SeptState.NL_MAPPED);

    /// <summary>
    /// The entry a page removed during an import leaves behind; bits 44:12 remember the migration epoch.
    /// </summary>
    public static SeptEntry RemovedIn(uint migrationEpoch) =>
        new SeptEntry(SuppressVe | ((ulong)migrationEpoch << 12)).Become(SeptState.REMOVED);

    /// <summary>
    /// The entry as error outputs and TDH.MEM.SEPT.RD show it: a free entry is bit 63 alone, a leaf keeps RWX, MT,
    /// IPAT, PS, HPA and suppress #VE, a non-leaf entry keeps RWX and PS and hides its HPA.
    /// </summary>
    public ulong Architectural(int level) => this switch
    {
        { IsFree: true } => SuppressVe,
        { IsLeaf: true } => (Raw & (Rwx | MemoryType | IgnorePat | LeafBit | SuppressVe)) | PageAddress(level),
        _ => Raw & (Rwx | LeafBit),
    };

    /// <summary>Whether a guest write is allowed by the permissions.</summary>
    public bool IsWritable => (Raw & Write) != 0;
}
