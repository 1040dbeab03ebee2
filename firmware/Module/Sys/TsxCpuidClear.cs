using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// IA32_TSX_CTRL.TSX_CPUID_CLEAR hides HLE and RTM in CPUID; it is lifted while the module reads CPUID.
/// </summary>
internal readonly struct TsxCpuidClear
{
    private const uint ArchCapabilities = 0x10A, TsxCtrl = 0x122;
    private const ulong HasTsxCtrl = 1 << 7, CpuidClear = 1 << 1;

    private readonly ulong saved;
    private readonly bool lifted;

    private TsxCpuidClear(ulong saved) => (this.saved, lifted) = (saved, true);

    /// <summary>Clears the bit when the register exists and the bit is set.</summary>
    public static TsxCpuidClear Lift(ISeamPlatform p)
    {
        if (!p.TryRdmsr(ArchCapabilities, out ulong capabilities) || (capabilities & HasTsxCtrl) == 0
            || !p.TryRdmsr(TsxCtrl, out ulong value) || (value & CpuidClear) == 0)
            return default;
        p.TryWrmsr(TsxCtrl, value & ~CpuidClear);
        return new TsxCpuidClear(value);
    }

    /// <summary>Puts the old value back.</summary>
    public void Restore(ISeamPlatform p)
    {
        if (lifted)
            p.TryWrmsr(TsxCtrl, saved);
    }
}
