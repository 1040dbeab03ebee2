using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Vmm.CpuidPrograms;

/// <summary>
/// The part of a VMM that decides about a TD's CPUID: how much room it leaves for what KVM reports, which bits it asks
/// for, and whether it looks at what it got. <see cref="TdVmm"/> makes ioctls of it, as the
/// policy wants them.
/// </summary>
public interface ICpuidProgram
{
    /// <summary>Its name, e.g. <c>adaptive</c>.</summary>
    string Name { get; }

    /// <summary>What it does, in one line.</summary>
    string Description { get; }

    /// <summary>Whether it looks at the TD's CPUID where KVM gives it, and believes that.</summary>
    bool ReadsBack { get; }

    /// <summary>Entries of its CAPABILITIES array.</summary>
    int Room(CpuidKnowledge knowledge);

    /// <summary>Entries of the next array after -E2BIG; null: it gives up.</summary>
    int? MoreRoom(int room);

    /// <summary>The bits it asks for, one element for every leaf it names in INIT_VM.</summary>
    IReadOnlyList<CpuidDecision> Decide(CpuidSituation situation);
}

/// <summary>What a program finds when it has to decide.</summary>
/// <param name="Knowledge">What its author knew.</param>
/// <param name="Offered">The configurable bits CAPABILITIES shows.</param>
/// <param name="OfferedThen">
/// Those it showed the author: the same KVM on the module the program was written for.
/// </param>
/// <param name="Native">CPUID of the host, the CPU model of the guest.</param>
public sealed record CpuidSituation(
    CpuidKnowledge Knowledge,
    IReadOnlyList<KvmCpuidEntry2> Offered,
    IReadOnlyList<CpuidConfig> OfferedThen,
    Func<uint, uint, CpuidValue> Native)
{
    /// <summary>The bits of a leaf CAPABILITIES shows.</summary>
    public CpuidValue OfferedOf(uint leaf, uint index)
    {
        foreach (KvmCpuidEntry2 entry in Offered)
            if (entry.Function == leaf && entry.Index == index)
                return entry.Value;
        return default;
    }

    /// <summary>A decision: bits the program knows get the model's value, others what the strategy says.</summary>
    public CpuidDecision Decide(uint leaf, uint index, CpuidValue known, CpuidValue unknown)
    {
        CpuidValue native = Native(leaf, index);
        CpuidValue others = Knowledge.Unknown switch
        {
            UnknownBits.Copy => native & unknown,
            UnknownBits.One => unknown,
            _ => default,
        };
        return new CpuidDecision(leaf, index, known, unknown, (native & known) | others);
    }
}

/// <summary>What a program asks for in one leaf.</summary>
/// <param name="Leaf">CPUID leaf.</param>
/// <param name="Index">Sub-leaf, 0 where there is none.</param>
/// <param name="Known">Bits its author knew.</param>
/// <param name="Unknown">Bits its author had never heard of.</param>
/// <param name="Value">The values of both.</param>
public readonly record struct CpuidDecision(
    uint Leaf, uint Index, CpuidValue Known, CpuidValue Unknown, CpuidValue Value);
