using System.Globalization;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Runs;

/// <summary>The CPUID of a TD in a few lines.</summary>
internal static class CpuidSummary
{
    /// <summary>Lines for a story; the entries come from KVM_TDX_GET_CPUID.</summary>
    public static IEnumerable<string> Of(IReadOnlyList<KvmCpuidEntry2> entries)
    {
        yield return Text($"CPUID the TD sees: {entries.Count} leaves and sub-leaves");
        KvmCpuidEntry2 Find(uint leaf, uint subleaf = 0) =>
            entries.FirstOrDefault(entry => entry.Function == leaf && entry.Index == subleaf);
        KvmCpuidEntry2 version = Find(1), features = Find(7), sizes = Find(0x8000_0008), xstate = Find(0xD);
        yield return Text($"  1: EAX {version.Value.Eax:X8} ECX {version.Value.Ecx:X8} EDX {version.Value.Edx:X8}   ")
            + Text($"7.0: EBX {features.Value.Ebx:X8} ECX {features.Value.Ecx:X8} EDX {features.Value.Edx:X8}");
        yield return Text($"  0xD.0: EAX {xstate.Value.Eax:X8}   0x80000008: EAX {sizes.Value.Eax:X8} ")
            + Text($"(MAXPHYADDR {sizes.Value.Eax & 0xFF}, guest {sizes.Value.Eax >> 16 & 0xFF})");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
