using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>IRET, IRETD, IRETQ. SDM vol. 2. Virtual-8086 mode and nested tasks are not modelled: #GP(0).</summary>
internal static unsafe class InterruptReturn
{
    public static Outcome Iret(Core core, in Instruction i)
    {
        int bytes = i.Mnemonic switch { Mnemonic.Iretq => 8, Mnemonic.Iretd => 4, _ => 2 };
        if ((core.Rflags & RflagsBit.Nt) != 0 && !FarTransfer.IsReal(core))
            return core.RaiseGp0();
        if (!core.TryReadStack(0, bytes, out ulong offset) || !core.TryReadStack(bytes, bytes, out ulong raw)
            || !core.TryReadStack(2 * bytes, bytes, out ulong flags))
            return Outcome.Fault;
        Outcome outcome = FarTransfer.IsReal(core)
            ? ReturnReal(core, offset, (ushort)raw, bytes)
            : Return(core, offset, (ushort)raw, flags, bytes);
        if (outcome == Outcome.Fault)
            return outcome;
        core.Lp->NmiBlocked = false;
        return Outcome.Jumped;
    }

    private static Outcome ReturnReal(Core core, ulong offset, ushort selector, int bytes)
    {
        core.TryReadStack(2 * bytes, bytes, out ulong flags);
        if (FarTransfer.EnterReal(core, selector, offset) == Outcome.Fault)
            return Outcome.Fault;
        core.StackPointer += (ulong)(3 * bytes);
        Stack.LoadFlags(core, flags, bytes);
        return Outcome.Jumped;
    }

    private static Outcome Return(Core core, ulong offset, ushort selector, ulong flags, int bytes)
    {
        if ((flags & RflagsBit.Vm) != 0 && !core.LongModeActive)
            return core.RaiseGp0();
        if (!FarTransfer.TryCheckReturn(core, selector, out Descriptor code) || !FarTransfer.TryTarget(core, code, offset))
            return Outcome.Fault;
        int from = core.Cpl, iopl = (int)(core.Lp->Rflags >> 12) & 3;
        Outcome outcome;
        if (core.LongMode64 || (selector & 3) > from)
        {
            // 64-bit mode always pops SS:RSP
            if (!core.TryReadStack(3 * bytes, bytes, out ulong stack) || !core.TryReadStack(4 * bytes, bytes, out ulong data))
                return Outcome.Fault;
            outcome = FarTransfer.ReturnOutward(core, selector, code, offset, (ushort)data, stack);
        }
        else
        {
            core.StackPointer += (ulong)(3 * bytes);
            outcome = FarTransfer.Enter(core, selector, code, offset, selector & 3);
        }
        if (outcome != Outcome.Fault)
            LoadFlags(core, flags, bytes, from, iopl);
        return outcome;
    }

    /// <summary>What may change is decided by the privilege level that executed IRET.</summary>
    private static void LoadFlags(Core core, ulong image, int bytes, int cpl, int iopl)
    {
        ulong may = RflagsBit.Defined & ~(RflagsBit.Vm | RflagsBit.Iopl | RflagsBit.If | RflagsBit.Vif | RflagsBit.Vip);
        if (cpl <= iopl)
            may |= RflagsBit.If;
        if (cpl == 0)
            may |= RflagsBit.Iopl;
        if (bytes == 2)
            may &= 0xFFFF;
        core.Rflags = (core.Rflags & ~may) | (image & may);
        core.ModeChanged();
    }
}
