using System.Buffers.Binary;

namespace Seamsim.Isa.Engine;

/// <summary>The bytes of a stack frame, filled from the lowest address up: the slot pushed last comes first.</summary>
internal ref struct FrameImage(Span<byte> space, int slot)
{
    private readonly Span<byte> space = space;

    /// <summary>Bytes filled so far.</summary>
    public int Bytes { get; private set; }

    public readonly ReadOnlySpan<byte> Image => space[..Bytes];

    public void Add(ulong value)
    {
        switch (slot)
        {
            case 8: BinaryPrimitives.WriteUInt64LittleEndian(space[Bytes..], value); break;
            case 4: BinaryPrimitives.WriteUInt32LittleEndian(space[Bytes..], (uint)value); break;
            default: BinaryPrimitives.WriteUInt16LittleEndian(space[Bytes..], (ushort)value); break;
        }
        Bytes += slot;
    }
}
