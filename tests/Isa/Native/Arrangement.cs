using Iced.Intel;
using Seamsim.Tests.Isa.Forms;

namespace Seamsim.Tests.Isa.Native;

/// <summary>Gives instructions with implicit operands or rare conditions values that are worth trying.</summary>
internal sealed unsafe class Arrangement(OperandValues values)
{
    private const int Rax = 0, Rcx = 1, Rdx = 2, Rsp = 4, Rbp = 5;
    private readonly OperandRandom random = values.Random;

    public void Apply(in Instruction i, ref ProcessorState state, Span<byte> window)
    {
        switch (i.Mnemonic)
        {
            case Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc:
                if (i.Op0Kind == OpKind.Memory && i.Op1Kind == OpKind.Register && !Addresses(i, i.Op1Register))
                    state.Gpr[Number(i.Op1Register)] = (ulong)random.Next(-0x1000, 0x1000);
                break;
            case Mnemonic.Div or Mnemonic.Idiv:
                Divide(i, ref state);
                break;
            case Mnemonic.Cmpxchg:
                if (values.Chance(50) && !Addresses(i, Register.RAX))
                    state.Gpr[Rax] = i.Op0Kind == OpKind.Register ? state.Gpr[Number(i.Op0Register)]
                        : Load(i, state, window, 0);
                break;
            case Mnemonic.Cmpxchg8b or Mnemonic.Cmpxchg16b:
                int half = i.Mnemonic == Mnemonic.Cmpxchg8b ? 4 : 8;
                Store(i, state, window, 0, state.Gpr[Rax]);
                Store(i, state, window, half, state.Gpr[Rdx] + (values.Chance(50) ? 0UL : 1));
                break;
            case Mnemonic.Ldmxcsr or Mnemonic.Vldmxcsr:
                Store(i, state, window, 0, (ulong)random.Next() & (values.Chance(90) ? 0xFFFFUL : 0x1FFFF));
                break;
            case Mnemonic.Fxrstor or Mnemonic.Fxrstor64:
                Store(i, state, window, 24, (ulong)random.Next() & 0xFFFF);
                break;
            case Mnemonic.Jmp or Mnemonic.Call when i.Op0Kind == OpKind.Register:
                if (Number(i.Op0Register) != Rsp)
                    state.Gpr[Number(i.Op0Register)] = Target();
                break;
            case Mnemonic.Jmp or Mnemonic.Call when i.Op0Kind == OpKind.Memory:
                Store(i, state, window, 0, Target());
                break;
            case Mnemonic.Ret:
                At(window, state.Gpr[Rsp]) = Target();
                break;
            case Mnemonic.Popfq or Mnemonic.Popf:
                At(window, state.Gpr[Rsp]) = ((ulong)random.Next() & ~0x40100UL) | 0x202; // neither TF nor AC
                break;
            case Mnemonic.Leave or Mnemonic.Enter:
                // the frames ENTER copies stay clear of those it makes: processors differ in when they read
                state.Gpr[Rbp] = state.Gpr[Rsp] + 0x108 + (ulong)random.Next(0x40) * 8;
                break;
            case Mnemonic.Loop or Mnemonic.Loope or Mnemonic.Loopne or Mnemonic.Jrcxz or Mnemonic.Jecxz:
                state.Gpr[Rcx] = (values.Chance(20) ? values.Random64() << 32 : 0) + (uint)random.Next(3);
                break;
        }
        if (XsaveArrangement.Saves(i.Mnemonic))
            new XsaveArrangement(values).Apply(i, ref state, window);
        if (i.IsStringInstruction && (i.HasRepPrefix || i.HasRepnePrefix))
            state.Gpr[Rcx] = (ulong)random.Next(20);
    }

    private void Divide(in Instruction i, ref ProcessorState state)
    {
        if (values.Chance(25) || Addresses(i, Register.RDX) || Addresses(i, Register.RAX))
            return;
        if (values.Chance(30))
            state.Gpr[Rax] = values.Integer() >> random.Next(64);
        state.Gpr[Rdx] = i.Mnemonic == Mnemonic.Idiv && values.Chance(50)
            ? (ulong)((long)state.Gpr[Rax] >> 63) : (ulong)random.Next(3);
    }

    private static bool Addresses(in Instruction i, Register register) =>
        i.MemoryBase.GetFullRegister() == register.GetFullRegister()
        || i.MemoryIndex.GetFullRegister() == register.GetFullRegister();

    private ulong Target() => HostProcessor.InstructionAt + (ulong)random.Next(0x20, 0x300);

    private static int Number(Register register) => register.GetFullRegister() - Register.RAX;

    private static ref ulong At(Span<byte> window, ulong address) =>
        ref System.Runtime.CompilerServices.Unsafe.As<byte, ulong>(ref window[(int)(address - HostArena.Window)]);

    private static ulong Load(in Instruction i, in ProcessorState state, Span<byte> window, int offset) =>
        TryLocate(i, state, out ulong at) ? At(window, at + (ulong)offset) : 0;

    private static void Store(in Instruction i, in ProcessorState state, Span<byte> window, int offset, ulong value)
    {
        if (TryLocate(i, state, out ulong at))
            At(window, at + (ulong)offset) = value;
    }

    private static bool TryLocate(in Instruction i, in ProcessorState state, out ulong at)
    {
        at = AddressRule.Of(i, state);
        return at >= HostArena.Window && at <= HostArena.WindowEnd - 64;
    }
}
