using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>IRET, IRETD, IRETQ in every mode. SDM vol. 2, "IRET"; vol. 3A, 7.4 and 21.2.</summary>
internal static unsafe class InterruptReturn
{
    public static Outcome Iret(Core core, in Instruction i)
    {
        int bytes = i.Mnemonic switch { Mnemonic.Iretq => 8, Mnemonic.Iretd => 4, _ => 2 };
        Outcome outcome = Return(core, i, bytes);
        if (outcome != Outcome.Fault)
            core.Lp->NmiBlocked = false;
        return outcome;
    }

    private static Outcome Return(Core core, in Instruction i, int bytes)
    {
        if (core.InVirtual8086 && core.Iopl < 3 && ((core.Lp->Cr4 & Cr4Bit.Vme) == 0 || bytes != 2))
            return core.RaiseGp0();
        if (!core.HasRealSegments && (core.Lp->Rflags & RflagsBit.Nt) != 0)
            return core.LongModeActive ? core.RaiseGp0() : ReturnToTask(core, i);
        if (!core.TryReadStack(0, bytes, out ulong offset) || !core.TryReadStack(bytes, bytes, out ulong raw)
            || !core.TryReadStack(2 * bytes, bytes, out ulong flags))
            return Outcome.Fault;
        var frame = new Frame(offset, (ushort)raw, flags, bytes);
        if (core.InVirtual8086)
            return core.Iopl < 3 ? ReturnVirtualFlag(core, frame) : ReturnReal(core, frame, VirtualMay);
        if (core.InRealMode)
            return ReturnReal(core, frame, RealMay);
        return (flags & RflagsBit.Vm) != 0 && bytes == 4 && core.Cpl == 0 && !core.LongModeActive
            ? ReturnToVirtual8086(core, frame)
            : ReturnProtected(core, frame);
    }

    private const ulong RealMay = RflagsBit.Defined & ~(RflagsBit.Vm | RflagsBit.Vif | RflagsBit.Vip);
    private const ulong VirtualMay = RealMay & ~RflagsBit.Iopl;

    private static Outcome ReturnReal(Core core, in Frame frame, ulong may)
    {
        if (FarTransfer.EnterReal(core, frame.Selector, frame.Offset) == Outcome.Fault)
            return Outcome.Fault;
        core.StackPointer += (ulong)(3 * frame.Bytes);
        LoadFlags(core, frame, may);
        return Outcome.Jumped;
    }

    /// <summary>Virtual-8086 mode with VME below IOPL 3: IF of the image becomes VIF. SDM vol. 3A, 21.3.3.</summary>
    private static Outcome ReturnVirtualFlag(Core core, in Frame frame)
    {
        bool enables = (frame.Flags & RflagsBit.If) != 0;
        bool pending = (core.Lp->Rflags & RflagsBit.Vip) != 0;
        if ((enables && pending) || (frame.Flags & RflagsBit.Tf) != 0)
            return core.RaiseGp0();
        Outcome outcome = ReturnReal(core, frame, VirtualMay & ~RflagsBit.If);
        if (outcome != Outcome.Fault)
            core.Lp->Rflags = (core.Lp->Rflags & ~RflagsBit.Vif) | (enables ? RflagsBit.Vif : 0);
        return outcome;
    }

    private static Outcome ReturnToTask(Core core, in Instruction i)
    {
        Span<byte> link = stackalloc byte[2];
        if (!core.TryReadSystem(new Gva(core.Lp->Tr.Base), link))
            return Outcome.Fault;
        var change = new TaskSwitch(core, TaskSwitchSource.Iret, (ushort)(link[0] | (link[1] << 8)), ext: 0)
        {
            ReturnRip = i.NextIP, SavedFlags = core.Rflags, InstructionLength = i.Length,
        };
        return change.Run();
    }

    /// <summary>Level 0 to virtual-8086 mode: nine doublewords. SDM vol. 3A, 21.2.6.</summary>
    private static Outcome ReturnToVirtual8086(Core core, in Frame frame)
    {
        Span<ulong> rest = stackalloc ulong[6]; // ESP, SS, ES, DS, FS, GS
        for (int slot = 0; slot < rest.Length; slot++)
            if (!core.TryReadStack((3 + slot) * 4, 4, out rest[slot]))
                return Outcome.Fault;
        if (frame.Offset > ushort.MaxValue)
            return core.RaiseGp0();
        LoadFlags(core, frame, RflagsBit.Defined);
        LogicalProcessor* lp = core.Lp;
        lp->Gpr[4] = (uint)rest[0];
        lp->Cs = Segments8086.Of(frame.Selector);
        lp->Ss = Segments8086.Of((ushort)rest[1]);
        lp->Es = Segments8086.Of((ushort)rest[2]);
        lp->Ds = Segments8086.Of((ushort)rest[3]);
        lp->Fs = Segments8086.Of((ushort)rest[4]);
        lp->Gs = Segments8086.Of((ushort)rest[5]);
        lp->Rip = frame.Offset;
        core.ModeChanged();
        return Outcome.Jumped;
    }

    private static Outcome ReturnProtected(Core core, in Frame frame)
    {
        if (!FarReturn.TryCheckCode(core, frame.Selector, out Descriptor code)
            || !FarTransfer.TryTarget(core, code, frame.Offset))
            return Outcome.Fault;
        ulong may = MayLoad(core);
        Outcome outcome;
        if (core.LongMode64 || (frame.Selector & 3) > core.Cpl)
        {
            // 64-bit mode always pops SS:RSP
            outcome = FarReturn.ReturnOutward(
                core, frame.Selector, code, frame.Offset, frame.Bytes, 3 * frame.Bytes, release: 0, iret: true);
        }
        else
        {
            int address = core.StackAddressBytes;
            ulong pointer = core.StackPointer + (ulong)(3 * frame.Bytes);
            ShadowReturn shadow = FarReturn.ShadowOf(core, frame.Selector, code, frame.Offset);
            if (!shadow.TryPrepare(core.Cpl, iret: true))
                return Outcome.Fault;
            outcome = FarTransfer.Enter(core, frame.Selector, code, frame.Offset, core.Cpl);
            if (outcome != Outcome.Fault)
            {
                shadow.Commit();
                core.SetStackPointer(pointer, address);
            }
        }
        if (outcome != Outcome.Fault)
            LoadFlags(core, frame, may);
        return outcome;
    }

    /// <summary>What the privilege level that executes IRET may change.</summary>
    private static ulong MayLoad(Core core)
    {
        ulong may = RflagsBit.Defined & ~(RflagsBit.Vm | RflagsBit.Iopl | RflagsBit.If | RflagsBit.Vif | RflagsBit.Vip);
        if (core.Cpl <= core.Iopl)
            may |= RflagsBit.If;
        return core.Cpl == 0 ? may | RflagsBit.Iopl | RflagsBit.Vif | RflagsBit.Vip : may;
    }

    private static void LoadFlags(Core core, in Frame frame, ulong may)
    {
        if (frame.Bytes == 2)
            may &= 0xFFFF;
        core.Rflags = (core.Rflags & ~may) | (frame.Flags & may);
        core.KeepResumeFlag();
        core.ModeChanged();
    }

    /// <summary>The three slots every IRET pops.</summary>
    private readonly record struct Frame(ulong Offset, ushort Selector, ulong Flags, int Bytes);
}
