using System.Globalization;

namespace Seamsim.Firmware.Abi;

/// <summary>
/// The tables of a module while overlays are laid on them, change by change. A change that cannot be made leaves the
/// draft as it was and says why.
/// </summary>
/// <param name="basis">The tables to start from; they stay as they are.</param>
public sealed partial class ModuleDraft(ModuleTables basis)
{
    // CPUID_VALUES is addressed by leaf[31], leaf[6:0] and subleaf[6:0]. TDX Module 1.5 ABI, "CPUID_VALUES".
    private const uint LeafBits = 0x8000_007F, SubleafBits = 0x7F, ExtendedBase = 0x8000_0000;
    private const uint BitmapLowLast = 0x1FFF, BitmapHighFirst = 0xC000_0000, BitmapHighLast = 0xC000_1FFF;
    private static readonly string[] RegisterNames = ["eax", "ebx", "ecx", "edx"];

    private readonly List<CpuidEntry> entries = [.. basis.Cpuid.Entries];
    private readonly List<CpuidXfamRule> xfamRules = [.. basis.Cpuid.XfamRules];
    private readonly List<CpuidField> fields = [.. basis.CpuidFields.Fields];
    private readonly List<NativeMsr> msrs = [.. basis.NativeMsrs];

    /// <summary>CPUID entries a TD has room for.</summary>
    public int MaxEntries { get; } = FieldsOf(basis.TdMetadata, "CPUID_VALUES");

    /// <summary>Configurable entries the host can be told of; TD_PARAMS has room for more.</summary>
    public int MaxConfigurable { get; } = Math.Min(
        FieldsOf(basis.SystemMetadata, "CPUID_CONFIG_LEAVES"),
        (TdParams.Bytes - TdParams.CpuidConfig) / TdParams.CpuidConfigBytes);

    /// <summary>Lays a whole overlay; null, or what is wrong with its first wrong change.</summary>
    public string? Lay(ModuleOverlay overlay)
    {
        string? wrong = null;
        foreach (CpuidLeafChange change in overlay.Leaves)
            wrong ??= Lay(overlay.Name, change);
        foreach (CpuidFieldChange change in overlay.Fields)
            wrong ??= Lay(overlay.Name, change);
        foreach (NativeMsr msr in overlay.Msrs)
            wrong ??= Lay(msr);
        return wrong;
    }

    /// <summary>Adds a leaf, all zero, or makes one configurable; null, or what is wrong.</summary>
    public string? Lay(string overlay, CpuidLeafChange change)
    {
        string place = Place(change.Leaf, change.Subleaf);
        int at = IndexOf(change.Leaf, change.Subleaf);
        if (at >= 0 && !change.Configurable)
            return $"{place}: the module has this leaf already; it can only become configurable";
        if ((at < 0 ? WhyNotAdded(change) : WhyNotConfigurable(entries[at])) is { } wrong)
            return $"{place}: {wrong}";
        int slots = entries.Count(entry => entry.ConfigIndex >= 0);
        if (change.Configurable && slots == MaxConfigurable)
            return $"{place}: too many configurable leaves; CPUID_CONFIG_LEAVES has {MaxConfigurable}";

        if (at < 0)
            at = AddEntry($"overlay {overlay}: {change.Reason}", change.Leaf, change.Subleaf);
        if (change.Configurable)
            entries[at] = entries[at] with { ConfigIndex = slots };
        return null;
    }

    /// <summary>Makes MSRs native to TDs with a CPUID bit; null, or what is wrong.</summary>
    public string? Lay(NativeMsr msr)
    {
        bool inBitmap = msr.First <= msr.Last
            && (msr.Last <= BitmapLowLast || msr.First >= BitmapHighFirst && msr.Last <= BitmapHighLast);
        if (!inBitmap)
            return Text($"MSR 0x{msr.First:X}..0x{msr.Last:X}: the MSR bitmaps hold 0..0x{BitmapLowLast:X} and ")
                + Text($"0x{BitmapHighFirst:X}..0x{BitmapHighLast:X}");
        if (IndexOf(msr.Leaf, msr.Subleaf) < 0)
            return WhyUnknown(msr.Leaf, msr.Subleaf);
        if (msrs.Find(other => msr.First <= other.Last && other.First <= msr.Last) is { } other)
            return Text($"MSR 0x{msr.First:X}..0x{msr.Last:X}: overlaps {other.Name}, which an overlay makes native");
        msrs.Add(msr);
        return null;
    }

