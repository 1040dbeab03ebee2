using System.Globalization;

namespace Seamsim.Firmware.Abi;

/// <summary>
/// Why a CPUID bit of a TD is what it is. TDX Module 1.5 base specification, "CPUID Virtualization"; spelled in the
/// table as the specification's words with underscores.
/// </summary>
public enum CpuidCategory : byte
{
    /// <summary>A constant.</summary>
    Fixed,

    /// <summary>The processor's value, kept at TDH.SYS.INIT.</summary>
    Native,

    /// <summary>The processor's value, which TDH.SYS.INIT demands.</summary>
    NativeChecked,

    /// <summary>What TD_PARAMS says.</summary>
    ConfigDirect,

    /// <summary>What TD_PARAMS says, out of the family, model and stepping the module allows.</summary>
    ConfigDirectFms,

    /// <summary>The processor's value if TD_PARAMS allows it.</summary>
    AllowDirect,

    /// <summary>The processor's value if TD_PARAMS and XFAM allow it.</summary>
    AllowDirectXfam,

    /// <summary>The processor's value if XFAM allows it.</summary>
    XfamNative,

    /// <summary>Follows from XFAM and the processor's value.</summary>
    XfamCalc,

    /// <summary>The processor's value if ATTRIBUTES allow it.</summary>
    AllowAttributes,

    /// <summary>The processor's value if another virtual CPUID bit is 1.</summary>
    AllowCpuid,

    /// <summary>A bit of ATTRIBUTES.</summary>
    Attributes,

    /// <summary>TD_PARAMS.TSC_FREQUENCY.</summary>
    ConfigTsc,

    /// <summary>Follows from the rest of the configuration.</summary>
    Calculated,

    /// <summary>Follows the state of the virtual CPU at the time of the instruction.</summary>
    Dynamic,

    /// <summary>The whole leaf raises #VE.</summary>
    FaultVe,
}

/// <summary>One named field of a CPUID register in a TD. Data/…/cpuid-fields.csv.</summary>
/// <param name="Leaf">EAX.</param>
/// <param name="Subleaf">ECX, or <see cref="CpuidEntry.NoSubleaf"/>.</param>
/// <param name="Register">0 EAX, 1 EBX, 2 ECX, 3 EDX; indexes <see cref="CpuidRegisters"/>.</param>
/// <param name="Msb">Highest bit.</param>
/// <param name="Lsb">Lowest bit.</param>
/// <param name="Name">The manual's name.</param>
/// <param name="Category">Who decides its value.</param>
/// <param name="Detail">The same in words; for <see cref="CpuidCategory.Fixed"/> mostly the value.</param>
/// <param name="EntryIndex">Index of its <see cref="CpuidEntry"/>; -1 for a leaf without an entry.</param>
/// <param name="Source">Where it is written.</param>
public sealed record CpuidField(
    uint Leaf, uint Subleaf, int Register, int Msb, int Lsb, string Name, CpuidCategory Category, string Detail,
    int EntryIndex, string Source)
{
    /// <summary>Its bits in the register.</summary>
    public uint Mask => (uint)((1UL << (Msb - Lsb + 1)) - 1) << Lsb;

    /// <summary>
    /// The value of a field that is <see cref="CpuidCategory.Fixed"/>; null when it is fixed only while a feature is
    /// off, or not fixed at all.
    /// </summary>
    public uint? FixedValue => Category != CpuidCategory.Fixed ? null
        : Detail.StartsWith("0x", StringComparison.Ordinal)
            ? Parsed(Detail.AsSpan(2), NumberStyles.HexNumber)
            : Parsed(Detail, NumberStyles.None);

    /// <summary>Its value out of the register's.</summary>
    public uint Of(uint register) => (register & Mask) >> Lsb;

    private static uint? Parsed(ReadOnlySpan<char> digits, NumberStyles style) =>
        uint.TryParse(digits, style, CultureInfo.InvariantCulture, out uint value) ? value : null;
}

/// <summary>CPUID virtualization field by field: Data/…/cpuid-fields.csv.</summary>
public sealed class CpuidFieldTable
{
    private static readonly string[] RegisterNames = ["EAX", "EBX", "ECX", "EDX"];

    private readonly ILookup<(uint, uint), CpuidField> leaves;

    internal CpuidFieldTable(IReadOnlyList<CpuidField> fields) =>
        (Fields, leaves) = (fields, fields.ToLookup(field => (field.Leaf, field.Subleaf)));

    /// <summary>All fields, in the table's order.</summary>
    public IReadOnlyList<CpuidField> Fields { get; }

    /// <summary>
    /// The field a bit belongs to; the subleaf is ignored for leaves that have none. Null when the table knows none.
    /// </summary>
    /// <param name="leaf">EAX.</param>
    /// <param name="subleaf">ECX.</param>
    /// <param name="register">0 EAX, 1 EBX, 2 ECX, 3 EDX.</param>
    /// <param name="bit">0..31.</param>
    public CpuidField? Find(uint leaf, uint subleaf, int register, int bit) =>
        Of(leaf, subleaf).FirstOrDefault(f => f.Register == register && bit >= f.Lsb && bit <= f.Msb);

    /// <summary>The fields of a leaf and subleaf, in the table's order; none when the table does not know it.</summary>
    public IEnumerable<CpuidField> Of(uint leaf, uint subleaf) =>
        leaves.Contains((leaf, subleaf)) ? leaves[(leaf, subleaf)] : leaves[(leaf, CpuidEntry.NoSubleaf)];

    /// <summary>The rows of a version.</summary>
    internal static IReadOnlyList<CpuidField> Read(ModuleVersion version) =>
    [
        .. DataFile.Read($"{version}/cpuid-fields.csv").Select(row => new CpuidField(
            (uint)row.Number("leaf"), row.Has("subleaf") ? (uint)row.Number("subleaf") : CpuidEntry.NoSubleaf,
            Register(row["register"]), (int)row.Number("msb"), (int)row.Number("lsb"), row["name"],
            Category(row["category"]), row["detail"], row.Has("index") ? (int)row.Number("index") : -1, row["source"])),
    ];

    private static int Register(string name) => Array.IndexOf(RegisterNames, name) is var i and >= 0
        ? i
        : throw new InvalidDataException($"cpuid-fields.csv: no register {name}");

    // CONFIG_DIRECT_FMS is ConfigDirectFms.
    private static CpuidCategory Category(string text) =>
        Enum.Parse<CpuidCategory>(text.Replace("_", "", StringComparison.Ordinal), ignoreCase: true);
}
