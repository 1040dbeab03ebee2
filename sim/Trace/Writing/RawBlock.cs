namespace Seamsim.Trace;

/// <summary>A block definition between recorder and encoder: three words and the code.</summary>
internal static class RawBlock
{
    /// <summary>KeyID 15:0, code size 23:16, CPL 27:24, world 31:28, instructions 47:32, code bytes 63:48.</summary>
    public static ulong Pack(BlockDefinition block) =>
        block.KeyId | ((ulong)block.Bits << 16) | ((ulong)block.Cpl << 24) | (block.Paid ? (ulong)BlockDefinition.PaidBit << 24 : 0) | ((ulong)block.World << 28)
        | ((ulong)block.Instructions << 32) | ((ulong)block.Code.Length << 48);

    public static BlockDefinition Unpack(ReadOnlySpan<ulong> words)
    {
        ulong packed = words[2];
        byte[] code = new byte[packed >> 48];
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(words[3..])[..code.Length].CopyTo(code);
        return new BlockDefinition(
            words[0], words[1], (ushort)packed, (byte)(packed >> 16), (byte)((packed >> 24) & 3),
            (TraceWorld)((packed >> 28) & 15), (int)(packed >> 32) & 0xFFFF, code)
        {
            Paid = ((packed >> 24) & BlockDefinition.PaidBit) != 0,
        };
    }
}
