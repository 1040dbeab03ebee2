using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

/// <summary>A segment descriptor as it lies in memory. SDM vol. 3A, 3.4.5 and 5.8.3.</summary>
/// <param name="Low">First eight bytes.</param>
/// <param name="High">Second eight bytes of a system descriptor in IA-32e mode.</param>
internal readonly record struct Descriptor(ulong Low, ulong High = 0)
{
    public int Type => (int)(Low >> 40) & 15;

    public bool IsCodeOrData => (Low & (1UL << 44)) != 0;

    public int Dpl => (int)(Low >> 45) & 3;

    public bool Present => (Low & (1UL << 47)) != 0;

    public bool IsCode => IsCodeOrData && (Type & 8) != 0;

    public bool IsConforming => IsCode && (Type & 4) != 0;

    public bool IsReadable => IsCodeOrData && (!IsCode || (Type & 2) != 0);

    public bool IsWritable => IsCodeOrData && !IsCode && (Type & 2) != 0;

    public bool Is64Bit => (Low & (1UL << 53)) != 0;

    public bool IsBig => (Low & (1UL << 54)) != 0;

    public ulong Base => ((Low >> 16) & 0xFF_FFFF) | ((Low >> 32) & 0xFF00_0000) | (High << 32);

    public uint Limit
    {
        get
        {
            uint raw = (uint)(Low & 0xFFFF) | ((uint)(Low >> 32) & 0xF_0000);
            return (Low & (1UL << 55)) != 0 ? (raw << 12) | 0xFFF : raw;
        }
    }

    /// <summary>The accessed flag of a code or data segment.</summary>
    public const ulong AccessedBit = 1UL << 40;

    /// <summary>Type field of the upper half of a 16-byte descriptor; must be 0.</summary>
    public int UpperType => (int)(High >> 40) & 0x1F;

    /// <summary>Gates: the selector they lead to.</summary>
    public ushort GateSelector => (ushort)(Low >> 16);

    /// <summary>Gates: the offset they lead to, 64 bits of it in a 16-byte gate.</summary>
    public ulong GateOffset => (Low & 0xFFFF) | ((Low >> 32) & 0xFFFF_0000) | (High << 32);

    /// <summary>Call gates: words or doublewords to copy to the inner stack.</summary>
    public int GateParameters => (int)(Low >> 32) & 0x1F;

    /// <summary>The hidden part of a segment register loaded from this descriptor.</summary>
    public Segment ToSegment(ushort selector) => new()
    {
        Selector = selector, Base = Base, Limit = Limit, AccessRights = (uint)(Low >> 40) & 0xF0FF,
    };
}
