using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>INT n, INT3, INTO, INT1 and the undefined instructions. SDM vol. 2.</summary>
internal static unsafe class SoftwareInterrupts
{
    public static Outcome Ud(Core core, in Instruction i) => core.Raise(Vector.UD);

    public static Outcome Int(Core core, in Instruction i) =>
        core.DeliverEvent((byte)i.GetImmediate(0), EventType.SoftwareInterrupt, null, i.Length);

    public static Outcome Int3(Core core, in Instruction i) => Exception(core, i, Vector.BP, EventType.SoftwareException);

    public static Outcome Int1(Core core, in Instruction i) =>
        Exception(core, i, Vector.DB, EventType.PrivilegedSoftwareException);

    public static Outcome Into(Core core, in Instruction i) => core.LongMode64
        ? core.Raise(Vector.UD)
        : LazyFlags.Overflow(core.Lp) ? Exception(core, i, Vector.OF, EventType.SoftwareException) : Outcome.Next;

    private static Outcome Exception(Core core, in Instruction i, Vector vector, EventType type)
    {
        core.Raise(vector);
        return core.InterceptsFault(type, i.Length, out Outcome exit)
            ? exit
            : core.DeliverEvent((byte)vector, type, null, i.Length);
    }
}
