using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Loader;

/// <summary>
/// What is packed into a module image: which managed module it stands for and what that module asks for.
/// </summary>
public sealed record ModuleManifest
{
    /// <summary>
    /// Key of the module in the loader's registry, e.g. <c>tdx-module 1.5.01</c>; at most 64 ASCII characters.
    /// </summary>
    public required string Module { get; init; }

    /// <summary>Page counts.</summary>
    public required SeamImageNeeds Needs { get; init; }

    /// <summary>Offset of the SEAMCALL entry in the code region.</summary>
    public ulong SeamcallEntryOffset { get; init; }

    /// <summary>Offset of the TD-exit entry in the code region, in a page of its own.</summary>
    public ulong TdExitEntryOffset { get; init; } = 0x1000;

    /// <summary>Build date, BCD yyyymmdd.</summary>
    public uint BuildDate { get; init; } = 0x20240222;

    /// <summary>Build number.</summary>
    public ushort BuildNum { get; init; }

    /// <summary>Version: major, minor, update.</summary>
    public (ushort Major, ushort Minor, ushort Update) Version { get; init; } = (1, 5, 1);

    /// <summary>Security version.</summary>
    public ushort SeamSvn { get; init; } = 1;

    /// <summary>Attributes; 0 for a production module.</summary>
    public ulong Attributes { get; init; }

    /// <summary>Handoff version.</summary>
    public ushort ModuleHv { get; init; }

    /// <summary>Lowest handoff version that can be taken over.</summary>
    public ushort MinUpdateHv { get; init; }

    /// <summary>An update must not lower the handoff version.</summary>
    public bool NoDowngrade { get; init; }

    /// <summary>CPUID(1).EAX values supported, stepping ignored; empty: any.</summary>
    public IReadOnlyList<uint> SupportedCpus { get; init; } = [];
}
