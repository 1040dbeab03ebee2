using System.Buffers.Binary;
using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>A range of addresses; it may wrap before it is checked.</summary>
internal readonly record struct AddressRange(ulong Start, ulong Size)
{
    /// <summary>First address after the range.</summary>
    public ulong End => Start + Size;

    /// <summary>Whether <see cref="End"/> is beyond 2^64.</summary>
    public bool Wraps => End < Start;

    /// <summary>Whether two ranges that do not wrap share an address.</summary>
    public bool Overlaps(AddressRange other) => Start < other.End && other.Start < End;
}

/// <summary>A TDMR_INFO as the host describes it. TDX Module 1.5 ABI, "TDMR_INFO".</summary>
internal sealed class TdmrDescription
{
    private readonly AddressRange[] pamts = new AddressRange[3];

    /// <summary>The TDMR.</summary>
    public AddressRange Range { get; private init; }

    /// <summary>All reserved areas, empty ones too; offsets, not addresses.</summary>
    public AddressRange[] Reserved { get; } = new AddressRange[TdmrInfo.MaxReserved];

    /// <summary>The PAMT array of a page size.</summary>
    public AddressRange Pamt(PageLevel level) => pamts[(int)level];

    /// <summary>Bytes the PAMT array of a page size needs.</summary>
    public ulong NeededPamtBytes(PageLevel level) => (Range.Size >> PamtIndex.Shift(level)) * PamtEntry.Bytes;

    /// <summary>The parts of the TDMR that are not reserved, ascending.</summary>
    public IEnumerable<AddressRange> Usable()
    {
        ulong from = Range.Start;
        foreach (AddressRange area in Reserved)
        {
            if (area.Size == 0)
                break;
            ulong start = Range.Start + area.Start;
            if (start > from)
                yield return new AddressRange(from, start - from);
            from = start + area.Size;
        }
        if (from < Range.End)
            yield return new AddressRange(from, Range.End - from);
    }

    public static TdmrDescription Parse(ReadOnlySpan<byte> info)
    {
        TdmrDescription tdmr = new() { Range = Pair(info, TdmrInfo.Base) };
        for (PageLevel level = PageLevel.Page4K; level <= PageLevel.Page1G; level++)
            tdmr.pamts[(int)level] = Pair(info, TdmrEntry.PamtOffset(level));
        for (int i = 0; i < TdmrInfo.MaxReserved; i++)
            tdmr.Reserved[i] = Pair(info, TdmrInfo.Reserved + i * TdmrInfo.ReservedBytes);
        return tdmr;
    }

    private static AddressRange Pair(ReadOnlySpan<byte> info, int at) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(info[at..]), BinaryPrimitives.ReadUInt64LittleEndian(info[(at + 8)..]));
}
