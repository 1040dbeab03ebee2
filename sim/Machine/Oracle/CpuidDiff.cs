using Seamsim.Firmware.Abi;

namespace Seamsim.Oracle;

/// <summary>One side of a difference.</summary>
/// <param name="Name">The field's name.</param>
/// <param name="Value">Its bits; null: the leaf raises #VE.</param>
/// <param name="Category">Who decides.</param>
/// <param name="Reason">Why.</param>
/// <param name="Configurable">Whether TD_PARAMS may set the bits.</param>
internal sealed record CpuidSide(string Name, uint? Value, CpuidCategory Category, string Reason, bool Configurable);

/// <summary>Bits of a register that two modules treat differently.</summary>
/// <param name="Leaf">EAX of CPUID.</param>
/// <param name="Subleaf">ECX of CPUID, or <see cref="CpuidEntry.NoSubleaf"/>.</param>
/// <param name="Register">0 EAX, 1 EBX, 2 ECX, 3 EDX.</param>
/// <param name="Msb">Highest bit.</param>
/// <param name="Lsb">Lowest bit.</param>
/// <param name="Before">In A; null: A does not have the leaf.</param>
/// <param name="After">In B; null: B does not have the leaf.</param>
internal sealed record CpuidChange(
    uint Leaf, uint Subleaf, int Register, int Msb, int Lsb, CpuidSide? Before, CpuidSide? After)
{
    /// <summary>What changed, in fixed words and order.</summary>
    public IReadOnlyList<string> Kinds
    {
        get
        {
            if (Before is not { } a || After is not { } b)
                return [Before is null ? "leaf added" : "leaf removed"];
            List<string> kinds = [];
            if (a.Value != b.Value)
                kinds.Add("value");
            if (a.Category != b.Category)
                kinds.Add("category");
            if (a.Configurable != b.Configurable)
                kinds.Add(b.Configurable ? "newly configurable" : "no longer configurable");
            if (a.Name != b.Name)
                kinds.Add("name");
            if (a.Reason != b.Reason)
                kinds.Add("reason");
            return kinds;
        }
    }
}

/// <summary>What changes for the same TD from one module to another.</summary>
internal sealed class CpuidDiff
{
    private readonly List<CpuidChange> changes = [];

    private CpuidDiff(CpuidReport before, CpuidReport after) => (Before, After) = (before, after);

    /// <summary>The TD on A.</summary>
    public CpuidReport Before { get; }

    /// <summary>The TD on B.</summary>
    public CpuidReport After { get; }

    /// <summary>Every difference, ascending.</summary>
    public IReadOnlyList<CpuidChange> Changes => changes;

    /// <summary>Slots of TD_PARAMS.CPUID_CONFIG in A and in B.</summary>
    public (int Before, int After) Slots =>
        (Before.Answer.Tables.Cpuid.Configurable.Count, After.Answer.Tables.Cpuid.Configurable.Count);

    /// <summary>Compares two modules' answers to one question.</summary>
    public static CpuidDiff Between(CpuidReport before, CpuidReport after)
    {
        CpuidDiff diff = new(before, after);
        SortedDictionary<(uint, uint), (CpuidLeafView? A, CpuidLeafView? B)> leaves = [];
        foreach (CpuidLeafView leaf in before.Leaves)
            leaves[Key(leaf)] = (leaf, null);
        foreach (CpuidLeafView leaf in after.Leaves)
            leaves[Key(leaf)] = (leaves.GetValueOrDefault(Key(leaf)).A, leaf);
        foreach ((CpuidLeafView? a, CpuidLeafView? b) in leaves.Values)
            for (int register = 0; register < 4; register++)
                diff.Compare(a, b, register);
        return diff;
    }

    // Field borders may differ, so bits are compared and neighbours that differ alike are put together again.
    private void Compare(CpuidLeafView? a, CpuidLeafView? b, int register)
    {
        CpuidEntry entry = (a ?? b)!.Answer.Entry;
        for (int bit = 0; bit < 32;)
        {
            CpuidFieldView? before = At(a, register, bit), after = At(b, register, bit);
            int msb = bit;
            while (msb < 31 && At(a, register, msb + 1) == before && At(b, register, msb + 1) == after
                && IsConfigurable(a, register, msb + 1) == IsConfigurable(a, register, bit)
                && IsConfigurable(b, register, msb + 1) == IsConfigurable(b, register, bit))
                msb++;
            CpuidChange change = new(
                entry.Leaf, entry.Subleaf, register, msb, bit,
                Side(a, before, register, msb, bit), Side(b, after, register, msb, bit));
            if (change.Kinds.Count > 0 && (before is not null || after is not null))
                changes.Add(change);
            bit = msb + 1;
        }
    }

    private static CpuidFieldView? At(CpuidLeafView? leaf, int register, int bit) =>
        leaf?.Fields.FirstOrDefault(view =>
            view.Field.Register == register && bit >= view.Field.Lsb && bit <= view.Field.Msb);

    private static CpuidSide? Side(CpuidLeafView? leaf, CpuidFieldView? view, int register, int msb, int lsb)
    {
        if (leaf is null || view is null)
            return null;
        uint? value = leaf.Answer.Value is { } registers
            ? (uint)(registers[register] >> lsb & (1UL << (msb - lsb + 1)) - 1)
            : null;
        return new CpuidSide(
            view.Field.Name, value, view.Field.Category, view.Reason.Text, IsConfigurable(leaf, register, lsb));
    }

    private static bool IsConfigurable(CpuidLeafView? leaf, int register, int bit) =>
        leaf is not null
        && (((leaf.Answer.Entry.ConfigDirect | leaf.Answer.Entry.AllowDirect)[register]) >> bit & 1) != 0;

    private static (uint, uint) Key(CpuidLeafView leaf) => (leaf.Answer.Entry.Leaf, leaf.Answer.Entry.Subleaf);
}
