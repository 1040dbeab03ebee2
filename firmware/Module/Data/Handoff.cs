using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// What TDH.SYS.SHUTDOWN leaves for the next module in the handoff pages: key and write-back tables, TDMRs, the global
/// key. TDX module 1.5.01, handoff data of version 0; everything else is rebuilt by the next module.
/// </summary>
internal readonly struct Handoff
{
    /// <summary>Pages the data takes.</summary>
    public const uint Pages = 14;

    private const int ValidOffset = 0, VersionOffset = 2, SizeOffset = 4, DataOffset = 8, Bytes = 0xD08A;
    private const int WbtOffset = 0x4000, TdmrOffset = 0x8080, NumTdmrsOffset = 0xD080, GlobalKeyOffset = 0xD084,
        PkgConfigBitmapOffset = 0xD086;
    private const int WbtBytes = 2064, Packages = 8, TdmrBytes = 320, CopyBytes = 0x1000;

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
        WriteKot();
        WriteWbt();
        WriteTdmrs();
        WriteGlobals();
        ISeamPlatform p = call.P;
        p.Write(at + VersionOffset, version);
        p.Write(at + SizeOffset, (uint)Bytes);
        p.Write(at + ValidOffset, (byte)1);
    }

    private void WriteKot()
    {
        Span<byte> entries = stackalloc byte[CopyBytes];
        for (int done = 0; done < WbtOffset; done += CopyBytes)
        {
            call.P.ReadBytes(call.Data.Kot.Entries + (ulong)done, entries);
            Put(done, entries);
        }
    }

    // Interruption point, one byte a KeyID, and the mutex, which nobody holds.
    private void WriteWbt()
    {
        Span<byte> entry = stackalloc byte[WbtBytes];
        for (int package = 0; package < Packages; package++)
        {
            Wbt wbt = call.Data.Wbt(package);
            entry.Clear();
            BinaryPrimitives.WriteUInt64LittleEndian(entry, wbt.InterruptionPoint);
            for (int key = 0; key < Kot.MaxHkids; key++)
                entry[8 + key] = (byte)(wbt.Flushed(key / 64) >> (key & 63) & 1);
            Put(WbtOffset + package * WbtBytes, entry);
        }
    }

    private void WriteTdmrs()
    {
        Span<byte> entry = stackalloc byte[TdmrBytes];
        for (int i = 0; i < TdmrInfo.MaxTdmrs; i++)
        {
            entry.Clear();
            if (i < call.Data.NumTdmrs)
                Describe(call.Data.Tdmr(i), entry);
            Put(TdmrOffset + i * TdmrBytes, entry);
        }
    }

    // Base, size, progress, three PAMT bases, number of 1-GiB blocks, number of reserved areas, the areas, the mutex.
    private static void Describe(TdmrEntry tdmr, Span<byte> entry)
    {
        const int blocks = 48, numReserved = 52, areas = 56, areaBytes = 16;
        ReadOnlySpan<ulong> words =
        [
            tdmr.Base, tdmr.Size, tdmr.Next, tdmr.PamtBase(PageLevel.Page1G), tdmr.PamtBase(PageLevel.Page2M),
            tdmr.PamtBase(PageLevel.Page4K),
        ];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(entry[(8 * i)..], words[i]);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[blocks..], (uint)(tdmr.Size >> 30));
        for (int i = 0; i < TdmrInfo.MaxReserved && tdmr.Reserved(i) is { Size: not 0 } area; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(entry[numReserved..], (uint)i + 1);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[(areas + areaBytes * i)..], area.Offset);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[(areas + areaBytes * i + 8)..], area.Size);
        }
    }

    private void WriteGlobals()
    {
        Span<byte> globals = stackalloc byte[Bytes - NumTdmrsOffset];
        BinaryPrimitives.WriteUInt32LittleEndian(globals, (uint)call.Data.NumTdmrs);
        BinaryPrimitives.WriteUInt16LittleEndian(globals[(GlobalKeyOffset - NumTdmrsOffset)..],
            call.Data.GlobalKey.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(globals[(PkgConfigBitmapOffset - NumTdmrsOffset)..],
            call.P.Read<uint>(call.Data.PkgConfigBitmapWord));
        Put(NumTdmrsOffset, globals);
    }

    private void Put(int offset, ReadOnlySpan<byte> bytes) =>
        call.P.WriteBytes(at + (ulong)(DataOffset + offset), bytes);
}
