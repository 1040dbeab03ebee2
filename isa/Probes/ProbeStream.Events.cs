using System.Numerics;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Probes;

// What the run loop, the slow paths and the machine report, one member an event.
public sealed unsafe partial class ProbeStream
{
    private const int GeneralRegisters = 16;

    /// <summary>Cycles the machine has put on the clock: modelled host work, idling, catching up.</summary>
    /// <param name="core">Whose clock.</param>
    /// <param name="world">Number of the world they are booked to.</param>
    /// <param name="cycles">How many.</param>
    public void Aside(Core core, int world, ulong cycles) => *Begin(core, ProbeEvent.Aside, 1, (ulong)world) = cycles;

    /// <summary>A block was decoded; the result is the word that says it is entered.</summary>
    internal ulong Define(Core core, in BlockKey key, Hpa? second, ReadOnlySpan<byte> code, in BlockShape shape)
    {
        ulong id = blocks++;
        const int header = 5;
        int words = header + ((code.Length + 7) / 8);
        ulong* at = Begin(core, ProbeEvent.Define, words, id);
        at[0] = key.Physical;
        at[1] = second?.Value ?? 0;
        at[2] = key.Rip;
        at[3] = core.LongMode64 ? key.Rip : (uint)(core.Lp->Cs.Base + key.Rip);
        at[4] = shape.Pack();
        at[words - 1] = 0;
        code.CopyTo(new Span<byte>(at + header, code.Length));
        return ProbeWord.Of(ProbeWord.Block, id);
    }

    /// <summary>A block is accounted whose instructions are then executed singly.</summary>
    internal void Prepaid(Core core, ulong marker)
    {
        Begin(core, ProbeEvent.Cut, 1)[0] = core.Lp->Instructions; // makes room for the marker, and says nothing new
        *core.Lp->ProbeNext++ = marker;
        Cut(core);
    }

    /// <summary>The last block entered did not complete.</summary>
    internal void Cut(Core core)
    {
        *Begin(core, ProbeEvent.Cut, 1) = core.Lp->Instructions;
        Registers(core, always: false);
    }

    /// <summary>The next block entered is an instruction of a block already paid for.</summary>
    internal void Paid(Core core) => Begin(core, ProbeEvent.Paid, 0);

    /// <summary>Operations with a cost of their own.</summary>
    internal void Operations(Core core, Operation operation, int count, ulong cycles, ulong operand)
    {
        ulong* at = Begin(core, ProbeEvent.Operations, 2, (ulong)operation | ((ulong)count << 8));
        (at[0], at[1]) = (cycles, operand);
    }

    /// <summary>An event goes through the IDT.</summary>
    internal void Delivery(Core core, byte vector, EventType type, uint? error)
    {
        ulong small = vector | ((ulong)type << 8) | (error is null ? 0 : 1UL << 11);
        ulong* at = Begin(core, ProbeEvent.Delivery, 2, small);
        (at[0], at[1]) = (error ?? 0, core.Lp->Cr2);
    }

    /// <summary>Exit information is stored.</summary>
    internal void Exit(Core core, uint reason, ulong qualification, ulong guestPhysical)
    {
        ulong* at = Begin(core, ProbeEvent.Exit, 2, reason);
        (at[0], at[1]) = (qualification, guestPhysical);
    }

    /// <summary>A transition is complete.</summary>
    internal void Switched(Core core, Operation operation)
    {
        ulong* at = Begin(core, ProbeEvent.Switch, 1 + GeneralRegisters, (ulong)operation);
        at[0] = core.Vmx.Current;
        new ReadOnlySpan<ulong>(core.Lp->Gpr, GeneralRegisters).CopyTo(new Span<ulong>(at + 1, GeneralRegisters));
    }

    /// <summary>A data access of a slow path, of 1 to 8 bytes.</summary>
    internal void Access(Core core, ulong address, int bytes, bool write, ulong value)
    {
        if (!SeesMemory)
            return;
        if (!BitOperations.IsPow2(bytes) || core.Lp != running)
        {
            Access(core, address, write, new ReadOnlySpan<byte>(&value, bytes));
            return;
        }
        if (running->ProbeNext + 2 >= running->ProbeLimit)
            Renew();
        ulong tag = ((ulong)BitOperations.Log2((uint)bytes) << (int)ProbeWord.SizeShift) | (write ? ProbeWord.Write : 0);
        *running->ProbeNext++ = ProbeWord.Of(tag, address);
        if (SeesValues)
            *running->ProbeNext++ = bytes == 8 ? value : value & ((1UL << (bytes * 8)) - 1);
    }

    /// <summary>A data access of any size.</summary>
    internal void Access(Core core, ulong address, bool write, ReadOnlySpan<byte> bytes)
    {
        if (!SeesMemory)
            return;
        int words = 1 + (SeesValues ? (bytes.Length + 7) / 8 : 0);
        ulong* at = Begin(core, ProbeEvent.Access, words, (uint)bytes.Length | (write ? 1UL << 16 : 0));
        at[0] = address;
        if (!SeesValues)
            return;
        at[words - 1] = 0;
        bytes.CopyTo(new Span<byte>(at + 1, bytes.Length));
    }

    /// <summary>A data translation was made.</summary>
    internal void Translated(Core core, ulong linear, ulong guestPhysical, Hpa physical)
    {
        if (!SeesMemory)
            return;
        ulong* at = Begin(core, ProbeEvent.Translation, 3);
        (at[0], at[1], at[2]) = (linear & ~0xFFFUL, guestPhysical & ~0xFFFUL, physical.Page.Value);
    }

    /// <summary>Cached translations are dropped.</summary>
    internal void Flushed(Core core, TlbMaintenance what, ulong operand) =>
        *Begin(core, ProbeEvent.Flush, 1, (ulong)what) = operand;

    /// <summary>Software looks at the time, or arms a timer.</summary>
    internal void Time(Core core) => Begin(core, ProbeEvent.Time, 0);

    /// <summary>The state that following blocks run in, when it has changed.</summary>
    internal void Mode(Core core, bool force = false)
    {
        ulong small = (uint)core.Cpl | ((uint)core.CodeSize << 2) | (core.InSeam ? 16u : 0) | (core.InNonRoot ? 32u : 0);
        if (!force && (small, core.Lp->Cr3) == core.ProbedMode)
            return;
        core.ProbedMode = (small, core.Lp->Cr3);
        *Begin(core, ProbeEvent.Mode, 1, small) = core.Lp->Cr3;
    }

    /// <summary>The register file, when registers are recorded.</summary>
    internal void Registers(Core core, bool always)
    {
        if (!always && !SeesRegisters)
            return;
        ulong* at = Begin(core, ProbeEvent.Registers, GeneralRegisters + 1);
        new ReadOnlySpan<ulong>(core.Lp->Gpr, GeneralRegisters).CopyTo(new Span<ulong>(at, GeneralRegisters));
        at[GeneralRegisters] = core.Rflags;
    }

    private void Clock(Core core)
    {
        ulong* at = Begin(core, ProbeEvent.Clock, 2);
        (at[0], at[1]) = (core.Lp->Cycles, core.Lp->Instructions);
    }
}
