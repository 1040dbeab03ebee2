using System.Buffers.Binary;
using Seamsim.Isa.Models;

namespace Seamsim.Isa.State;

/// <summary>
/// The XSAVE-managed state of a logical processor: each component at its place in a compacted area of all components
/// the model has. SDM vol. 1, chapter 13.
/// </summary>
public sealed class ExtendedState
{
    private const int AreaBytes = 16384, X87 = 0, Sse = 1;
    private const ushort InitialFcw = 0x37F;
    private const uint InitialMxcsr = 0x1F80;

    private readonly byte[] area = new byte[AreaBytes];
    private readonly XsaveLayout layout;
    private readonly ulong all;

    /// <summary>Creates the state of a processor with <paramref name="layout"/>, every component initial.</summary>
    public ExtendedState(XsaveLayout layout)
    {
        this.layout = layout;
        all = 3;
        for (int i = 2; i < 63; i++)
            if (layout.SizeOf(i) != 0)
                all |= 1UL << i;
        Initialise(all);
    }

    /// <summary>Components the model has.</summary>
    public ulong Components => all;

    /// <summary>Components that are not in their initial configuration (XINUSE).</summary>
    public ulong InUse
    {
        get
        {
            ulong inUse = 0;
            for (int i = 0; i < 63; i++)
                if (((all >> i) & 1) != 0 && !IsInitial(i))
                    inUse |= 1UL << i;
            return inUse;
        }
    }

    /// <summary>An XMM register, 0..15, its low 128 bits.</summary>
    public Span<byte> Xmm(int register) => area.AsSpan(160 + 16 * register, 16);

    /// <summary>The bytes of a component beyond x87 and SSE.</summary>
    public Span<byte> Component(int component) =>
        area.AsSpan(layout.CompactedOffset(all, component), layout.SizeOf(component));

    /// <summary>Puts components into their initial configuration.</summary>
    public void Initialise(ulong mask)
    {
        for (int i = 2; i < 63; i++)
            if (((mask & all) >> i & 1) != 0)
                Component(i).Clear();
        if ((mask & 1) != 0)
        {
            area.AsSpan(0, 24).Clear();
            area.AsSpan(32, 128).Clear();
            BinaryPrimitives.WriteUInt16LittleEndian(area, InitialFcw);
        }
        if ((mask & 2) == 0)
            return;
        area.AsSpan(24, 8).Clear();
        area.AsSpan(160, 256).Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(area.AsSpan(24), InitialMxcsr);
    }

    /// <summary>XSAVES into the image of a compacted area: XSTATE_BV, XCOMP_BV and the components in use.</summary>
    public void Save(Span<byte> image, ulong mask)
    {
        ulong saved = mask & InUse;
        for (int i = 0; i < 63; i++)
            if (((saved >> i) & 1) != 0)
                Copy(area, all, image, mask, i);
        Span<byte> header = image.Slice(512, 64);
        header.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(header, saved);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], mask | (1UL << 63));
    }

    /// <summary>XRSTORS from the image of a compacted area; false is #GP(0) for its header.</summary>
    public bool TryRestore(ReadOnlySpan<byte> image, ulong mask, ulong enabled)
    {
        ReadOnlySpan<byte> header = image.Slice(512, 64);
        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(header);
        ulong compaction = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        ulong format = compaction & ~(1UL << 63);
        if (compaction >> 63 == 0 || (format & ~enabled) != 0 || (present & ~format) != 0)
            return false;
        if (header[16..].ContainsAnyExcept((byte)0))
            return false;
        for (int i = 0; i < 63; i++)
            if (((mask & present & all) >> i & 1) != 0)
                Copy(image, format, area, all, i);
        Initialise(mask & ~present);
        return true;
    }

    private bool IsInitial(int component)
    {
        switch (component)
        {
            case X87:
                return BinaryPrimitives.ReadUInt16LittleEndian(area) == InitialFcw &&
                    !area.AsSpan(2, 22).ContainsAnyExcept((byte)0) && !area.AsSpan(32, 128).ContainsAnyExcept((byte)0);
            case Sse:
                return BinaryPrimitives.ReadUInt32LittleEndian(area.AsSpan(24)) == InitialMxcsr &&
                    !area.AsSpan(160, 256).ContainsAnyExcept((byte)0);
            default:
                return !Component(component).ContainsAnyExcept((byte)0);
        }
    }

    private void Copy(ReadOnlySpan<byte> from, ulong fromFormat, Span<byte> to, ulong toFormat, int component)
    {
        switch (component)
        {
            case X87:
                from[..24].CopyTo(to);
                from.Slice(32, 128).CopyTo(to[32..]);
                break;
            case Sse:
                from.Slice(24, 8).CopyTo(to[24..]);
                from.Slice(160, 256).CopyTo(to[160..]);
                break;
            default:
                from.Slice(layout.CompactedOffset(fromFormat, component), layout.SizeOf(component))
                    .CopyTo(to[layout.CompactedOffset(toFormat, component)..]);
                break;
        }
    }
}
