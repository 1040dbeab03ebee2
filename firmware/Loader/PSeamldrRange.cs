using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Loader;

/// <summary>Which multi-processor call is under way.</summary>
internal enum SessionKind : byte
{
    None = 0, Install = 1, Shutdown = 2,
}

/// <summary>
/// The P-SEAMLDR's own 2 MiB at the top of the SEAM range: everything the loader remembers is bytes in here. Page 1 is
/// its VMCS (one, because one logical processor runs it at a time); the rest of the layout is ours.
/// </summary>
internal readonly struct PSeamldrRange(ulong start)
{
    /// <summary>Installations until the P-SEAMLDR itself has to be loaded again; assumed.</summary>
    public const uint Updates = 16;

    /// <summary>Offset of the SEAMCALL entry.</summary>
    public const ulong EntryOffset = 0x10000;

    private const ulong SessionOffset = 0x2000, CountOffset = 0x2004, RemainingOffset = 0x2008, LoaderIdOffset = 0x200C;
    private const ulong InstalledOffset = 0x2010, CalledOffset = 0x2800, ParamsOffset = 0x3000, ExtendOffset = 0x4000;

    public const int MaxLps = 0x800;

    public ulong Start => start;

    public Hpa Vmcs => new(start + 0x1000);

    /// <summary>SEAMLDR_PARAMS as the first logical processor passed them.</summary>
    public Hpa Params => new(start + ParamsOffset);

    /// <summary>The SEAMEXTEND structure last given to the processor.</summary>
    public Hpa SeamExtend => new(start + ExtendOffset);

    public Hpa PageTables => new(start + 0x5000);

    public Hpa Entry => new(start + EntryOffset);

    /// <summary>The range on the platform the caller runs on.</summary>
    public static PSeamldrRange Of(ISeamPlatform p)
    {
        (ulong seamrr, ulong bytes) = SeamRange.Of(p);
        return new PSeamldrRange(seamrr + bytes - SeamRangeLayout.PSeamldrRangeBytes);
    }

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

    /// <summary>State after the NP-SEAMLDR has put the loader there; the rest of the range is zero.</summary>
    public void Initialise(Action<Hpa, uint> writeDword, uint loaderId)
    {
        writeDword(new Hpa(start + RemainingOffset), Updates);
        writeDword(new Hpa(start + LoaderIdOffset), loaderId);
    }
}
