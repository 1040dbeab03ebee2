using Seamsim.Firmware.Abi;

namespace Seamsim.Host.Kernel;

#pragma warning disable CS1591 // named after the fields

/// <summary>Global metadata the kernel reads with TDH.SYS.RD. TDX Module 1.5 ABI, "Global Metadata Fields".</summary>
public static class SysFields
{
    public static FieldId MinorVersion => new(0x0800_0001_0000_0003);
    public static FieldId MajorVersion => new(0x0800_0001_0000_0004);
    public static FieldId UpdateVersion => new(0x0800_0001_0000_0005);
    public static FieldId TdxFeatures0 => new(0x0A00_0003_0000_0008);
    public static FieldId MaxTdmrs => new(0x9100_0001_0000_0008);
    public static FieldId MaxReservedPerTdmr => new(0x9100_0001_0000_0009);
    public static FieldId Pamt4KEntrySize => new(0x9100_0001_0000_0010);
    public static FieldId Pamt2MEntrySize => new(0x9100_0001_0000_0011);
    public static FieldId Pamt1GEntrySize => new(0x9100_0001_0000_0012);
    public static FieldId TdcsBaseSize => new(0x9800_0001_0000_0100);
    public static FieldId TdvpsBaseSize => new(0x9800_0001_0000_0200);
    public static FieldId AttributesFixed0 => new(0x1900_0003_0000_0000);
    public static FieldId AttributesFixed1 => new(0x1900_0003_0000_0001);
    public static FieldId XfamFixed0 => new(0x1900_0003_0000_0002);
    public static FieldId XfamFixed1 => new(0x1900_0003_0000_0003);
    public static FieldId NumCpuidConfig => new(0x9900_0001_0000_0004);

    /// <summary>Missing from modules before 1.5.06.</summary>
    public static FieldId MaxVcpusPerTd => new(0x9900_0001_0000_0008);

    /// <summary>Leaf in bits 31:0, sub-leaf (all ones: none) in bits 63:32.</summary>
    public static FieldId CpuidConfigLeaf(int index) => new(0x9900_0003_0000_0400 + (uint)index);

    /// <summary>Half 0: EAX low, EBX high; half 1: ECX low, EDX high.</summary>
    public static FieldId CpuidConfigValue(int index, int half) =>
        new(0x9900_0003_0000_0500 + (uint)(index * 2) + (uint)half);
}
