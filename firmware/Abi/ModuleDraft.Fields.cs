namespace Seamsim.Firmware.Abi;

/// <content>Bits that change their category: in the masks the module computes with, and in the fields.</content>
public sealed partial class ModuleDraft
{
    private readonly List<(string Overlay, CpuidFieldChange Change)> laid = [.. basis.Changes];

    // What MNG.INIT or a CPUID exit sets or clears whatever the masks say. TDX Module 1.5 base specification, "CPUID
    // Virtualization": family, model and stepping; leaves that are zero without the feature they describe.
    private static readonly uint[] FollowingLeaves = [0x5, 0xA, 0xD, 0x14, 0x19, 0x1C, 0x1D];

    /// <summary>Gives bits another category; null, or what is wrong.</summary>
    public string? Lay(string overlay, CpuidFieldChange change)
    {
        int at = IndexOf(change.Leaf, change.Subleaf);
        if (at < 0)
            return WhyUnknown(change.Leaf, change.Subleaf);
        string place = Place(change);
        foreach ((string other, CpuidFieldChange earlier) in laid)
            if (SameRegister(earlier, change) && (Mask(earlier) & Mask(change)) != 0)
                return $"{place}: {other} changes {Place(earlier)} already";
        foreach (CpuidField field in Touched(change))
            if (WhyComputed(field) is { } why)
                return $"{place}: {field.Name} cannot be changed: {why}";
        bool asksHost = change.Category is CpuidCategory.ConfigDirect or CpuidCategory.AllowDirect;
        if (asksHost && entries[at].ConfigIndex < 0)
            return $"{place}: the leaf is not configurable; a [[leaf]] with config = true makes it so";

        Apply($"overlay {overlay}: {change.Reason}", change);
        laid.Add((overlay, change));
        return null;
    }

    /// <summary>The bits of a field by its name; null when the register has no such field.</summary>
    public (int Msb, int Lsb)? FindField(uint leaf, uint subleaf, int register, string name) =>
        fields.Find(f => f.Leaf == leaf && f.Subleaf == subleaf && f.Register == register && f.Name == name)
            is { } field ? (field.Msb, field.Lsb) : null;

    private void Apply(string source, CpuidFieldChange change)
    {
        int at = IndexOf(change.Leaf, change.Subleaf);
        entries[at] = Masked(entries[at], change);
        CpuidRegisters bits = InRegister(change.Register, Mask(change));
        for (int i = 0; i < xfamRules.Count; i++)
            if (xfamRules[i].Leaf == change.Leaf && xfamRules[i].Subleaf == change.Subleaf)
                xfamRules[i] = xfamRules[i] with { Mask = xfamRules[i].Mask & ~bits };
        Split(source, change);
    }

    private static CpuidEntry Masked(CpuidEntry entry, CpuidFieldChange change)
    {
        CpuidRegisters bits = InRegister(change.Register, Mask(change));
        CpuidRegisters value = InRegister(change.Register, change.Value << change.Lsb);
        CpuidRegisters only(CpuidCategory category) => change.Category == category ? bits : default;
        CpuidRegisters native = only(CpuidCategory.Native) | only(CpuidCategory.NativeChecked)
            | only(CpuidCategory.AllowDirect);
        return entry with
        {
            VerifyMask = entry.VerifyMask & ~bits | only(CpuidCategory.NativeChecked),
            VerifyValue = entry.VerifyValue & ~bits | only(CpuidCategory.NativeChecked) & value,
            VerifySame = entry.VerifySame | native,
            Fixed0OrDynamic = entry.Fixed0OrDynamic & ~bits | only(CpuidCategory.Fixed) & ~value,
            Fixed1 = entry.Fixed1 & ~bits | only(CpuidCategory.Fixed) & value,
            ConfigDirect = entry.ConfigDirect & ~bits | only(CpuidCategory.ConfigDirect),
            AllowDirect = entry.AllowDirect & ~bits | only(CpuidCategory.AllowDirect),
        };
    }

