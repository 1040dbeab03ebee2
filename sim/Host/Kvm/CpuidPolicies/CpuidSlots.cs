using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>Filling TD_PARAMS.CPUID_CONFIG from user space's array: every slot asks for its leaf.</summary>
internal static class CpuidSlots
{
    /// <summary>The first entry that answers a slot's leaf and sub-leaf, or null.</summary>
    internal static KvmCpuidEntry2? Find(IReadOnlyList<KvmCpuidEntry2> user, in CpuidConfig config)
    {
        foreach (KvmCpuidEntry2 entry in user)
            if (entry.Answers(config.Leaf, config.Index))
                return entry;
        return null;
    }

    /// <summary>
    /// Fills every slot that finds an entry, the GPA width taken out; returns how many did. Slots without one stay 0.
    /// </summary>
    internal static int Fill(CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, TdFeatures td)
    {
        int filled = 0;
        for (int i = 0; i < context.Module.Count; i++)
        {
            CpuidConfig config = context.Module[i];
            if (Find(user, config) is not { } entry)
                continue;
            td.Slots[i] = AddressSizeLeaf.WithoutGuestBits(config.Leaf, entry.Value);
            filled++;
        }
        return filled;
    }

    /// <summary>Whether an entry of some slot has bits outside what a rule allows for the slot.</summary>
    internal static bool AnyOutside(
        CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, Func<CpuidConfig, CpuidValue> allowed)
    {
        foreach (CpuidConfig config in context.Module)
            if (Find(user, config) is { } entry && (entry.Value & ~allowed(config)) != default)
                return true;
        return false;
    }

    /// <summary>The module's configurable leaves as CAPABILITIES shows them, each through a rule.</summary>
    internal static IReadOnlyList<CpuidConfig> Shown(CpuidContext context, Func<CpuidConfig, CpuidValue> mask) =>
        [.. context.Module.Select(config => config with { SubLeaf = config.Index, Mask = mask(config) })];
}
