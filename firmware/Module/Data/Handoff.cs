using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// What TDH.SYS.SHUTDOWN leaves for the next module in the handoff pages. TDX Module 1.5 base specification, "TD
/// preserving update": key tables, TDMRs, the global key and the counters. The layout is this module's own.
/// </summary>
internal readonly struct Handoff
{
    private const int ValidOffset = 0, VersionOffset = 2, SizeOffset = 4, GlobalsOffset = 0x40, TablesOffset = 0x1000;
    private const int GlobalsBytes = 0x100, CopyBytes = 0x1000;

    private readonly LeafCall call;
    private readonly Hpa at;

    private Handoff(LeafCall call, Hpa at) => (this.call, this.at) = (call, at);

    /// <summary>The handoff pages.</summary>
    public static Handoff Of(LeafCall c) =>
        new(c, new Hpa(c.P.Read<ulong>(c.Data.SysInfo + SysInfoTable.HandoffAddress)));

    /// <summary>Whether there is handoff data.</summary>
    public bool Valid => call.P.Read<byte>(at + ValidOffset) != 0;

    /// <summary>Its version.</summary>
    public ushort Version => call.P.Read<ushort>(at + VersionOffset);

    /// <summary>Its bytes.</summary>
    public uint Size => call.P.Read<uint>(at + SizeOffset);

    /// <summary>Writes the data of this module.</summary>
    public void Write(ushort version)
    {
        ISeamPlatform p = call.P;
        Copy(call.Data.Global, at + GlobalsOffset, GlobalsBytes);
        for (int done = ModuleData.KotOffset; done < ModuleData.Bytes; done += CopyBytes)
            Copy(call.Data.Global + (ulong)done, at + (ulong)(TablesOffset + done - ModuleData.KotOffset), CopyBytes);
        p.Write(at + VersionOffset, version);
        p.Write(at + SizeOffset, (uint)(TablesOffset + ModuleData.Bytes - ModuleData.KotOffset));
        p.Write(at + ValidOffset, (byte)1);
    }

    private void Copy(Hpa from, Hpa to, int bytes)
    {
        Span<byte> buffer = stackalloc byte[CopyBytes];
        call.P.ReadBytes(from, buffer[..bytes]);
        call.P.WriteBytes(to, buffer[..bytes]);
    }
}
