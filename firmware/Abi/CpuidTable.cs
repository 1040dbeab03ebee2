namespace Seamsim.Firmware.Abi;

/// <summary>EAX, EBX, ECX, EDX.</summary>
public readonly record struct CpuidRegisters(uint Eax, uint Ebx, uint Ecx, uint Edx)
{
    /// <summary>A register by number: 0 EAX, 1 EBX, 2 ECX, 3 EDX.</summary>
    public uint this[int register] => register switch { 0 => Eax, 1 => Ebx, 2 => Ecx, _ => Edx };

    /// <summary>EAX | EBX &lt;&lt; 32, as error information reports it.</summary>
    public ulong Low => Eax | (ulong)Ebx << 32;

    /// <summary>ECX | EDX &lt;&lt; 32.</summary>
    public ulong High => Ecx | (ulong)Edx << 32;

    /// <summary>Bit-wise and.</summary>
    public static CpuidRegisters operator &(CpuidRegisters a, CpuidRegisters b) =>
        new(a.Eax & b.Eax, a.Ebx & b.Ebx, a.Ecx & b.Ecx, a.Edx & b.Edx);

    /// <summary>Bit-wise or.</summary>
    public static CpuidRegisters operator |(CpuidRegisters a, CpuidRegisters b) =>
        new(a.Eax | b.Eax, a.Ebx | b.Ebx, a.Ecx | b.Ecx, a.Edx | b.Edx);

    /// <summary>Bit-wise complement.</summary>
    public static CpuidRegisters operator ~(CpuidRegisters a) => new(~a.Eax, ~a.Ebx, ~a.Ecx, ~a.Edx);
}

/// <summary>One CPUID leaf and subleaf the module knows. Data/…/cpuid.csv.</summary>
/// <param name="Index">Position in the module's lookup table, which is also its order of checks.</param>
/// <param name="Leaf">EAX.</param>
/// <param name="Subleaf">ECX, or <see cref="NoSubleaf"/>.</param>
/// <param name="Faulting">Raises #VE in a TD.</param>
/// <param name="VerifyMask">Bits SYS.INIT checks.</param>
/// <param name="VerifyValue">What they must be.</param>
/// <param name="VerifySame">Bits that must be the same on all logical processors.</param>
/// <param name="Fixed0OrDynamic">Bits cleared in the module's copy.</param>
/// <param name="Fixed1">Bits set in the module's copy.</param>
/// <param name="ConfigIndex">Position in TD_PARAMS.CPUID_CONFIG, or -1.</param>
/// <param name="ConfigDirect">Bits the host sets as it likes.</param>
/// <param name="AllowDirect">Bits the host may allow when the processor has them.</param>
public sealed record CpuidEntry(
    int Index, uint Leaf, uint Subleaf, bool Faulting, CpuidRegisters VerifyMask, CpuidRegisters VerifyValue,
    CpuidRegisters VerifySame, CpuidRegisters Fixed0OrDynamic, CpuidRegisters Fixed1, int ConfigIndex,
    CpuidRegisters ConfigDirect, CpuidRegisters AllowDirect)
{
    /// <summary>The subleaf of a leaf that has none.</summary>
    public const uint NoSubleaf = uint.MaxValue;

    /// <summary>leaf | subleaf &lt;&lt; 32, as error information reports it.</summary>
    public ulong Id => Leaf | (ulong)Subleaf << 32;
}

/// <summary>Bits of a CPUID leaf that are 0 unless an XFAM bit is 1.</summary>
/// <param name="Leaf">EAX.</param>
/// <param name="Subleaf">ECX, or <see cref="CpuidEntry.NoSubleaf"/>.</param>
/// <param name="XfamBit">The XFAM bit.</param>
/// <param name="Mask">The bits.</param>
public sealed record CpuidXfamRule(uint Leaf, uint Subleaf, int XfamBit, CpuidRegisters Mask);

/// <summary>CPUID virtualization as data: Data/…/cpuid.csv and cpuid-xfam.csv.</summary>
public sealed class CpuidTable
{
    private const uint ExtendedBase = 0x8000_0000;
    private static readonly string[] Registers = ["EAX", "EBX", "ECX", "EDX"];

