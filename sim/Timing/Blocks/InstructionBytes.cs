using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>What the predecoder sees in the bytes of an instruction. SDM vol. 2, 2.1 and 2.3.</summary>
internal static class InstructionBytes
{
    /// <summary>Where the nominal opcode byte is: after prefixes and escapes.</summary>
    public static int OpcodeOffset(ReadOnlySpan<byte> bytes)
    {
        int at = Prefixes(bytes);
        if (at < bytes.Length - 1 && (bytes[at] & 0xF0) == 0x40)
            at++;
        int escape = bytes[at] switch
        {
            0xC5 when bytes.Length - at > 2 => 2,
            0xC4 when bytes.Length - at > 3 => 3,
            0x62 when bytes.Length - at > 4 => 4,
            0x0F when at + 1 < bytes.Length => bytes[at + 1] is 0x38 or 0x3A ? 2 : 1,
            _ => 0,
        };
        return Math.Min(at + escape, bytes.Length - 1);
    }

    /// <summary>Whether a 66 prefix shortens the immediate, so that the predecoder has to look again.</summary>
    public static bool HasLengthChangingPrefix(in Instruction instruction, ReadOnlySpan<byte> bytes)
    {
        if (!HasImmediate16(instruction))
            return false;
        return bytes[..Prefixes(bytes)].Contains((byte)0x66);
    }

    private static bool HasImmediate16(in Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
            if (instruction.GetOpKind(i) == OpKind.Immediate16)
                return true;
        return false;
    }

    private static int Prefixes(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length - 1 && bytes[at] is 0x66 or 0x67 or 0xF0 or 0xF2 or 0xF3
            or 0x2E or 0x36 or 0x3E or 0x26 or 0x64 or 0x65)
            at++;
        return at;
    }
}
