namespace Seamsim.Isa.Probes;

/// <summary>
/// What an event word of a probe stream says. In brackets the word's small field, then the words that follow it.
/// </summary>
public enum ProbeEvent : byte
{
    /// <summary>[LP index] What follows happens on this logical processor.</summary>
    Turn,

    /// <summary>[CPL 1:0, code size 3:2, SEAM 4, non-root 5] CR3. The state that following blocks run in.</summary>
    Mode,

    /// <summary>
    /// [block number] host-physical address with KeyID, that of its second page or 0, RIP offset, linear address,
    /// <see cref="BlockShape"/>, code bytes in little-endian words. A block was decoded.
    /// </summary>
    Define,

    /// <summary>[] instructions. Retired since reset: the last block entered did not complete.</summary>
    Cut,

    /// <summary>[] The next block entered is one instruction of a block already paid for.</summary>
    Paid,

    /// <summary>
    /// [operation 7:0, count 31:8] cycles of all, operand. Operations with a cost of their own: address, VMCS field or
    /// MSR, or 0.
    /// </summary>
    Operations,

    /// <summary>[world of the account] cycles. Put on the clock by the machine: modelled host work, idling, catching up.</summary>
    Aside,

    /// <summary>[vector 7:0, type 10:8, has an error code 11] error code, CR2. An event goes through the IDT.</summary>
    Delivery,

    /// <summary>[reason] qualification, guest-physical address. The exit information of a VM exit (or SEAMCALL).</summary>
    Exit,

    /// <summary>[operation] VMCS, RAX..R15 (16 words). A transition is complete.</summary>
    Switch,

    /// <summary>[access size in bytes, write 16] linear address, then the bytes if values are recorded.</summary>
    Access,

    /// <summary>[] linear page, guest-physical page, host-physical page with KeyID. A data translation was made.</summary>
    Translation,

    /// <summary>[<see cref="TlbMaintenance"/>] linear address or PCID. Cached translations were dropped.</summary>
    Flush,

    /// <summary>[] The time-stamp counter or a timer was read or armed: what follows may depend on time.</summary>
    Time,

    /// <summary>[] RAX..R15 and RFLAGS (17 words).</summary>
    Registers,

    /// <summary>[] cycles, instructions: the clock of the logical processor at this point.</summary>
    Clock,
}

/// <summary>What cached translations were dropped.</summary>
public enum TlbMaintenance : byte
{
    /// <summary>All of the logical processor.</summary>
    All,

    /// <summary>One linear page.</summary>
    Page,

    /// <summary>The non-global ones of one context.</summary>
    Context,
}
