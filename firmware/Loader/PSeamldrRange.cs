using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Models;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Loader;

/// <summary>Which multi-processor call is under way.</summary>
internal enum SessionKind : byte
{
    None = 0, Install = 1, Shutdown = 2,
}

/// <summary>
/// The P-SEAMLDR's own 2 MiB at the top of the SEAM range: everything the loader remembers is bytes in here. The
/// NP-SEAMLDR has put entry, VMCS and paging structures into the first pages; the layout from 0x5000 on is ours.
/// </summary>
internal readonly struct PSeamldrRange(ulong start)
{
    /// <summary>Installations until the P-SEAMLDR itself has to be loaded again; assumed.</summary>
    public const uint Updates = 16;

    private const ulong SessionOffset = 0x5000, CountOffset = 0x5004, RemainingOffset = 0x5008, LoaderIdOffset = 0x500C;
    private const ulong InstalledOffset = 0x5010, CalledOffset = 0x5800, ParamsOffset = 0x6000, ExtendOffset = 0x7000;

    public const int MaxLps = 0x800;

    public ulong Start => start;

    /// <summary>SEAMLDR_PARAMS as the first logical processor passed them.</summary>
    public Hpa Params => new(start + ParamsOffset);

    /// <summary>The SEAMEXTEND structure last given to the processor.</summary>
    public Hpa SeamExtend => new(start + ExtendOffset);

    /// <summary>The range on the platform the caller runs on.</summary>
    public static PSeamldrRange Of(ISeamPlatform p) => new(PlatformRange.Of(p).SeamldrBase);

    public SessionKind Session(ISeamPlatform p) => (SessionKind)p.Read<byte>(new Hpa(start + SessionOffset));

    public void SetSession(ISeamPlatform p, SessionKind kind) => p.Write(new Hpa(start + SessionOffset), (byte)kind);

    /// <summary>A module has been installed since the P-SEAMLDR was loaded, so there is something to update.</summary>
    public bool HasModule(ISeamPlatform p) => p.Read<byte>(new Hpa(start + InstalledOffset)) != 0;

    public void SetHasModule(ISeamPlatform p, bool value) =>
        p.Write(new Hpa(start + InstalledOffset), value ? (byte)1 : (byte)0);

    public uint RemainingUpdates(ISeamPlatform p) => p.Read<uint>(new Hpa(start + RemainingOffset));

    public void SetRemainingUpdates(ISeamPlatform p, uint value) => p.Write(new Hpa(start + RemainingOffset), value);

    public uint LoaderId(ISeamPlatform p) => p.Read<uint>(new Hpa(start + LoaderIdOffset));

    public bool HasCalled(ISeamPlatform p, int lp) => p.Read<byte>(new Hpa(start + CalledOffset + (uint)lp)) != 0;

    /// <summary>Notes that a logical processor has called; answers how many have.</summary>
    public uint NoteCall(ISeamPlatform p, int lp)
    {
        p.Write(new Hpa(start + CalledOffset + (uint)lp), (byte)1);
        return p.FetchAdd(new Hpa(start + CountOffset), 1u) + 1;
    }

    public void EndSession(ISeamPlatform p)
    {
        SetSession(p, SessionKind.None);
        p.Write(new Hpa(start + CountOffset), 0u);
        p.WriteBytes(new Hpa(start + CalledOffset), new byte[MaxLps]);
    }

    /// <summary>State when the P-SEAMLDR has just been launched; the rest of the range is zero.</summary>
    public void Initialise(PhysicalMemory memory, uint loaderId)
    {
        memory.Write(new Hpa(start + RemainingOffset), Updates, inSeam: true);
        memory.Write(new Hpa(start + LoaderIdOffset), loaderId, inSeam: true);
        byte[] extend = SeamMeasurement.Encode([], [], [], 0, seamReady: false, pSeamldrReady: true);
        memory.Write(SeamExtend, extend, inSeam: true);
    }
}
