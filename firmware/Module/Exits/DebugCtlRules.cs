namespace Seamsim.Firmware.Module;

/// <summary>IA32_DEBUGCTL of a TD. Intel TDX Module 1.5 Base, "IA32_DEBUGCTL".</summary>
internal static class DebugCtlRules
{
    public const ulong Btf = 1UL << 1, Tr = 1UL << 6, Bts = 1UL << 7, EnableUncorePmi = 1UL << 13;

    /// <summary>Every bit a TD may set: LBR, BTF, bus-lock detect, TR..RTM debug.</summary>
    public const ulong Defined = 0xFFC7;

    /// <summary>What a TD exit leaves of the VMM's value: BTF, the uncore PMI enable and the freeze bits (assumed:
    /// Linux rewrites the register only when other bits were set).</summary>
    public const ulong KeptForHost = Btf | EnableUncorePmi | 1UL << 12 | 1UL << 14;

    /// <summary>What RDMSR returns: the uncore PMI enable is the VMM's.</summary>
    public static ulong Read(ulong current) => current & ~EnableUncorePmi;

    /// <summary>What WRMSR does; on Apply the value to write.</summary>
    public static (GuestVerdict Verdict, ulong Value) Write(ulong value, ulong current)
    {
        if ((value & ~Defined) != 0)
            return (GuestVerdict.Gp, current);
        if ((value & (Tr | Bts)) == Tr)
            return (GuestVerdict.Ve, current);
        return (GuestVerdict.Apply, value & ~EnableUncorePmi | current & EnableUncorePmi);
    }
}