    // A field of several bits falls into up to three: what is above the change, the change, what is below it.
    private void Split(string source, CpuidFieldChange change)
    {
        foreach (CpuidField field in (CpuidField[])[.. Touched(change)])
        {
            int at = fields.IndexOf(field);
            int msb = Math.Min(field.Msb, change.Msb), lsb = Math.Max(field.Lsb, change.Lsb);
            fields.RemoveAt(at);
            if (lsb > field.Lsb)
                fields.Insert(at++, Part(field, lsb - 1, field.Lsb));
            fields.Insert(at++, field with
            {
                Msb = msb,
                Lsb = lsb,
                Name = change.Name.Length != 0 ? change.Name : field.Name,
                Category = change.Category,
                Detail = Detail(change, msb, lsb),
                Source = source,
            });
            if (msb < field.Msb)
                fields.Insert(at, Part(field, field.Msb, msb + 1));
        }
    }

    private static CpuidField Part(CpuidField field, int msb, int lsb)
    {
        CpuidField part = field with { Msb = msb, Lsb = lsb };
        return field.FixedValue is { } value
            ? part with { Detail = Text($"0x{part.Of(value << field.Lsb):x}") }
            : part;
    }

    private static string Detail(CpuidFieldChange change, int msb, int lsb) => change.Category switch
    {
        CpuidCategory.Fixed => Text($"0x{(change.Value >> (lsb - change.Lsb)) & Bits(msb - lsb):x}"),
        CpuidCategory.NativeChecked => "native; platform value checked at SYS.INIT (verify columns)",
        CpuidCategory.ConfigDirect => "value from TD_PARAMS",
        CpuidCategory.AllowDirect => "native & TD_PARAMS bit",
        _ => "native value captured at SYS.INIT",
    };

    private static string? WhyComputed(CpuidField field) => field switch
    {
        _ when FollowingLeaves.Contains(field.Leaf) => "the whole leaf is zero without the feature it describes",
        { Leaf: 1, Register: 0 } => "the module checks family, model and stepping",
        { Category: CpuidCategory.Fixed, FixedValue: null } => $"it is fixed by code: {field.Detail}",
        { Category: CpuidCategory.Fixed or CpuidCategory.Native or CpuidCategory.NativeChecked
            or CpuidCategory.ConfigDirect or CpuidCategory.AllowDirect or CpuidCategory.AllowDirectXfam
            or CpuidCategory.XfamNative } => null,
        _ => $"the module computes it: {field.Detail}",
    };

    private IEnumerable<CpuidField> Touched(CpuidFieldChange change) => fields.Where(f =>
        f.Leaf == change.Leaf && f.Subleaf == change.Subleaf && f.Register == change.Register
        && (f.Mask & Mask(change)) != 0);

    private static bool SameRegister(CpuidFieldChange a, CpuidFieldChange b) =>
        (a.Leaf, a.Subleaf, a.Register) == (b.Leaf, b.Subleaf, b.Register);

    private static CpuidRegisters InRegister(int register, uint value) => register switch
    {
        0 => new(value, 0, 0, 0),
        1 => new(0, value, 0, 0),
        2 => new(0, 0, value, 0),
        _ => new(0, 0, 0, value),
    };

    private static uint Mask(CpuidFieldChange change) => Bits(change.Msb - change.Lsb) << change.Lsb;

    private static uint Bits(int last) => (uint)((1UL << (last + 1)) - 1);

    private static string Place(CpuidFieldChange c) =>
        Place(c.Leaf, c.Subleaf == CpuidEntry.NoSubleaf ? 0 : c.Subleaf)
        + (c.Msb == c.Lsb
            ? Text($".{RegisterNames[c.Register]}[{c.Lsb}]")
            : Text($".{RegisterNames[c.Register]}[{c.Msb}:{c.Lsb}]"));
}
