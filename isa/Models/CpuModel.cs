using Seamsim.Isa.Seam;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Models;

/// <summary>
/// A CPU model as data: CPUID, MSR reset values and rules, VMX capabilities, loaded from the tables in
/// <c>isa/Models/Data</c> and bent by <see cref="CpuParameters"/>.
/// </summary>
public sealed partial class CpuModel
{
    private readonly Dictionary<ulong, CpuidResult> withSubleaf = [];
    private readonly Dictionary<uint, CpuidResult> withoutSubleaf = [];
    private readonly Dictionary<int, List<LpOverride>> overrides = [];

    private CpuModel(string name, CpuParameters parameters)
    {
        Name = name;
        Parameters = parameters;
    }

    /// <summary>The model's name, e.g. <c>sapphire-rapids</c>.</summary>
    public string Name { get; }

    /// <summary>Platform parameters in force.</summary>
    public CpuParameters Parameters { get; }

    /// <summary>XSAVE component sizes.</summary>
    public XsaveLayout Xsave { get; } = new();

    /// <summary>Highest basic CPUID leaf.</summary>
    public uint MaxBasicLeaf => withoutSubleaf[0].Eax;

    /// <summary>Highest extended CPUID leaf.</summary>
    public uint MaxExtendedLeaf => withoutSubleaf[0x8000_0000].Eax;

    internal MsrTable Msrs { get; private set; } = null!;

    /// <summary>Whether there are tables for a model.</summary>
    public static bool Exists(string name) => ModelTable.Exists(name + ".cpuid.csv");

    /// <summary>Loads a model.</summary>
    /// <exception cref="InvalidDataException">There is no such model, or its tables are malformed.</exception>
    public static CpuModel Load(string name, CpuParameters parameters)
    {
        CpuModel model = new(name, parameters);
        model.LoadCpuid(name + ".cpuid.csv");
        model.Msrs = MsrTable.Load(name, parameters);
        return model;
    }

    /// <summary>Makes one logical processor differ from the others.</summary>
    public void Override(int lp, LpOverride difference)
    {
        if (!overrides.TryGetValue(lp, out List<LpOverride>? list))
            overrides.Add(lp, list = []);
        list.Add(difference);
    }

    /// <summary>Reset value of an MSR on a logical processor; false: the model has no such MSR.</summary>
    public bool TryGetResetValue(int lp, uint msr, out ulong value)
    {
        bool exists = Msrs.Find(msr) is { } row & Msrs.TryGetReset(msr, out value);
        foreach (LpOverride difference in OverridesOf(lp))
            if (difference.IsMsr && difference.Number == msr)
                value = difference.Apply(value);
        return exists;
    }

    /// <summary>
    /// CPUID as this model answers it on <paramref name="core"/> (topology and CR4-dependent bits patched in).
    /// </summary>
    public CpuidResult Cpuid(Core core, uint leaf, uint subleaf) => Cpuid(CpuidContext.Of(core), leaf, subleaf);

    internal IReadOnlyList<LpOverride> OverridesOf(int lp) =>
        overrides.TryGetValue(lp, out List<LpOverride>? list) ? list : [];

    private void LoadCpuid(string table)
    {
        foreach (string[] row in ModelTable.Read(table, 7))
        {
            uint leaf = (uint)ModelTable.Number(row[0]);
            CpuidResult result = new((uint)ModelTable.Number(row[2]), (uint)ModelTable.Number(row[3]),
                (uint)ModelTable.Number(row[4]), (uint)ModelTable.Number(row[5]));
            if (row[1] == "-")
            {
                withoutSubleaf.Add(leaf, result);
                continue;
            }
            uint subleaf = (uint)ModelTable.Number(row[1]);
            withSubleaf.Add(Key(leaf, subleaf), result);
            if (leaf == 0xD && subleaf >= 2)
                Xsave.Add((int)subleaf, (int)result.Eax, (int)result.Ebx, (result.Ecx & 2) != 0);
        }
    }

    private static ulong Key(uint leaf, uint subleaf) => ((ulong)leaf << 32) | subleaf;
}
