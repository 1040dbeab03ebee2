namespace Seamsim.Trace;

/// <summary>
/// What happened between instructions, or while one executed. <see cref="EventShape"/> names the code and the operands
/// of each. Numbers are part of the file format: they are never reused, and a reader shows kinds it does not know by
/// number.
/// </summary>
public enum EventKind : byte
{
    /// <summary>An exception or interrupt is delivered; code: vector.</summary>
    Exception = 1,

    /// <summary>The logical processor changes world; code: the new <see cref="TraceWorld"/>.</summary>
    WorldSwitch = 2,

    /// <summary>VMLAUNCH or VMRESUME has loaded the guest; code: 0 launch, 1 resume.</summary>
    VmEntry = 3,

    /// <summary>A VM exit; code: basic exit reason.</summary>
    VmExit = 4,

    /// <summary>A leaf begins; code: <see cref="LeafClass"/>.</summary>
    LeafEnter = 5,

    /// <summary>A leaf ends; code: <see cref="LeafClass"/>.</summary>
    LeafExit = 6,

    /// <summary>
    /// A managed SEAM module asks its platform for one operation; code: <see cref="Isa.Ports.Operation"/>.
    /// </summary>
    Operation = 7,

    /// <summary>Managed host code is charged; code: a name of <see cref="TraceWriter.Name"/>.</summary>
    Charge = 8,

    /// <summary>A paging structure is read or written; code: <see cref="WalkReference"/>.</summary>
    Walk = 9,

    /// <summary>TLB or cache maintenance; code: <see cref="Maintenance"/>.</summary>
    Maintenance = 10,

    /// <summary>Another logical processor has its turn; code: its number. Everything after it belongs to it.</summary>
    LpSwitch = 11,

    /// <summary>Software reads time; code: <see cref="TimeSource"/>.</summary>
    TimeRead = 12,

    /// <summary>Translations that follow belong to another address space; code: none.</summary>
    AddressSpace = 13,

    /// <summary>
    /// A linear 4-KiB page of the address space is mapped so from here on; code: 1 when only repeated.
    /// </summary>
    Translation = 14,

    /// <summary>The clock moves without instructions; code: <see cref="ClockCause"/>.</summary>
    Clock = 15,

    /// <summary>Recording begins or ends, or a user's mark; code: a name of <see cref="TraceWriter.Name"/>.</summary>
    Mark = 16,

    /// <summary>General-purpose, control and vector registers change: their new values.</summary>
    Registers = 17,
}

/// <summary>The classes of leaves.</summary>
public enum LeafClass : ushort
{
    /// <summary>SEAMCALL to the TDX module.</summary>
    Seamcall,

    /// <summary>SEAMCALL to the P-SEAMLDR.</summary>
    SeamcallLoader,

    /// <summary>TDCALL to the TDX module.</summary>
    Tdcall,

    /// <summary>TDCALL that asks the host: TDG.VP.VMCALL.</summary>
    Tdvmcall,
}

/// <summary>Which paging structure a walk touched. Levels 1..5 count from the page table upwards.</summary>
[Flags]
public enum WalkReference : ushort
{
    /// <summary>Mask of the level.</summary>
    Level = 7,

    /// <summary>An EPT entry rather than an entry of the guest's or host's own tables.</summary>
    Ept = 8,

    /// <summary>The entry is written (accessed, dirty).</summary>
    Write = 16,

    /// <summary>The walk is for an instruction fetch.</summary>
    Fetch = 32,
}

/// <summary>What maintenance was done to translations or caches.</summary>
public enum Maintenance : ushort
{
#pragma warning disable CS1591 // the names are instructions or say what they are
    Invlpg, Invpcid, Invept, Invvpid, MovCr3, FlushAll,
    Clflush, Clflushopt, Clwb, Wbinvd, Wbnoinvd, Invd,
#pragma warning restore CS1591
}

/// <summary>How software read time.</summary>
public enum TimeSource : ushort
{
#pragma warning disable CS1591 // the names are instructions or say what they are
    Rdtsc, Rdtscp, RdmsrTsc, ApicTimer, Device,
#pragma warning restore CS1591
}

/// <summary>Why the clock moved.</summary>
public enum ClockCause : ushort
{
    /// <summary>Nothing to run.</summary>
    Idle,

    /// <summary>Catching up with another logical processor's time.</summary>
    Sync,

    /// <summary>Any other reason.</summary>
    Other,

    /// <summary>Branches, fetches, loads and translations of the instructions before, under a model that has such costs.</summary>
    Stall,
}
