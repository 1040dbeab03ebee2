using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>Family, model and stepping a TD may be configured with. TDX module 1.5.01, CPUID(1).EAX.</summary>
internal sealed class FmsList
{
    private const uint Stepping = 0xF;

    private readonly (uint Fms, uint MaxStepping)[] known;

    /// <summary>Reads the list of a version.</summary>
    public FmsList(ModuleVersion version) => known =
    [
        .. DataFile.Read($"{version}/migratable-fms.csv")
            .Select(row => ((uint)row.Number("fms"), (uint)row.Number("max_stepping"))),
    ];

    /// <summary>
    /// Whether a migratable TD may have an FMS: the platform's up to its stepping, or an older processor's.
    /// </summary>
    public bool AllowsMigratable(uint platform, uint fms)
    {
        if ((fms & ~Stepping) == (platform & ~Stepping))
            return (fms & Stepping) <= (platform & Stepping);
        foreach ((uint older, uint maxStepping) in known)
            if ((fms & ~Stepping) == older && older < (platform & ~Stepping) && (fms & Stepping) <= maxStepping)
                return true;
        return false;
    }

    /// <summary>The highest allowed FMS per model, the platform's first.</summary>
    public uint[] Allowed(uint platform) =>
    [
        platform,
        .. known.Where(k => k.Fms < (platform & ~Stepping)).Select(k => k.Fms | k.MaxStepping),
    ];
}
