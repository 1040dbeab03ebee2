using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Vmm.CpuidPrograms;

/// <summary>
/// A program written for an older module and never changed: an array of the size it needed then, every bit that was
/// configurable then, and no look at what became of it.
/// </summary>
public sealed class OldProgram : ICpuidProgram
{
    /// <inheritdoc/>
    public string Name => "old";

    /// <inheritdoc/>
    public string Description => "written for an older module: fixed-size array, old bits, reads nothing back";

    /// <inheritdoc/>
    public bool ReadsBack => false;

    /// <inheritdoc/>
    public int Room(CpuidKnowledge knowledge) => knowledge.Known.Count;

    /// <inheritdoc/>
    public int? MoreRoom(int room) => null;

    /// <inheritdoc/>
    public IReadOnlyList<CpuidDecision> Decide(CpuidSituation situation)
    {
        List<CpuidDecision> decisions = [];
        foreach (KvmCpuidEntry2 offered in situation.Offered)
            decisions.Add(Decide(situation, offered.Function, offered.Index));
        foreach (CpuidConfig then in situation.OfferedThen)
            if (!decisions.Exists(d => d.Leaf == then.Leaf && d.Index == then.Index))
                decisions.Add(Decide(situation, then.Leaf, then.Index));
        return decisions;
    }

    private static CpuidDecision Decide(CpuidSituation situation, uint leaf, uint index) => situation.Decide(
        leaf, index,
        CpuidKnowledge.MaskOf(situation.OfferedThen, leaf, index),
        situation.OfferedOf(leaf, index) & ~CpuidKnowledge.MaskOf(situation.Knowledge.Known, leaf, index));
}
