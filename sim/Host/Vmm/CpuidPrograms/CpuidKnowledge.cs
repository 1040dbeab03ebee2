using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Vmm.CpuidPrograms;

/// <summary>What a program does with configurable bits its author did not know.</summary>
public enum UnknownBits
{
    /// <summary>The host's value: the CPU model is copied as a whole.</summary>
    Copy,

    /// <summary>0.</summary>
    Zero,

    /// <summary>1: the rule module 1.0 gave VMMs that want to keep the behaviour of older modules.</summary>
    One,
}

/// <summary>What the author of a program knew about TDX modules; by default nothing.</summary>
public sealed record CpuidKnowledge
{
    /// <summary>Configurable bits of the module version the program was written for.</summary>
    public IReadOnlyList<CpuidConfig> Known { get; init; } = [];

    /// <summary>Configurable bits of the module that is there, from its documentation.</summary>
    public IReadOnlyList<CpuidConfig> Documented { get; init; } = [];

    /// <summary>
    /// The whole CPUID the author expects a TD to see; empty: the program believes what it reads back, or what it told.
    /// </summary>
    public IReadOnlyList<KvmCpuidEntry2> Believed { get; init; } = [];

    /// <summary>What to do with bits outside <see cref="Known"/>.</summary>
    public UnknownBits Unknown { get; init; } = UnknownBits.Copy;

    /// <summary>The bits of a leaf a list calls configurable.</summary>
    public static CpuidValue MaskOf(IReadOnlyList<CpuidConfig> configs, uint leaf, uint index)
    {
        foreach (CpuidConfig config in configs)
            if (config.Leaf == leaf && config.Index == index)
                return config.Mask;
        return default;
    }
}

/// <summary>A register of the TD's CPUID that is not what the program expected.</summary>
/// <param name="Leaf">CPUID leaf.</param>
/// <param name="Index">Sub-leaf.</param>
/// <param name="Register">0 EAX, 1 EBX, 2 ECX, 3 EDX.</param>
/// <param name="Expected">The value expected, in the bits compared.</param>
/// <param name="Found">The value read back, in the bits compared.</param>
public readonly record struct CpuidDifference(uint Leaf, uint Index, int Register, uint Expected, uint Found)
{
    /// <summary>The bits that differ.</summary>
    public uint Bits => Expected ^ Found;
}
