using Seamsim.Isa.Ports;

namespace Seamsim.Timing;

/// <summary>Where the cycles of all calls of one leaf went.</summary>
public sealed class LeafLedger
{
    private static readonly int Phases = Enum.GetValues<LeafPhase>().Length;
    private static readonly int Causes = Enum.GetValues<Cause>().Length;
    private readonly ulong[,] cycles = new ulong[Phases, Causes];
    private readonly ulong[] td = new ulong[Causes];
    private readonly ulong[] operations = new ulong[Enum.GetValues<Operation>().Length];
    private readonly List<ulong> calls = [];

    internal LeafLedger(ulong leaf) => Leaf = leaf;

    /// <summary>Leaf number: RAX[15:0], with bit 63 for P-SEAMLDR.</summary>
    public ulong Leaf { get; }

    /// <summary>Cycles of each call that returned, in the order of their ends; those of trust domains not counted.</summary>
    public IReadOnlyList<ulong> Calls => calls;

    /// <summary>Cycles in SEAM root and in transitions.</summary>
    public ulong Total
    {
        get
        {
            ulong sum = 0;
            foreach (ulong part in cycles)
                sum += part;
            return sum;
        }
    }

    /// <summary>Cycles of a phase and a cause.</summary>
    public ulong this[LeafPhase phase, Cause cause] => cycles[(int)phase, (int)cause];

    /// <summary>Cycles of a cause in all phases.</summary>
    public ulong Of(Cause cause)
    {
        ulong sum = 0;
        for (int phase = 0; phase < Phases; phase++)
            sum += cycles[phase, (int)cause];
        return sum;
    }

    /// <summary>Cycles of a phase.</summary>
    public ulong Of(LeafPhase phase)
    {
        ulong sum = 0;
        for (int cause = 0; cause < Causes; cause++)
            sum += cycles[(int)phase, cause];
        return sum;
    }

    /// <summary>Cycles of a cause in trust domains the leaf ran.</summary>
    public ulong InTd(Cause cause) => td[(int)cause];

    /// <summary>How often SEAM software performed an operation.</summary>
    public ulong Count(Operation operation) => operations[(int)operation];

    /// <summary>
    /// Instructions the operations stand for: each operation that is an instruction, and the instructions around it.
    /// </summary>
    public ulong Instructions(CoreParameters parameters)
    {
        ulong sum = 0;
        foreach (OperationCost cost in parameters.Rows)
            sum += Count(cost.Operation) * InstructionsOf(cost);
        return sum;
    }

    /// <summary>
    /// Instructions that an operation of managed SEAM code stands for: itself if it is one, and those around it.
    /// </summary>
    internal static ulong InstructionsOf(OperationCost cost) =>
        cost.Instructions + (IsInstruction(cost.Operation) ? 1UL : 0);

    internal void Add(LeafPhase phase, Cause cause, ulong spent) => cycles[(int)phase, (int)cause] += spent;

    internal void AddTd(Cause cause, ulong spent) => td[(int)cause] += spent;

    internal void Counted(Operation operation, ulong count) => operations[(int)operation] += count;

    internal void Ended(ulong spent) => calls.Add(spent);

    private static bool IsInstruction(Operation operation) => operation
        is not (Operation.VmExit or Operation.KeyholeMap or Operation.OperandCheck or Operation.PamtWalkLevel
            or Operation.SeptWalkLevel or Operation.MetadataAccess or Operation.RegisterSave or Operation.HashBlock
            or Operation.LeafDispatch or Operation.PageWalkReference or Operation.EptWalkReference or Operation.TlbFill
            or Operation.ExceptionDelivery or Operation.PamtEntryInit or Operation.CpuidValue
            or Operation.L2Hit or Operation.L3Hit or Operation.DramAccess or Operation.MetadataRow or Operation.StringLine
            or Operation.StringStep);
}
