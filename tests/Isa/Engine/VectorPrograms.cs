using Iced.Intel;
using Seamsim.Isa.Decode;
using Seamsim.Isa.Decode.Simd;

namespace Seamsim.Tests.Isa.Engine;

/// <summary>
/// Vector instructions one at a time, with registers and with memory: every operation of the vector table in its first
/// form of each encoding, and every size of the moves.
/// </summary>
internal static class VectorPrograms
{
    public static IEnumerable<byte[]> All
    {
        get
        {
            HashSet<(Mnemonic, EncodingKind, bool)> seen = [];
            foreach (Code code in Enum.GetValues<Code>())
            {
                OpCodeInfo form = code.ToOpCode();
                if (!form.IsInstruction || !form.Mode64 || form.Encoding is not (EncodingKind.Legacy or EncodingKind.VEX
                        or EncodingKind.EVEX))
                    continue;
                foreach (bool memory in (bool[])[false, true])
                    if (TryCreate(form, memory, out Instruction instruction)
                        && VectorUses.Of(instruction) >= VectorUse.Mmx && VectorTable.Find(instruction) is not null
                        && (seen.Add((form.Mnemonic, form.Encoding, memory)) || form.Mnemonic is Mnemonic.Vmovups))
                        yield return Encode(instruction);
            }
        }
    }

    private static byte[] Encode(in Instruction instruction)
    {
        using MemoryStream stream = new();
        Encoder encoder = Encoder.Create(64, new StreamCodeWriter(stream));
        encoder.Encode(instruction, EngineRig.Code);
        return stream.ToArray();
    }

    private static bool TryCreate(OpCodeInfo form, bool memory, out Instruction instruction)
    {
        instruction = default;
        instruction.Code = form.Code;
        bool hasMemory = false;
        for (int n = 0; n < form.OpCount; n++)
        {
            OpCodeOperandKind kind = form.GetOpKind(n);
            if (kind == OpCodeOperandKind.mem || (memory && kind.ToString().Contains("_or_mem", StringComparison.Ordinal)))
            {
                instruction.SetOpKind(n, OpKind.Memory);
                (instruction.MemoryBase, hasMemory) = (Register.RSI, true);
            }
            else if (RegisterOf(kind.ToString(), n) is { } register)
            {
                instruction.SetOpKind(n, OpKind.Register);
                instruction.SetOpRegister(n, register);
            }
            else if (kind == OpCodeOperandKind.imm8)
            {
                instruction.SetOpKind(n, OpKind.Immediate8);
                instruction.Immediate8 = 1;
            }
            else
            {
                return false;
            }
        }
        return hasMemory == memory;
    }

    private static Register? RegisterOf(string kind, int n) =>
        kind.StartsWith("xmm", StringComparison.Ordinal) ? Register.XMM0 + n
        : kind.StartsWith("ymm", StringComparison.Ordinal) ? Register.YMM0 + n
        : kind.StartsWith("zmm", StringComparison.Ordinal) ? Register.ZMM0 + n
        : kind.StartsWith("mm", StringComparison.Ordinal) ? Register.MM0 + n
        : kind.StartsWith("k_", StringComparison.Ordinal) || kind.StartsWith("kk", StringComparison.Ordinal)
            ? Register.K1 + n
        : kind.StartsWith("r32", StringComparison.Ordinal) ? Register.R8D + n
        : kind.StartsWith("r64", StringComparison.Ordinal) ? Register.R8 + n : null;
}
