using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Vmm.CpuidPrograms;

/// <summary>Arrays of CPUID entries as a program puts them together.</summary>
internal static class GuestCpuid
{
    private const uint Features = 1, X2Apic = 1U << 21, ExtendedState = 0xD, ExtendedRoot = 0x8000_0000;
    private const ulong SupervisorComponents = 1UL << 8 | 1UL << 11 | 1UL << 12 | 1UL << 14 | 1UL << 15;

    /// <summary>
    /// What the author believes a TD sees: the CPUID he knows, and every unknown bit the program sets on top.
    /// </summary>
    internal static List<KvmCpuidEntry2> Belief(
        IReadOnlyList<KvmCpuidEntry2> believed, IReadOnlyList<CpuidDecision> decisions)
    {
        List<KvmCpuidEntry2> entries = [.. believed];
        foreach (CpuidDecision decision in decisions)
            if ((decision.Value & decision.Unknown) is var set && set != default)
                Change(entries, decision.Leaf, decision.Index, value => value | set);
        return entries;
    }

    /// <summary>
    /// The guest's whole CPUID, as INIT_VM wants it before the series. KVM derives XFAM from it: features of state
    /// components the TD is not to have are left out. Without a belief it holds only what is asked for.
    /// </summary>
    internal static List<KvmCpuidEntry2> Whole(
        IReadOnlyList<KvmCpuidEntry2> believed, IReadOnlyList<CpuidDecision> decisions, ulong xfam)
    {
        List<KvmCpuidEntry2> entries = [.. believed];
        foreach (CpuidDecision decision in decisions)
            Change(
                entries, decision.Leaf, decision.Index,
                value => (value & ~(decision.Known | decision.Unknown)) | decision.Value);
        for (int i = 0; i < entries.Count; i++)
        {
            KvmCpuidEntry2 entry = entries[i];
            CpuidValue beyond = DerivedFeatures.Beyond(xfam, entry.Function, entry.Index);
            entries[i] = entry with { Value = entry.Value & ~beyond };
        }
        Change(entries, Features, 0, value => value with { Ecx = value.Ecx | X2Apic });
        if (believed.Count != 0)
            return entries;
        ulong xcr0 = xfam & ~SupervisorComponents, xss = xfam & SupervisorComponents;
        Change(entries, ExtendedState, 0, _ => new CpuidValue((uint)xcr0, 0, 0, (uint)(xcr0 >> 32)));
        Change(entries, ExtendedState, 1, _ => new CpuidValue(0, 0, (uint)xss, (uint)(xss >> 32)));
        return entries;
    }

    /// <summary>The entry that carries GPA widths, and the root that makes it count.</summary>
    internal static void ProvideAddressSizes(List<KvmCpuidEntry2> entries)
    {
        Change(entries, ExtendedRoot, 0, value => value with { Eax = Math.Max(value.Eax, AddressSizeLeaf.Leaf) });
        Change(entries, AddressSizeLeaf.Leaf, 0, value => value);
    }

    /// <summary>Puts the hypervisor's own leaves in place of those that may be there.</summary>
    internal static void Merge(List<KvmCpuidEntry2> entries, IReadOnlyList<KvmCpuidEntry2> paravirtual)
    {
        foreach (KvmCpuidEntry2 own in paravirtual)
        {
            entries.RemoveAll(entry => entry.Function == own.Function && entry.Index == own.Index);
            entries.Add(own);
        }
    }

    /// <summary>
    /// Where an array read back differs from the belief, in bits that can be seen; leaves that were not read back are
    /// not compared, leaves nobody expected count as expected to be 0.
    /// </summary>
    internal static List<CpuidDifference> Differences(
        IReadOnlyList<KvmCpuidEntry2> belief, IReadOnlyList<KvmCpuidEntry2> found, Func<uint, uint, CpuidValue> visible)
    {
        List<CpuidDifference> differences = [];
        foreach (KvmCpuidEntry2 entry in found)
        {
            CpuidValue expected = default;
            foreach (KvmCpuidEntry2 known in belief)
                if (known.Function == entry.Function && known.Index == entry.Index)
                    expected = known.Value;
            CpuidValue mask = visible(entry.Function, entry.Index)
                & ~RuntimeCpuid.Mask(entry.Function, entry.Index);
            mask = AddressSizeLeaf.WithoutGuestBits(entry.Function, mask);
            Compare(differences, entry, expected & mask, entry.Value & mask);
        }
        return differences;
    }

    private static void Compare(
        List<CpuidDifference> differences, in KvmCpuidEntry2 entry, CpuidValue expected, CpuidValue found)
    {
        ReadOnlySpan<uint> then = [expected.Eax, expected.Ebx, expected.Ecx, expected.Edx];
        ReadOnlySpan<uint> now = [found.Eax, found.Ebx, found.Ecx, found.Edx];
        for (int register = 0; register < then.Length; register++)
            if (then[register] != now[register])
                differences.Add(
                    new CpuidDifference(entry.Function, entry.Index, register, then[register], now[register]));
    }

    private static void Change(
        List<KvmCpuidEntry2> entries, uint leaf, uint index, Func<CpuidValue, CpuidValue> change)
    {
        int at = entries.FindIndex(entry => entry.Function == leaf && entry.Index == index);
        if (at < 0)
            entries.Add(KvmCpuidEntry2.For(leaf, index, change(default)));
        else
            entries[at] = entries[at] with { Value = change(entries[at].Value) };
    }
}
