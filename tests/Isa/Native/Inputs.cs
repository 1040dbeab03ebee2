using System.Text;
using Iced.Intel;

namespace Seamsim.Tests.Isa.Native;

/// <summary>The inputs of an instruction in words, to see a disagreement again.</summary>
internal static unsafe class Inputs
{
    public static string Of(in Instruction i, in ProcessorState state, ReadOnlySpan<byte> window)
    {
        StringBuilder text = new();
        fixed (ProcessorState* before = &state)
        {
            ProcessorState* from = before;
            for (int n = 0; n < i.OpCount; n++)
                if (i.GetOpKind(n) == OpKind.Register)
                    Append(text, i.GetOpRegister(n), from);
            Append(text, i.OpMask, from);
            if (i.MemoryIndex.IsVectorRegister())
                Append(text, i.MemoryIndex, from);
            else if (Enumerable.Range(0, i.OpCount).Any(OpIsMemory(i)))
                text.Append($" [{AddressRule.Of(i, state):X}]={Bytes(i, AddressRule.Of(i, state), window)}");
            if (i.Code.CpuidFeatures()[0] is CpuidFeature.FPU or CpuidFeature.FPU387)
                text.Append($" fcw={state.Fcw:X} fsw={state.Fsw:X} ftw={state.Ftw:X}");
            else if (i.Encoding != EncodingKind.Legacy || i.Op0Register.IsVectorRegister())
                text.Append($" mxcsr={state.Mxcsr:X}");
        }
        return text.Append($" flags={state.Rflags:X}").ToString().TrimStart();
    }

    private static Func<int, bool> OpIsMemory(Instruction i) => n => i.GetOpKind(n) == OpKind.Memory;

    private static string Bytes(in Instruction i, ulong at, ReadOnlySpan<byte> window)
    {
        int bytes = Math.Clamp(i.MemorySize.GetSize(), 1, 64);
        return at >= HostArena.Window && at + (ulong)bytes <= HostArena.WindowEnd
            ? Hex(window.Slice((int)(at - HostArena.Window), bytes)) : "?";
    }

    private static void Append(StringBuilder text, Register register, ProcessorState* from)
    {
        if (register.IsVectorRegister())
            text.Append($" {register}=".ToLowerInvariant() + Hex(new(from->Zmm + (register.GetNumber() * 8), register.GetSize())));
        else if (register.IsGPR())
            text.Append($" {register}=".ToLowerInvariant() + $"{AddressRule.Read(from, register, 0, 0):X}");
        else if (register.IsK())
            text.Append($" {register}=".ToLowerInvariant() + $"{from->K[register.GetNumber()]:X}");
        else if (register.IsST() || register.IsMM())
            text.Append($" {register}=".ToLowerInvariant() + Hex(new(from->St + (Stack(register, from) * 2), 10)));
    }

    /// <summary>MMn is physical register n; the state holds ST(i).</summary>
    private static int Stack(Register register, ProcessorState* from) =>
        register.IsST() ? register.GetNumber() : (register.GetNumber() - (from->Fsw >> 11)) & 7;

    private static string Hex(ReadOnlySpan<byte> bytes)
    {
        byte[] reversed = bytes.ToArray();
        Array.Reverse(reversed);
        return Convert.ToHexString(reversed);
    }
}
