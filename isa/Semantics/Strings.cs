using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// MOVS, STOS, LODS, CMPS, SCAS, INS, OUTS with and without REP. SDM vol. 2, "REP": every iteration completes or
/// leaves no mark, so a fault restarts exactly there.
/// </summary>
internal static unsafe class Strings
{
    /// <summary>
    /// Iterations before interrupts are looked at again. A long REP executes as several steps of the same
    /// instruction; the number is part of the model, not of a run's slicing.
    /// </summary>
    public const int Chunk = 4096;

    private const int Source = 6, Destination = 7, Counter = 1, Es = 0;

    public static Outcome Execute(Core core, in Instruction i)
    {
        if (i.MemorySize.GetSize() > 8 || !i.IsStringInstruction)
            return core.Raise(Vector.UD); // MOVSD and CMPSD of SSE share the mnemonic
        bool repeats = i.HasRepPrefix || i.HasRepnePrefix;
        if (!repeats)
            return Once(core, i) ? Outcome.Next : Ended(core);
        int address = AddressBytes(core, i);
        ulong from = core.Lp->Gpr[Destination];
        Outcome outcome = Repeat(core, i, address, out int done);
        Charge(core, i, done, Cut(from, address));
        return outcome;
    }

    private static Outcome Repeat(Core core, in Instruction i, int address, out int done)
    {
        int most = core.StopsAtIterations ? 1 : Chunk;
        for (done = 0; done < most;)
        {
            if (Cut(core.Lp->Gpr[Counter], address) == 0)
                return Outcome.Next;
            if (!Once(core, i))
                return Ended(core);
            Add(core, Counter, address, ulong.MaxValue);
            done++;
            if (StopsOnFlags(core, i))
                return Outcome.Next;
        }
        if (Cut(core.Lp->Gpr[Counter], address) == 0)
            return Outcome.Next;
        core.SuspendString();
        return Outcome.Jumped;
    }

    /// <summary>
    /// What repeating costs beyond the accesses: MOVS and STOS go by lines of the destination, the others by iterations.
    /// </summary>
    private static void Charge(Core core, in Instruction i, int done, ulong from)
    {
        const ulong line = 64;
        if (done == 0)
            return;
        bool byLines = i.Mnemonic is Mnemonic.Movsb or Mnemonic.Movsw or Mnemonic.Movsd or Mnemonic.Movsq
            or Mnemonic.Stosb or Mnemonic.Stosw or Mnemonic.Stosd or Mnemonic.Stosq;
        ulong bytes = (ulong)done * (ulong)Bytes(i), offset = from % line;
        bool down = (core.Lp->Rflags & RflagsBit.Df) != 0;
        ulong lines = ((down ? line - 1 - offset : offset) + bytes + line - 1) / line;
        core.ChargeOperation(
            byLines ? Ports.Operation.StringLine : Ports.Operation.StringStep, count: byLines ? (int)lines : done);
    }

    /// <summary>The outcome of a port intercept travels in <see cref="Core.StringOutcome"/>; otherwise it is a fault.</summary>
    private static Outcome Ended(Core core)
    {
        Outcome outcome = core.StringOutcome;
        core.StringOutcome = Outcome.Fault;
        return outcome;
    }

    private static bool StopsOnFlags(Core core, in Instruction i)
    {
        bool compares = i.Mnemonic is Mnemonic.Cmpsb or Mnemonic.Cmpsw or Mnemonic.Cmpsd or Mnemonic.Cmpsq
            or Mnemonic.Scasb or Mnemonic.Scasw or Mnemonic.Scasd or Mnemonic.Scasq;
        return compares && LazyFlags.Zero(core.Lp) == i.HasRepnePrefix;
    }

    private static bool Once(Core core, in Instruction i)
    {
        int bytes = Bytes(i);
        int address = AddressBytes(core, i);
        ulong step = (core.Lp->Rflags & RflagsBit.Df) != 0 ? (ulong)-bytes : (ulong)bytes;
        int segment = Core.SegmentIndex(i.MemorySegment);
        switch (i.Mnemonic)
        {
            case Mnemonic.Movsb or Mnemonic.Movsw or Mnemonic.Movsd or Mnemonic.Movsq:
                if (!TryLoad(core, Source, segment, bytes, address, out ulong moved) || !TryStore(core, bytes, address, moved))
                    return false;
                Add(core, Source, address, step);
                break;
            case Mnemonic.Stosb or Mnemonic.Stosw or Mnemonic.Stosd or Mnemonic.Stosq:
                if (!TryStore(core, bytes, address, core.Lp->Gpr[0]))
                    return false;
                break;
            case Mnemonic.Lodsb or Mnemonic.Lodsw or Mnemonic.Lodsd or Mnemonic.Lodsq:
                if (!TryLoad(core, Source, segment, bytes, address, out ulong loaded))
                    return false;
                core.WriteRegister(Accumulator(bytes), loaded);
                Add(core, Source, address, step);
                return true;
            case Mnemonic.Cmpsb or Mnemonic.Cmpsw or Mnemonic.Cmpsd or Mnemonic.Cmpsq:
                if (!TryLoad(core, Source, segment, bytes, address, out ulong first)
                    || !TryLoad(core, Destination, Es, bytes, address, out ulong second))
                    return false;
                Compare(core, bytes, first, second);
                Add(core, Source, address, step);
                break;
            case Mnemonic.Scasb or Mnemonic.Scasw or Mnemonic.Scasd or Mnemonic.Scasq:
                if (!TryLoad(core, Destination, Es, bytes, address, out ulong scanned))
                    return false;
                Compare(core, bytes, core.Lp->Gpr[0], scanned);
                break;
            default:
                return TryPort(core, i, segment, bytes, address, step);
        }
        Add(core, Destination, address, step);
        return true;
    }

