using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>Reading a TD's CPUID from the module, nothing taken away.</summary>
internal static class RawReadout
{
    private const uint MaxSubleaf = 0x7F;

    /// <summary>
    /// All leaves from 0 and from 0x80000000 to the maxima they name; each first without sub-leaf, and when the module
    /// refuses that, sub-leaf after sub-leaf. -EIO when one of the two maxima cannot be read.
    /// </summary>
    internal static async HostTask<CpuidReadout> All(ITdCpuid td)
    {
        List<KvmCpuidEntry2> entries = [];
        foreach (uint root in (uint[])[0, 0x8000_0000])
        {
            if (await td.Read(root, null) is not { } first)
                return new CpuidReadout(Errno.EIO, []);
            entries.Add(new KvmCpuidEntry2(root, 0, 0, first));
            for (uint leaf = root + 1; leaf <= first.Eax && leaf > root; leaf++)
                await ReadLeaf(td, leaf, entries);
        }
        return new CpuidReadout(Errno.Ok, entries);
    }

    /// <summary>
    /// The TD's value for an entry of user space, whether or not user space and module agree that the leaf has
    /// sub-leaves; null when the module does not let it be read.
    /// </summary>
    internal static async HostTask<CpuidValue?> Of(ITdCpuid td, KvmCpuidEntry2 entry)
    {
        uint? asked = entry.IndexIsSignificant ? entry.Index : null;
        uint? other = entry.IndexIsSignificant ? null : entry.Index;
        CpuidValue? value = await td.Read(entry.Function, asked);
        if (value is null && entry.Index == 0)
            value = await td.Read(entry.Function, other);
        return value is { } found && entry.Function == AddressSizeLeaf.Leaf
            ? AddressSizeLeaf.WithGuestBits(found, td.GuestPhysicalBits)
            : value;
    }

    private static async HostTask ReadLeaf(ITdCpuid td, uint leaf, List<KvmCpuidEntry2> entries)
    {
        if (entries.Count >= KvmUapi.MaxCpuidEntries)
            return;
        if (await td.Read(leaf, null) is { } whole)
        {
            if (leaf == AddressSizeLeaf.Leaf)
                whole = AddressSizeLeaf.WithGuestBits(whole, td.GuestPhysicalBits);
            entries.Add(new KvmCpuidEntry2(leaf, 0, 0, whole));
            return;
        }
        for (uint subleaf = 0; subleaf <= MaxSubleaf && entries.Count < KvmUapi.MaxCpuidEntries; subleaf++)
        {
            if (await td.Read(leaf, subleaf) is not { } value)
                return;
            entries.Add(new KvmCpuidEntry2(leaf, subleaf, KvmUapi.CpuidFlagSignificantIndex, value));
        }
    }
}
