using Seamsim.Firmware.Abi;

namespace Seamsim.Oracle;

/// <summary>CPUID_CONFIG for a question: the processor's bits where the host may choose, then single settings.</summary>
internal sealed class CpuidWishes
{
    private readonly CpuidRegisters[] wanted, chosen;
    private readonly List<CpuidSetting> unplaced = [];

    /// <summary>Works the slots out.</summary>
    /// <param name="question">The TD asked for.</param>
    /// <param name="table">The module's entries.</param>
    /// <param name="native">What the processor answers, by index of the entry.</param>
    public CpuidWishes(CpuidQuestion question, CpuidTable table, IReadOnlyList<CpuidRegisters> native)
    {
        wanted = new CpuidRegisters[native.Count];
        chosen = new CpuidRegisters[native.Count];
        foreach (CpuidEntry entry in table.Configurable)
            if (question.StartFromProcessor)
                wanted[entry.Index] = native[entry.Index] & (entry.ConfigDirect | entry.AllowDirect);
        foreach (CpuidSetting setting in question.Settings)
            Apply(setting, table.Find(setting.Leaf, setting.Subleaf));
    }

    /// <summary>Settings of leaves that have no slot.</summary>
    public IReadOnlyList<CpuidSetting> Unplaced => unplaced;

    /// <summary>The slot of an entry; zero when it has none.</summary>
    public CpuidRegisters WantedOf(CpuidEntry entry) => wanted[entry.Index];

    /// <summary>The bits of an entry that a setting decided.</summary>
    public CpuidRegisters ChosenOf(CpuidEntry entry) => chosen[entry.Index];

    /// <summary>The slots in the module's order.</summary>
    public IReadOnlyList<CpuidRegisters> Slots(CpuidTable table) => [.. table.Configurable.Select(WantedOf)];

    private void Apply(CpuidSetting setting, CpuidEntry? entry)
    {
        if (entry is not { ConfigIndex: >= 0 })
        {
            unplaced.Add(setting);
            return;
        }
        CpuidRegisters mask = Only(setting.Register, setting.Mask);
        wanted[entry.Index] = (wanted[entry.Index] & ~mask) | Only(setting.Register, setting.Value & setting.Mask);
        chosen[entry.Index] |= mask;
    }

    private static CpuidRegisters Only(int register, uint value) => register switch
    {
        0 => new CpuidRegisters(value, 0, 0, 0),
        1 => new CpuidRegisters(0, value, 0, 0),
        2 => new CpuidRegisters(0, 0, value, 0),
        _ => new CpuidRegisters(0, 0, 0, value),
    };
}
