using Iced.Intel;

namespace Seamsim.Trace;

/// <summary>A block's instructions, and the data accesses each makes according to the decoder.</summary>
internal sealed class DecodedBlock
{
    private readonly ExpectedAccess[][] expected;

    public DecodedBlock(BlockDefinition definition, InstructionInfoFactory information)
    {
        Definition = definition;
        Decoder decoder = Decoder.Create(definition.Bits, new MemoryCodeReader(definition.Code), definition.Address);
        Instructions = new Instruction[definition.Instructions];
        expected = new ExpectedAccess[definition.Instructions][];
        for (int i = 0; i < Instructions.Length; i++)
        {
            decoder.Decode(out Instructions[i]);
            expected[i] = Expect(information, Instructions[i]);
        }
    }

    public BlockDefinition Definition { get; }

    public Instruction[] Instructions { get; }

    public ReadOnlySpan<byte> CodeOf(int instruction)
    {
        ref readonly Instruction at = ref Instructions[instruction];
        int start = (int)(at.IP - Instructions[0].IP);
        ReadOnlySpan<byte> code = Definition.Code.Span;
        return start >= code.Length ? default : code.Slice(start, Math.Min(at.Length, code.Length - start));
    }

    /// <summary>
    /// Which accesses of an execution belong to which instruction: entry i of <paramref name="ends"/> is where those of
    /// instruction i end. A trace does not say so; the decoder knows size and direction of what an instruction
    /// accesses, and program order does the rest. What nobody expected goes to the last instruction that began.
    /// </summary>
    public void Assign(TraceRecord record, Span<int> ends)
    {
        ReadOnlySpan<MemoryAccess> accesses = record.Accesses;
        int at = 0, last = Math.Min(record.Retired, Instructions.Length - 1);
        for (int i = 0; i < Instructions.Length; i++)
        {
            if (i <= last)
                at = Take(i, accesses, at);
            ends[i] = i >= last ? accesses.Length : at;
        }
    }

    private int Take(int instruction, ReadOnlySpan<MemoryAccess> accesses, int at)
    {
        ExpectedAccess[] wanted = expected[instruction];
        ref readonly Instruction code = ref Instructions[instruction];
        bool repeats = code.HasRepPrefix || code.HasRepnePrefix;
        uint taken = 0;
        for (; at < accesses.Length; at++)
        {
            int found = -1;
            for (int i = 0; i < wanted.Length && found < 0; i++)
                if ((taken >> i & 1) == 0 && wanted[i].Fits(accesses[at]))
                    found = i;
            if (found < 0)
                break;
            if (!repeats)
                taken |= 1U << found;
        }
        return at;
    }

    private static ExpectedAccess[] Expect(InstructionInfoFactory information, in Instruction instruction)
    {
        List<ExpectedAccess> all = [];
        foreach (UsedMemory used in information.GetInfo(instruction).GetUsedMemory())
        {
            int bytes = used.MemorySize.GetSize();
            if (used.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.ReadWrite or OpAccess.ReadCondWrite)
                all.Add(new ExpectedAccess(bytes, IsWrite: false));
            if (used.Access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite)
                all.Add(new ExpectedAccess(bytes, IsWrite: true));
        }
        return [.. all.Take(32)];
    }

    private readonly record struct ExpectedAccess(int Bytes, bool IsWrite)
    {
        /// <summary>A decoder that does not know the size takes any.</summary>
        public bool Fits(in MemoryAccess access) => access.IsWrite == IsWrite && (Bytes == 0 || access.Bytes == Bytes);
    }

    private sealed class MemoryCodeReader(ReadOnlyMemory<byte> code) : CodeReader
    {
        private int at;

        public override int ReadByte() => at < code.Length ? code.Span[at++] : -1;
    }
}

/// <summary>Decodes every block once, as long as its frame is around.</summary>
internal sealed class BlockDecoder
{
    private const int Most = 1 << 16;

    private readonly InstructionInfoFactory information = new();
    private readonly Dictionary<BlockDefinition, DecodedBlock> known = new(ReferenceEqualityComparer.Instance);

    public DecodedBlock Of(BlockDefinition definition)
    {
        if (known.TryGetValue(definition, out DecodedBlock? block))
            return block;
        if (known.Count == Most)
            known.Clear();
        return known[definition] = new DecodedBlock(definition, information);
    }
}
