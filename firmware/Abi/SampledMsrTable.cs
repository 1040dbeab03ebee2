namespace Seamsim.Firmware.Abi;

/// <summary>When SYS.LP.INIT compares a sampled MSR with the platform's.</summary>
public enum MsrSamplePhase : byte
{
    /// <summary>Before CPUID.</summary>
    Early,

    /// <summary>Right after CPUID.</summary>
    AfterCpuid,

    /// <summary>Last.</summary>
    Late,
}

/// <summary>An MSR that SYS.INIT samples and that must be the same on every logical processor.</summary>
/// <param name="Index">Its slot.</param>
/// <param name="Msr">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Phase">When SYS.LP.INIT compares it.</param>
public sealed record SampledMsr(int Index, uint Msr, string Name, MsrSamplePhase Phase);

/// <summary>Data/…/sampled-msrs.csv, in the order SYS.LP.INIT compares.</summary>
public sealed class SampledMsrTable
{
    private readonly Dictionary<uint, int> slots = [];

    internal SampledMsrTable(ModuleVersion version)
    {
        List<DataRow> rows = DataFile.Read($"{version}/sampled-msrs.csv");
        SampledMsr[] table = new SampledMsr[rows.Count];
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = new SampledMsr(
                i, (uint)rows[i].Number("msr"), rows[i]["name"], Enum.Parse<MsrSamplePhase>(rows[i]["phase"]));
            slots.Add(table[i].Msr, i);
        }
        Rows = table;
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<SampledMsr> Rows { get; }

    /// <summary>The slot of an MSR.</summary>
    public int SlotOf(uint msr) => slots[msr];
}