    private static int Bytes(in Instruction i) => i.Mnemonic switch
    {
        Mnemonic.Movsb or Mnemonic.Stosb or Mnemonic.Lodsb or Mnemonic.Cmpsb or Mnemonic.Scasb or Mnemonic.Insb
            or Mnemonic.Outsb => 1,
        Mnemonic.Movsw or Mnemonic.Stosw or Mnemonic.Lodsw or Mnemonic.Cmpsw or Mnemonic.Scasw or Mnemonic.Insw
            or Mnemonic.Outsw => 2,
        Mnemonic.Movsq or Mnemonic.Stosq or Mnemonic.Lodsq or Mnemonic.Cmpsq or Mnemonic.Scasq => 8,
        _ => 4,
    };

    private static bool TryPort(Core core, in Instruction i, int segment, int bytes, int address, ulong step)
    {
        bool input = i.Mnemonic is Mnemonic.Insb or Mnemonic.Insw or Mnemonic.Insd;
        int register = input ? Destination : Source;
        ushort port = (ushort)core.Lp->Gpr[2];
        ulong linear = Linear(core, register, input ? Es : segment, bytes, address);
        if (!PortIo.TryPermit(core, port, bytes))
            return false;
        if (core.InterceptsIo(port, bytes, input, i, out Outcome exit, linear))
        {
            core.StringOutcome = exit;
            return false;
        }
        if (input)
        {
            // the store is prepared first: a device must not lose what cannot be stored
            if (!core.CarefulPrepareWrite(linear, bytes, Es))
                return false;
            core.MeetPortBreakpoints(port, bytes);
            core.CarefulWrite(linear, bytes, core.ReadPort(port, bytes));
        }
        else
        {
            if (!TryLoad(core, Source, segment, bytes, address, out ulong value))
                return false;
            core.MeetPortBreakpoints(port, bytes);
            core.WritePort(port, bytes, (uint)value);
        }
        Add(core, register, address, step);
        return true;
    }

    private static void Compare(Core core, int bytes, ulong a, ulong b)
    {
        switch (bytes)
        {
            case 1: Cmp.Apply<byte, Flags>(core.Lp, (byte)a, (byte)b); break;
            case 2: Cmp.Apply<ushort, Flags>(core.Lp, (ushort)a, (ushort)b); break;
            case 4: Cmp.Apply<uint, Flags>(core.Lp, (uint)a, (uint)b); break;
            default: Cmp.Apply<ulong, Flags>(core.Lp, a, b); break;
        }
    }

    private static bool TryLoad(Core core, int register, int segment, int bytes, int address, out ulong value)
    {
        bool ok = core.TryFastRead(Linear(core, register, segment, bytes, address), bytes, segment);
        value = ok ? core.Lp->Slow : 0;
        return ok;
    }

    private static bool TryStore(Core core, int bytes, int address, ulong value) =>
        core.TryFastWrite(Linear(core, Destination, Es, bytes, address), bytes, Es, value);

    private static ulong Linear(Core core, int register, int segment, int bytes, int address) =>
        Segmentation.Linear(core, segment, Cut(core.Lp->Gpr[register], address), (uint)bytes);

    private static void Add(Core core, int register, int address, ulong step)
    {
        ulong* value = &core.Lp->Gpr[register];
        if (address == 2)
            *(ushort*)value = (ushort)(*value + step);
        else
            *value = Cut(*value + step, address);
    }

    private static ulong Cut(ulong value, int bytes) => bytes switch { 8 => value, 4 => (uint)value, _ => (ushort)value };

    private static Register Accumulator(int bytes) =>
        bytes switch { 1 => Register.AL, 2 => Register.AX, 4 => Register.EAX, _ => Register.RAX };

    /// <summary>Address size, from the index register that Iced names.</summary>
    private static int AddressBytes(Core core, in Instruction i)
    {
        for (int n = 0; n < i.OpCount; n++)
        {
            switch (i.GetOpKind(n))
            {
                case OpKind.MemorySegRSI or OpKind.MemoryESRDI or OpKind.MemorySegRDI: return 8;
                case OpKind.MemorySegESI or OpKind.MemoryESEDI or OpKind.MemorySegEDI: return 4;
                case OpKind.MemorySegSI or OpKind.MemoryESDI or OpKind.MemorySegDI: return 2;
            }
        }
        return core.LongMode64 ? 8 : 4;
    }
}
