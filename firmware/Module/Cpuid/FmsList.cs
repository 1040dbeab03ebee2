using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>Family, model and stepping a TD may be configured with. TDX module 1.5.01, CPUID(1).EAX.</summary>
internal static class FmsList
{
    private const uint Stepping = 0xF;

    private static readonly Lazy<(uint Fms, uint MaxStepping)[]> Known = new(() =>
    [
        .. DataFile.Read($"{ModuleVersion.Default}/migratable-fms.csv")
            .Select(row => ((uint)row.Number("fms"), (uint)row.Number("max_stepping"))),
    ]);

    /// <summary>
    /// Whether a migratable TD may have an FMS: the platform's up to its stepping, or an older processor's.
    /// </summary>
    public static bool AllowsMigratable(uint platform, uint fms)
    {
        if ((fms & ~Stepping) == (platform & ~Stepping))
            return (fms & Stepping) <= (platform & Stepping);
        foreach ((uint known, uint maxStepping) in Known.Value)
            if ((fms & ~Stepping) == known && known < (platform & ~Stepping) && (fms & Stepping) <= maxStepping)
                return true;
        return false;
    }

    /// <summary>The highest allowed FMS per model, the platform's first.</summary>
    public static uint[] Allowed(uint platform) =>
    [
        platform,
        .. Known.Value.Where(k => k.Fms < (platform & ~Stepping)).Select(k => k.Fms | k.MaxStepping),
    ];
}
