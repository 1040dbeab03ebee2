using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// What the module keeps per logical processor, in the SEAM range. The first 256 bytes are laid out here; what VP.ENTER
/// and the TD exits keep begins at <see cref="VpContext"/> and is laid out beside them.
/// </summary>
internal readonly struct LpData(ISeamPlatform p, Hpa at)
{
    /// <summary>Where the context of the running virtual CPU begins.</summary>
    public const int VpContext = 0x100;

    private const int InitializedOffset = 0x00, LfsrOffset = 0x04, CoreOffset = 0x08, PackageOffset = 0x0C,
        IdOffset = 0x10;

    /// <summary>Address of the area.</summary>
    public Hpa Address => at;

    /// <summary>Whether SYS.LP.INIT was done here.</summary>
    public bool Initialized
    {
        get => p.Read<byte>(at + InitializedOffset) != 0;
        set => p.Write(at + InitializedOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>State of the single-step defence's shift register; never 0.</summary>
    public uint Lfsr
    {
        get => p.Read<uint>(at + LfsrOffset);
        set => p.Write(at + LfsrOffset, value);
    }

    /// <summary>Core id from CPUID(0x1F).</summary>
    public uint Core
    {
        get => p.Read<uint>(at + CoreOffset);
        set => p.Write(at + CoreOffset, value);
    }

    /// <summary>Package id from CPUID(0x1F), 0..7.</summary>
    public uint Package
    {
        get => p.Read<uint>(at + PackageOffset);
        set => p.Write(at + PackageOffset, value);
    }

    /// <summary>The LPID that ASSOC_LPID names: the index of the logical processor.</summary>
    public uint Id
    {
        get => p.Read<uint>(at + IdOffset);
        set => p.Write(at + IdOffset, value);
    }
}
