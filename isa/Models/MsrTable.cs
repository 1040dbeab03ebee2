namespace Seamsim.Isa.Models;

/// <summary>How an MSR behaves; the words of the table's <c>rule</c> column.</summary>
internal enum MsrRule : byte
{
    ReadOnly, ReadWrite, WriteOnly, Canonical, State, StateCanonical, Tsc, TscAdjust, ApicBase, Wbinvdp, IntrPending,
    Mtrr, MtrrFixed, MtrrDefault, Pat, TscDeadline, X2Apic, SeamExtend, Efer, Cet,
}

/// <summary>A row of a model's MSR table.</summary>
/// <param name="First">First MSR number.</param>
/// <param name="Last">Last MSR number.</param>
/// <param name="Name">The manual's name.</param>
/// <param name="Rule">Behaviour.</param>
/// <param name="Reset">Value after reset.</param>
/// <param name="Reserved">Bits whose setting is #GP(0).</param>
internal sealed record MsrRow(uint First, uint Last, string Name, MsrRule Rule, ulong Reset, ulong Reserved);

/// <summary>The MSRs of a model, by number.</summary>
internal sealed class MsrTable
{
    private static readonly Dictionary<string, MsrRule> Rules = new()
    {
        ["ro"] = MsrRule.ReadOnly, ["rw"] = MsrRule.ReadWrite, ["wo"] = MsrRule.WriteOnly,
        ["canonical"] = MsrRule.Canonical, ["state"] = MsrRule.State, ["state-canonical"] = MsrRule.StateCanonical,
        ["tsc"] = MsrRule.Tsc, ["tsc-adjust"] = MsrRule.TscAdjust, ["apic-base"] = MsrRule.ApicBase,
        ["wbinvdp"] = MsrRule.Wbinvdp, ["intr-pending"] = MsrRule.IntrPending, ["mtrr"] = MsrRule.Mtrr,
        ["mtrr-fixed"] = MsrRule.MtrrFixed, ["mtrr-default"] = MsrRule.MtrrDefault, ["pat"] = MsrRule.Pat,
        ["tsc-deadline"] = MsrRule.TscDeadline, ["x2apic"] = MsrRule.X2Apic, ["seamextend"] = MsrRule.SeamExtend,
        ["efer"] = MsrRule.Efer, ["cet"] = MsrRule.Cet,
    };

    private readonly List<MsrRow> rows = [];

    /// <summary>All rows in ascending order.</summary>
    public IReadOnlyList<MsrRow> Rows => rows;

    public static MsrTable Load(string model, CpuParameters parameters)
    {
        MsrTable table = new();
        foreach (string[] cells in ModelTable.Read(model + ".msr.csv", 7))
        {
            ulong reset = cells[4].StartsWith('=')
                ? MsrResets.Compute(cells[4][1..], parameters)
                : ModelTable.Number(cells[4]);
            ulong reserved = cells[5] == "-" ? 0 : ModelTable.Number(cells[5]);
            table.rows.Add(new MsrRow((uint)ModelTable.Number(cells[0]), (uint)ModelTable.Number(cells[1]), cells[2],
                Rules[cells[3]], reset, reserved));
        }
        foreach (string[] cells in ModelTable.Read(model + ".vmx.csv", 4))
        {
            uint number = (uint)ModelTable.Number(cells[0]);
            ulong value = MsrResets.PatchVmx(number, ModelTable.Number(cells[2]), parameters);
            table.rows.Add(new MsrRow(number, number, cells[1], MsrRule.ReadOnly, value, 0));
        }
        table.rows.Sort((a, b) => a.First.CompareTo(b.First));
        return table;
    }

    /// <summary>The row of an MSR, or null: RDMSR and WRMSR are #GP(0).</summary>
    public MsrRow? Find(uint msr)
    {
        int low = 0, high = rows.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            MsrRow row = rows[middle];
            if (msr < row.First)
                high = middle - 1;
            else if (msr > row.Last)
                low = middle + 1;
            else
                return row;
        }
        return null;
    }

    public bool TryGetReset(uint msr, out ulong value)
    {
        MsrRow? row = Find(msr);
        value = row?.Reset ?? 0;
        return row is not null;
    }
}
