using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>Decodes the bytes of a block and finds what each instruction costs.</summary>
internal static class BlockReader
{
    private const int LongestInstruction = 15;

    /// <summary>The block; null with the reason when the bytes are no instructions.</summary>
    public static BlockCode? Read(ReadOnlySpan<byte> code, ulong rip, PipelineParameters core, out string reason) =>
        Read(code, rip, 64, core, out reason);

    /// <summary>The same for code of another size: 16, 32 or 64 bits.</summary>
    public static BlockCode? Read(
        ReadOnlySpan<byte> code, ulong rip, int bits, PipelineParameters core, out string reason)
    {
        byte[] bytes = code.ToArray();
        Decoder decoder = Decoder.Create(bits, bytes, rip);
        List<BlockInstruction> instructions = [];
        InstructionInfoFactory factory = new();
        int start = 0, top = 0;
        while (start < bytes.Length)
        {
            decoder.Decode(out Instruction instruction);
            if (instruction.IsInvalid)
            {
                reason = decoder.LastError == DecoderError.NoMoreBytes && MoreBytesMakeOne(bytes.AsSpan(start), bits, rip)
                    ? $"byte {start}: the last instruction is not whole"
                    : $"byte {start}: no instruction in {bits}-bit mode";
                return null;
            }
            instructions.Add(Cost(instruction, bytes.AsSpan(start, instruction.Length), start, top, core, factory));
            start += instruction.Length;
            top = X87Stack.After(instruction, top);
        }
        if (instructions.Count == 0)
        {
            reason = "no bytes";
            return null;
        }
        MacroFusion.Mark(instructions);
        StackEngine.Mark(instructions, core);
        if (core.HighByteRenamed)
            HighBytes.Mark(instructions);
        reason = "";
        return new(instructions, bytes.Length, rip, top);
    }

    /// <summary>Whether bytes could follow that make an instruction of these; the decoder says so of any short rest.</summary>
    private static bool MoreBytesMakeOne(ReadOnlySpan<byte> rest, int bits, ulong rip)
    {
        byte[] whole = new byte[rest.Length + LongestInstruction];
        rest.CopyTo(whole);
        for (int next = 0; next <= byte.MaxValue; next++)
        {
            whole[rest.Length] = (byte)next;
            Decoder.Create(bits, whole, rip).Decode(out Instruction instruction);
            if (!instruction.IsInvalid)
                return true;
        }
        return false;
    }

    private static BlockInstruction Cost(
        in Instruction instruction, ReadOnlySpan<byte> bytes, int start, int top, PipelineParameters core,
        InstructionInfoFactory factory)
    {
        InstructionRow? row = core.Instructions.Find(instruction);
        bool indexed = instruction.MemoryIndex != Register.None && instruction.Mnemonic != Mnemonic.Lea;
        bool same = row?.Same is not null && SourcesAreSame(instruction);
        MicroOps cost = row is null ? UnknownForm.Cost(instruction, core, factory)
            : same ? row.Same! : indexed ? row.Indexed : row.Plain;
        InstructionInfo info = factory.GetInfo(instruction, InstructionInfoOptions.NoMemoryUsage);
        OpAccess access = MemoryAccess(instruction, info);
        return new()
        {
            Instruction = instruction,
            Row = row,
            Used = UsedBy(instruction, info, top),
            X87Top = top,
            Loads = access is OpAccess.Read or OpAccess.CondRead or OpAccess.ReadWrite or OpAccess.ReadCondWrite
                || instruction.Mnemonic is Mnemonic.Pop or Mnemonic.Ret,
            Stores = access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite
                || instruction.Mnemonic is Mnemonic.Push or Mnemonic.Call,
            Cost = cost,
            Latencies = row is null ? null : same ? row.SameLatencies : row.Latencies,
            Start = start,
            Length = bytes.Length,
            OpcodeOffset = InstructionBytes.OpcodeOffset(bytes),
            LengthChangingPrefix = InstructionBytes.HasLengthChangingPrefix(instruction, bytes),
            SameSources = same,
            IsIndexed = indexed,
        };
    }

    private static UsedRegister[] UsedBy(in Instruction instruction, in InstructionInfo info, int top)
    {
        List<UsedRegister> used = [];
        foreach (UsedRegister one in info.GetUsedRegisters())
            used.Add(new(X87Stack.At(one.Register, top), one.Access));
        if (X87Stack.Pushes(instruction))
            used.Add(new(X87Stack.At(Register.ST0, X87Stack.After(instruction, top)), OpAccess.Write));
        return [.. used];
    }

    private static OpAccess MemoryAccess(in Instruction instruction, in InstructionInfo info)
    {
        for (int i = 0; i < instruction.OpCount; i++)
            if (instruction.GetOpKind(i) == OpKind.Memory)
                return info.GetOpAccess(i);
        return OpAccess.None;
    }

    private static bool SourcesAreSame(in Instruction instruction)
    {
        Register last = Register.None, previous = Register.None;
        for (int i = 0; i < instruction.OpCount; i++)
            if (instruction.GetOpKind(i) == OpKind.Register)
                (previous, last) = (last, instruction.GetOpRegister(i).GetFullRegister());
            else if (instruction.GetOpKind(i) == OpKind.Memory)
                return false;
        return last != Register.None && last == previous;
    }
}
