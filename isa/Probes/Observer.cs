using Seamsim.Isa.Engine;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Probes;

/// <summary>
/// Sees everything that logical processors do. Handlers append blocks and accesses to the cursor of the LP struct by
/// themselves (<see cref="ProbeWord"/>); what is not a handler calls the members here, at the point of the stream where
/// it happens. An observer never influences the simulation.
/// </summary>
public abstract unsafe class Observer
{
    /// <summary>What is to be seen; constant.</summary>
    public abstract ProbeAspects Aspects { get; }

    /// <summary>The cursor of a processor has reached its limit.</summary>
    public abstract void Renew(Core core);

    /// <summary>A processor has been attached.</summary>
    public abstract void Attached(Core core);

    /// <summary>A processor begins to run.</summary>
    public abstract void Selected(Core core);

    /// <summary>The run loop looks around between two chains of blocks.</summary>
    public abstract void Paused(Core core);

    /// <summary>How many instructions a processor may retire before <see cref="Paused"/> has to be called, at least 1.</summary>
    public abstract long UntilPause(Core core);

    /// <summary>A block was decoded. The result is its number for <see cref="ProbeWord.Block"/>.</summary>
    public abstract int Define(Core core, in BlockOfCode block);

    /// <summary>Asked before a block is decoded: whether entering it is to be reported by <see cref="Reached"/>.</summary>
    public abstract bool IsWatched(ulong first, ulong last);

    /// <summary>A watched block is about to be entered.</summary>
    public abstract void Reached(Core core);

    /// <summary>
    /// A block of that many instructions is accounted as a whole, and they will be executed singly; the word says that
    /// it is entered.
    /// </summary>
    public abstract void Prepaid(Core core, ulong word, int instructions);

    /// <summary>The last instructions of the block entered last did not retire.</summary>
    public abstract void Cut(Core core, int unretired);

    /// <summary>General registers may have changed outside of blocks.</summary>
    public abstract void Registers(Core core);

    /// <summary>A data access of a slow path.</summary>
    public abstract void Access(Core core, ulong address, bool write, ReadOnlySpan<byte> value);

    /// <summary>A data translation was made: linear page, guest-physical page, host-physical page with KeyID.</summary>
    public abstract void Translated(Core core, ulong linear, ulong guestPhysical, Hpa physical);

    /// <summary>An entry of a paging structure (level 1..5) was read or written.</summary>
    public abstract void Walked(Core core, int level, bool ept, bool write, Hpa at);

    /// <summary>Operations with a cost of their own; operand: address, VMCS field or MSR, or 0.</summary>
    public abstract void Operations(Core core, Operation operation, int count, ulong cycles, ulong operand);

    /// <summary>An event goes through the IDT.</summary>
    public abstract void Delivered(Core core, byte vector, EventType type, uint? error);

    /// <summary>Exit information was stored.</summary>
    public abstract void Exited(Core core, uint reason, ulong qualification, ulong linear, ulong guestPhysical);

    /// <summary>A transition is complete; its cost has been reported by <see cref="Operations"/>.</summary>
    /// <param name="core">The logical processor.</param>
    /// <param name="transition">SEAMCALL, SEAMRET, VM entry or VM exit.</param>
    /// <param name="resumed">A VM entry by VMRESUME.</param>
    public abstract void Switched(Core core, Operation transition, bool resumed = false);

    /// <summary>Privilege, code size, world or address space may have changed.</summary>
    public abstract void ModeChanged(Core core);

    /// <summary>Translations or cache lines were dropped.</summary>
    public abstract void Maintained(Core core, Upkeep what, ulong operand);

    /// <summary>The time-stamp counter or a timer was read or armed: what follows may depend on time.</summary>
    public abstract void TimeUsed(Core core, bool timer, ulong value);

    /// <summary>
    /// Cycles that dynamic events of the instructions before have put on the clock: branches, fetches, loads, translations.
    /// </summary>
    public abstract void Stalled(Core core, ulong cycles);

    /// <summary>Cycles put on the clock by the machine: modelled host work (with its name), or none when it idled.</summary>
    public abstract void Charged(Core core, string? name, ulong cycles, bool sync);
}

/// <summary>Maintenance of translations and caches.</summary>
public enum Upkeep : byte
{
    /// <summary>All cached translations of the logical processor.</summary>
    TlbAll,

    /// <summary>Those of one linear page.</summary>
    TlbPage,

    /// <summary>Those of one context or PCID.</summary>
    TlbContext,

    /// <summary>One cache line, by its linear address.</summary>
    Line,

    /// <summary>The package's caches are written back.</summary>
    Caches,
}
