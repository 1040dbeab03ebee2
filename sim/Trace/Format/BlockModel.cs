using System.Runtime.InteropServices;

namespace Seamsim.Trace;

/// <summary>
/// What encoder and decoder both remember of a block within one frame, so that only surprises are written: which block
/// followed it, what it cost, and which data it accessed where.
/// </summary>
internal sealed class BlockModel(BlockDefinition definition)
{
    /// <summary>Accesses with a memory of their own; later ones share the last two slots in turn (REP MOVS).</summary>
    private const int OwnSlots = 62;

    /// <summary>A number of accesses that no chunk has room for.</summary>
    private const int Never = 1 << 28;

    private AccessSlot[] slots = [];
    private byte[] shapes = [];

    public BlockDefinition Definition { get; } = definition;

    public int Instructions { get; } = definition.Instructions;

    public TraceWorld World { get; } = definition.World;

    /// <summary>The frame this memory belongs to.</summary>
    public long Frame { get; private set; } = -1;

    /// <summary>The block's number within the frame.</summary>
    public int LocalId { get; private set; }

    /// <summary>The block that followed the last time.</summary>
    public BlockModel? Successor { get; set; }

    /// <summary>Cycles from its beginning to the beginning of its successor, the last time.</summary>
    public ulong Cost { get; set; }

    /// <summary>Which registers changed the last time.</summary>
    public uint RegisterMask { get; set; }

    /// <summary>Shapes of the accesses of the last execution.</summary>
    public ReadOnlySpan<byte> Shapes => shapes.AsSpan(0, ShapeCount);

    /// <summary>Whether the access was of this shape the last time.</summary>
    public bool IsExpected(int access, byte shape) => access < ShapeCount && shapes[access] == shape;

    public int ShapeCount { get; private set; }

    /// <summary>
    /// <see cref="ShapeCount"/> when each of them is of up to eight bytes and has a slot of its own, which knows its shape;
    /// otherwise more than there can be.
    /// </summary>
    public int UsualAccesses { get; private set; }

    /// <summary>The first slot; there are as many as <see cref="UsualAccesses"/> says, when they are usual.</summary>
    public ref AccessSlot FirstSlot => ref MemoryMarshal.GetArrayDataReference(slots);

    public static int SlotOf(int access) => access < OwnSlots ? access : OwnSlots + (access & 1);

    /// <summary>Forgets everything: the block is used for the first time in a frame.</summary>
    public void Enter(long frame, int localId)
    {
        Frame = frame;
        LocalId = localId;
        Successor = null;
        Cost = 0;
        RegisterMask = 0;
        ShapeCount = UsualAccesses = 0;
        Array.Clear(slots);
    }

    public ref AccessSlot Slot(int access)
    {
        int slot = SlotOf(access);
        if (slot >= slots.Length)
            Array.Resize(ref slots, Math.Max(4, slot + slot / 2 + 1));
        return ref slots[slot];
    }

    public void Remember(ReadOnlySpan<byte> now)
    {
        if (shapes.Length < now.Length)
            shapes = new byte[now.Length];
        now.CopyTo(shapes);
        ShapeCount = now.Length;
        UsualAccesses = now.Length <= OwnSlots ? now.Length : Never;
        for (int i = 0; i < now.Length && UsualAccesses != Never; i++)
        {
            Slot(i).Kind = RawWord.AccessKind(now[i]);
            if ((now[i] & 7) > 3)
                UsualAccesses = Never;
        }
    }
}

/// <summary>The memory of one access of a block.</summary>
internal struct AccessSlot
{
    public ulong Address, Stride, Value;

    /// <summary>The upper bits of the raw word of an access of the shape it had the last time.</summary>
    public uint Kind;
    public bool Used;

    /// <summary>Where the next access is expected; a slot without memory expects it where the last access was.</summary>
    public readonly ulong Expected(ulong elsewhere) => Used ? Address + Stride : elsewhere;

    public void Learn(ulong address)
    {
        Stride = Used ? address - Address : 0;
        Address = address;
        Used = true;
    }
}