    private readonly Dictionary<(uint, uint), int> index = [];

    internal CpuidTable(ModuleVersion version)
        : this(ReadEntries(version), ReadXfamRules(version))
    {
    }

    internal CpuidTable(IReadOnlyList<CpuidEntry> entries, IReadOnlyList<CpuidXfamRule> xfamRules)
    {
        for (int i = 0; i < entries.Count; i++)
            index.Add((entries[i].Leaf, entries[i].Subleaf), i);
        Entries = [.. entries];
        Configurable = [.. entries.Where(e => e.ConfigIndex >= 0).OrderBy(e => e.ConfigIndex)];
        XfamRules = [.. xfamRules];
        MaxBasicLeaf = Find(0, CpuidEntry.NoSubleaf)!.Fixed1.Eax;
        MaxExtendedLeaf = Find(ExtendedBase, CpuidEntry.NoSubleaf)!.Fixed1.Eax;
    }

    /// <summary>All entries in the module's order.</summary>
    public IReadOnlyList<CpuidEntry> Entries { get; }

    /// <summary>The entries of TD_PARAMS.CPUID_CONFIG, in its order.</summary>
    public IReadOnlyList<CpuidEntry> Configurable { get; }

    /// <summary>Feature bits that follow XFAM.</summary>
    public IReadOnlyList<CpuidXfamRule> XfamRules { get; }

    /// <summary>Highest basic leaf a TD is told of: leaf 0, EAX.</summary>
    public uint MaxBasicLeaf { get; }

    /// <summary>Highest extended leaf a TD is told of: leaf 0x80000000, EAX.</summary>
    public uint MaxExtendedLeaf { get; }

    /// <summary>
    /// The entry of a leaf and subleaf; the subleaf is ignored for leaves that have none. Null when unknown.
    /// </summary>
    public CpuidEntry? Find(uint leaf, uint subleaf) =>
        index.TryGetValue((leaf, subleaf), out int i) || index.TryGetValue((leaf, CpuidEntry.NoSubleaf), out i)
            ? Entries[i]
            : null;

    private static CpuidEntry[] ReadEntries(ModuleVersion version)
    {
        List<DataRow> rows = DataFile.Read($"{version}/cpuid.csv");
        CpuidEntry[] entries = new CpuidEntry[rows.Count / Registers.Length];
        for (int i = 0; i < entries.Length; i++)
            entries[i] = Entry(rows, i);
        return entries;
    }

    private static CpuidXfamRule[] ReadXfamRules(ModuleVersion version) =>
    [
        .. DataFile.Read($"{version}/cpuid-xfam.csv").Select(row => new CpuidXfamRule(
            (uint)row.Number("leaf"), Subleaf(row), (int)row.Number("xfam_bit"),
            new((uint)row.Number("eax"), (uint)row.Number("ebx"), (uint)row.Number("ecx"), (uint)row.Number("edx")))),
    ];

    private static CpuidEntry Entry(List<DataRow> rows, int i)
    {
        int first = i * Registers.Length;
        DataRow row = rows[first];
        CpuidRegisters Of(string column) => new(
            (uint)rows[first].Number(column), (uint)rows[first + 1].Number(column),
            (uint)rows[first + 2].Number(column), (uint)rows[first + 3].Number(column));
        for (int r = 0; r < Registers.Length; r++)
            if (rows[first + r]["register"] != Registers[r] || (int)rows[first + r].Number("index") != i)
                throw new InvalidDataException($"cpuid.csv: entry {i} must have the rows EAX, EBX, ECX, EDX");
        return new CpuidEntry(
            i, (uint)row.Number("leaf"), Subleaf(row), row.Number("faulting") != 0, Of("verify_mask"),
                Of("verify_value"),
            Of("verify_same"), Of("fixed0_or_dynamic"), Of("fixed1"),
            row.Has("config_index") ? (int)row.Number("config_index") : -1, Of("config_direct"), Of("allow_direct"));
    }

    private static uint Subleaf(DataRow row) =>
        row.Has("subleaf") ? (uint)row.Number("subleaf") : CpuidEntry.NoSubleaf;
}
