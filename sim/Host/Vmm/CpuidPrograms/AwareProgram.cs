using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Vmm.CpuidPrograms;

/// <summary>
/// A program whose author has read the present module's documentation: it asks for bits the module has, whether or not
/// KVM shows them, and compares what it reads back with what it expected.
/// </summary>
public sealed class AwareProgram : ICpuidProgram
{
    /// <inheritdoc/>
    public string Name => "aware";

    /// <inheritdoc/>
    public string Description => "knows the module that is there, asks for its bits and compares what it reads back";

    /// <inheritdoc/>
    public bool ReadsBack => true;

    /// <inheritdoc/>
    public int Room(CpuidKnowledge knowledge) => Math.Max(KvmUapi.MaxCpuidEntries, 2 * knowledge.Documented.Count);

    /// <inheritdoc/>
    public int? MoreRoom(int room) => null;

    /// <inheritdoc/>
    public IReadOnlyList<CpuidDecision> Decide(CpuidSituation situation)
    {
        List<CpuidDecision> decisions = [];
        foreach (KvmCpuidEntry2 offered in situation.Offered)
            decisions.Add(Decide(situation, offered.Function, offered.Index));
        foreach (CpuidConfig config in situation.Knowledge.Documented)
            if (!decisions.Exists(d => d.Leaf == config.Leaf && d.Index == config.Index))
                decisions.Add(Decide(situation, config.Leaf, config.Index));
        return decisions;
    }

    private static CpuidDecision Decide(CpuidSituation situation, uint leaf, uint index)
    {
        CpuidValue documented = CpuidKnowledge.MaskOf(situation.Knowledge.Documented, leaf, index);
        // Of the bits it has known all along it leaves those alone that KVM never offered.
        return situation.Decide(
            leaf, index,
            documented & CpuidKnowledge.MaskOf(situation.OfferedThen, leaf, index),
            documented & ~CpuidKnowledge.MaskOf(situation.Knowledge.Known, leaf, index));
    }
}