    /// <summary>The tables with everything laid so far.</summary>
    public ModuleTables Finish() => new(
        basis, new CpuidTable(entries, xfamRules), new CpuidFieldTable([.. fields]), [.. msrs],
        [.. laid]);

    private string? WhyNotAdded(CpuidLeafChange change)
    {
        bool whole = change.Subleaf == CpuidEntry.NoSubleaf;
        if ((change.Leaf & ~LeafBits) != 0 || !whole && (change.Subleaf & ~SubleafBits) != 0)
            return Text($"CPUID_VALUES reaches leaves 0..0x7F and 0x{ExtendedBase:X}..0x{LeafBits:X}, ")
                + "subleaves 0..0x7F";
        if (change.Leaf > basis.Cpuid.MaxExtendedLeaf)
            return Text($"above the highest extended leaf 0x{basis.Cpuid.MaxExtendedLeaf:X}");
        if (entries.Exists(e => e.Leaf == change.Leaf && (whole || e.Subleaf == CpuidEntry.NoSubleaf)))
            return WhyUnknown(change.Leaf, change.Subleaf);
        return entries.Count == MaxEntries ? Text($"too many leaves; a TD has room for {MaxEntries}") : null;
    }

    private static string? WhyNotConfigurable(CpuidEntry entry) =>
        entry.Faulting ? "raises #VE in a TD and cannot be configured"
        : entry.ConfigIndex >= 0 ? Text($"is configurable already, slot {entry.ConfigIndex}")
        : null;

    // Leaf 0 names the highest basic leaf, and the module knows no higher one.
    private int AddEntry(string source, uint leaf, uint subleaf)
    {
        CpuidRegisters none = default;
        entries.Add(new CpuidEntry(
            entries.Count, leaf, subleaf, false, none, none, none, ~none, none, -1, none, none));
        for (int register = 0; register < RegisterNames.Length; register++)
            fields.Add(new CpuidField(
                leaf, subleaf, register, 31, 0, "RSVD", CpuidCategory.Fixed, "0x0", entries.Count - 1, source));
        if (leaf < ExtendedBase && leaf > entries[IndexOf(0, CpuidEntry.NoSubleaf)].Fixed1.Eax)
            Apply(source, new CpuidFieldChange(
                0, CpuidEntry.NoSubleaf, 0, 31, 0, CpuidCategory.Fixed, leaf, "", ""));
        return entries.Count - 1;
    }

    private int IndexOf(uint leaf, uint subleaf) => entries.FindIndex(e => e.Leaf == leaf && e.Subleaf == subleaf);

    private string WhyUnknown(uint leaf, uint subleaf)
    {
        uint[] subleaves = [.. entries.Where(e => e.Leaf == leaf).Select(e => e.Subleaf)];
        return subleaves switch
        {
            [] => Text($"the module has no CPUID leaf 0x{leaf:X}; a [[leaf]] adds one"),
            [CpuidEntry.NoSubleaf] => Text($"CPUID leaf 0x{leaf:X} has no subleaves"),
            _ when subleaf == CpuidEntry.NoSubleaf => Text($"CPUID leaf 0x{leaf:X} has subleaves: say which"),
            _ => Text($"the module has no CPUID leaf {Place(leaf, subleaf)}; a [[leaf]] adds one"),
        };
    }

    private static string Place(uint leaf, uint subleaf) =>
        subleaf == CpuidEntry.NoSubleaf ? Text($"0x{leaf:x}") : Text($"0x{leaf:x}.{subleaf:x}");

    private static int FieldsOf(MetadataTable table, string name) => table.Fields.First(f => f.Name == name).Fields;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
