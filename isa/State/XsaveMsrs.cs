namespace Seamsim.Isa.State;

/// <summary>
/// MSRs that are XSAVE-managed supervisor state: they live in the bytes of their component. SDM vol. 1, 13.5.9 (PASID)
/// and 13.5.13 (UINTR).
/// </summary>
internal static class XsaveMsrs
{
    public const int PasidComponent = 10, UintrComponent = 14;

    /// <summary>The MSRs that have a place in a component.</summary>
    public static IReadOnlyList<uint> All { get; } = [0xD93, 0x985, 0x986, 0x987, 0x988, 0x989, 0x98A];

    /// <summary>Component and byte offset of an MSR; false when it is no XSAVE-managed one.</summary>
    public static bool TryFind(uint msr, out int component, out int offset)
    {
        (component, offset) = msr switch
        {
            0xD93 => (PasidComponent, 0),  // IA32_PASID
            0x986 => (UintrComponent, 0),  // IA32_UINTR_HANDLER
            0x987 => (UintrComponent, 8),  // IA32_UINTR_STACKADJUST
            0x988 => (UintrComponent, 16), // IA32_UINTR_MISC, bit 63 of its place is UIF
            0x989 => (UintrComponent, 24), // IA32_UINTR_PD
            0x985 => (UintrComponent, 32), // IA32_UINTR_RR
            0x98A => (UintrComponent, 40), // IA32_UINTR_TT
            _     => (0, 0),
        };
        return component != 0;
    }
}
