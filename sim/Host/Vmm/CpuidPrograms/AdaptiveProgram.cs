using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Vmm.CpuidPrograms;

/// <summary>
/// A program that goes by what KVM tells it: it asks only for bits CAPABILITIES shows, makes room when there are more
/// than it thought, and believes what it reads back.
/// </summary>
public sealed class AdaptiveProgram : ICpuidProgram
{
    /// <inheritdoc/>
    public string Name => "adaptive";

    /// <inheritdoc/>
    public string Description => "asks for what KVM reports and believes what it reads back";

    /// <inheritdoc/>
    public bool ReadsBack => true;

    /// <inheritdoc/>
    public int Room(CpuidKnowledge knowledge) => KvmUapi.MaxCpuidEntries;

    /// <inheritdoc/>
    public int? MoreRoom(int room) => room * 2;

    /// <inheritdoc/>
    public IReadOnlyList<CpuidDecision> Decide(CpuidSituation situation)
    {
        List<CpuidDecision> decisions = [];
        foreach ((uint leaf, uint index, _, var offered) in situation.Offered)
        {
            var known = CpuidKnowledge.MaskOf(situation.Knowledge.Known, leaf, index);
            decisions.Add(situation.Decide(leaf, index, offered & known, offered & ~known));
        }
        return decisions;
    }
}
