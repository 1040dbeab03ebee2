using Seamsim.Firmware.Abi;

namespace Seamsim.Host.Kvm;

#pragma warning disable CS1591 // named after the fields

/// <summary>
/// TD and vCPU metadata KVM reads and writes. TDX Module 1.5 ABI, "TD-Scope" and "VCPU-Scope Metadata".
/// </summary>
public static class TdFields
{
    private const ulong CpuidValuesBase = 0x9410_0003_0000_0000;

    public static FieldId TscOffset => new(0x1110_0003_0000_000A);
    public static FieldId TscMultiplier => new(0x1110_0003_0000_000B);
    public static FieldId PendNmi => new(0x2020_0000_0000_000B);
    public static FieldId VcpuStateDetails => new(0x9120_0003_0000_0100);
    public static FieldId PostedInterruptVector => new(0x0024_0001_0000_0002);
    public static FieldId PostedInterruptDescriptor => new(0x0024_0003_0000_2016);
    public static FieldId SharedEptPointer => new(0x0024_0003_0000_203C);
    public static FieldId PinBasedControls => new(0x0024_0002_0000_4000);

    /// <summary>A qword of MRTD, 0 to 5.</summary>
    public static FieldId Mrtd(int qword) => new(0x1310_0003_0000_0000UL + (uint)qword);

    /// <summary>
    /// CPUID_VALUES of a leaf: half 0 is EAX and EBX, half 1 ECX and EDX. Null when the identifier has no room for the
    /// leaf (bits 30:7) or sub-leaf (bits 31:7), so that no SEAMCALL can ask for it.
    /// </summary>
    public static FieldId? CpuidValues(uint leaf, uint? subleaf, int half)
    {
        if ((leaf & 0x7FFF_FF80) != 0 || subleaf is > 0x7F)
            return null;
        ulong code = (leaf >> 31 << 16) | ((leaf & 0x7F) << 9) | (uint)half;
        ulong subleafCode = subleaf is { } index ? (ulong)index << 1 : 0x1FE;
        return new FieldId(CpuidValuesBase | code | subleafCode);
    }
}
