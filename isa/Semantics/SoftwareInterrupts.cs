using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>INT n, INT3, INTO, INT1, BOUND and the undefined instructions. SDM vol. 2; vol. 3A, 21.3.</summary>
internal static unsafe class SoftwareInterrupts
{
    public static Outcome Ud(Core core, in Instruction i) => core.Raise(Vector.UD);

    public static Outcome Int(Core core, in Instruction i)
    {
        var vector = (byte)i.GetImmediate(0);
        if (!core.InVirtual8086)
            return core.DeliverEvent(vector, EventType.SoftwareInterrupt, null, i.Length);
        bool redirected = EventEntry.IsRedirected(core, vector, out bool fault);
        if (fault)
            return Outcome.Fault;
        if (redirected)
            return new EventEntry(core, vector, EventType.SoftwareInterrupt)
            {
                ReturnRip = i.NextIP, SavedFlags = core.Rflags & ~RflagsBit.Rf,
            }.EnterVirtual();
        return core.Iopl < 3
            ? core.RaiseGp0()
            : core.DeliverEvent(vector, EventType.SoftwareInterrupt, null, i.Length);
    }

    public static Outcome Int3(Core core, in Instruction i) => Exception(core, i, Vector.BP);

    public static Outcome Int1(Core core, in Instruction i)
    {
        ulong conditions = core.TakeConditions();
        core.Raise(Vector.DB, 0, conditions);
        if (core.InterceptsFault(EventType.PrivilegedSoftwareException, i.Length, out Outcome exit))
            return exit;
        core.LoadDr6OfInt1(conditions);
        return core.DeliverEvent((byte)Vector.DB, EventType.PrivilegedSoftwareException, null, i.Length);
    }

    public static Outcome Into(Core core, in Instruction i) => core.LongMode64
        ? core.Raise(Vector.UD)
        : LazyFlags.Overflow(core.Lp) ? Exception(core, i, Vector.OF) : Outcome.Next;

    /// <summary>BOUND: a signed index against two signed bounds in memory.</summary>
    public static Outcome Bound(Core core, in Instruction i)
    {
        int bytes = i.Op0Register.GetSize();
        ulong at = core.EffectiveAddress(i).Value;
        int segment = Core.SegmentIndex(i.MemorySegment);
        if (!core.CarefulRead(at, bytes, segment))
            return Outcome.Fault;
        ulong lower = core.Lp->Slow;
        if (!core.CarefulRead(at + (ulong)bytes, bytes, segment))
            return Outcome.Fault;
        long index = Signed(core.ReadOperand(i, 0), bytes);
        bool inside = index >= Signed(lower, bytes) && index <= Signed(core.Lp->Slow, bytes);
        return inside ? Outcome.Next : core.Raise(Vector.BR);
    }

    private static long Signed(ulong value, int bytes) => bytes == 2 ? (short)value : (int)value;

    private static Outcome Exception(Core core, in Instruction i, Vector vector)
    {
        core.Raise(vector);
        return core.InterceptsFault(EventType.SoftwareException, i.Length, out Outcome exit)
            ? exit
            : core.DeliverEvent((byte)vector, EventType.SoftwareException, null, i.Length);
    }
}
