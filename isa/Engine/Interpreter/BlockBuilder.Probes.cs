using Iced.Intel;
using Seamsim.Isa.Probes;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

// Register markers: an op behind every instruction that writes general registers, one a register.
internal sealed unsafe partial class BlockBuilder
{
    private const int MostRegistersWritten = 3, SpareOps = 3;

    private readonly InstructionInfoFactory information = new();
    private readonly byte[] written = new byte[MostRegistersWritten];

    /// <summary>Head, block marker, fall-through and the room of a system instruction come on top.</summary>
    private int MostOps() => core.Probe switch
    {
        null => count + SpareOps,
        { SeesRegisters: true } => (count * (1 + MostRegistersWritten)) + SpareOps + 1,
        _ => count + SpareOps + 1,
    };

    /// <summary>Moves the ops apart, last one first; returns where the last one, or its last marker, now is.</summary>
    private Op* InsertRegisterMarkers(Op* last)
    {
        int ops = (int)(last - first) + 1, markers = 0;
        for (int n = 0; n < ops; n++)
            markers += Written(n);
        Op* end = last + markers, to = end;
        for (int n = ops - 1; n >= 0; n--)
        {
            Op* from = first + n;
            int registers = Written(n);
            for (int i = registers - 1; i >= 0; i--, to--)
                *to = MarkerOf(written[i]);
            *to = *from;
            to--;
        }
        return end;
    }

    private static Op MarkerOf(byte register) => new()
    {
        Fn = &RegisterMarker.Run,
        Imm = ProbeWord.Of(ProbeWord.Register, register),
        Src = (byte)(register * sizeof(ulong)),
    };

    /// <summary>
    /// General registers op <paramref name="n"/> writes, in <see cref="written"/>. Branches, and what moves RSP by a
    /// constant, are left out: the reader of the stream knows their effect. The run loop tells what a system
    /// instruction writes. (A fused pair is a comparison and a branch.)
    /// </summary>
    private int Written(int n)
    {
        Family family = keys[n].Family;
        if (family >= Family.CallDirect)
            return 0;
        int found = 0;
        foreach (UsedRegister used in information.GetInfo(decoded[n]).GetUsedRegisters())
        {
            Register full = used.Register.GetFullRegister();
            bool writes = used.Access is OpAccess.Write or OpAccess.ReadWrite or OpAccess.CondWrite or OpAccess.ReadCondWrite;
            if (!writes || !full.IsGPR64() || (full == Register.RSP && MovesStack(decoded[n], family)))
                continue;
            byte number = (byte)(full - Register.RAX);
            if (found < MostRegistersWritten && written.AsSpan(0, found).IndexOf(number) < 0)
                written[found++] = number;
        }
        return found;
    }

    private static bool MovesStack(in Instruction instruction, Family family) =>
        family is Family.Push || (family is Family.Pop && instruction.Op0Register.GetFullRegister() != Register.RSP);
}
