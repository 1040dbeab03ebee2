using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Seam;

/// <summary>
/// The SEAM range as IA32_SEAMRR_PHYS_BASE and IA32_SEAMRR_PHYS_MASK (MSRs 0x1400, 0x1401) give it, and what the
/// processor itself finds there. TDX CPU Architectural Extensions, "SEAMRR"; P-SEAMLDR 1.5 range layout.
/// </summary>
/// <param name="Base">First byte.</param>
/// <param name="Bytes">Size; 0 when the range is not valid.</param>
public readonly record struct SeamRange(ulong Base, ulong Bytes)
{
    private const ulong AddressBits = 0x000F_FFFF_FE00_0000, Valid = 1 << 11;
    private const ulong PageBytes = 4096, SeamldrBytes = 2 << 20;

    /// <summary>Whether SEAMCALL may be used at all.</summary>
    public bool IsValid => Bytes != 0;

    /// <summary>P_SEAMLDR_RANGE_BASE: the last 2 MiB.</summary>
    public ulong SeamldrBase => Base + Bytes - SeamldrBytes;

    /// <summary>Reads the MSRs of a logical processor.</summary>
    public static SeamRange Of(Core core)
    {
        if (!core.TryRdmsr(Msr.SeamrrMask, out ulong mask) || (mask & Valid) == 0 ||
            !core.TryRdmsr(Msr.SeamrrBase, out ulong start))
            return default;
        ulong size = ~(mask & AddressBits) + 1 & ((1UL << core.Memory.Keys.Shift) - 1);
        return new SeamRange(start & AddressBits, size);
    }

    /// <summary>The transfer VMCS of a logical processor for the TDX module, or the one of P-SEAMLDR.</summary>
    public ulong TransferVmcs(int lp, bool seamldr) =>
        seamldr ? SeamldrBase + PageBytes : Base + PageBytes * (ulong)(lp + 1);
}
