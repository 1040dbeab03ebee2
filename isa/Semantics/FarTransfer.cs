using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// Far JMP and CALL: to code segments, through call gates and to tasks. SDM vol. 2, "JMP" and "CALL"; vol. 3A, 5.8.
/// </summary>
internal static unsafe class FarTransfer
{
    private const int CallGate16 = 4, TaskGate = 5, CallGate = 12, SystemTypes = 16;

    public static Outcome Jmp(Core core, in Instruction i)
    {
        if (!TryReadPointer(core, i, out FarPointer pointer))
            return Outcome.Fault;
        if (core.HasRealSegments)
            return EnterReal(core, pointer.Selector, pointer.Offset);
        return TryRead(core, pointer.Selector, out Descriptor d) ? Transfer(core, i, pointer, d, call: false) : Outcome.Fault;
    }

    public static Outcome Call(Core core, in Instruction i)
    {
        if (!TryReadPointer(core, i, out FarPointer pointer))
            return Outcome.Fault;
        if (core.HasRealSegments)
            return CallReal(core, i, pointer);
        return TryRead(core, pointer.Selector, out Descriptor d) ? Transfer(core, i, pointer, d, call: true) : Outcome.Fault;
    }

    /// <summary>Real and virtual-8086 mode: the selector is the segment's base divided by 16.</summary>
    public static Outcome EnterReal(Core core, ushort selector, ulong offset)
    {
        if (offset > core.Lp->Cs.Limit)
            return core.RaiseGp0();
        core.Lp->Cs.Selector = selector;
        core.Lp->Cs.Base = (ulong)selector << 4;
        core.Lp->Rip = offset;
        core.ModeChanged();
        return Outcome.Jumped;
    }

    /// <summary>Loads CS:RIP; the accessed flag is the last thing that can fault.</summary>
    public static Outcome Enter(Core core, ushort selector, in Descriptor code, ulong offset, int cpl)
    {
        if (!core.TryMarkDescriptor(selector, code, code.Type | 1))
            return Outcome.Fault;
        core.SetCs(selector, code, cpl);
        core.Lp->Rip = offset;
        core.ModeChanged();
        return Outcome.Jumped;
    }

    /// <summary>As <see cref="Enter"/> at the current level, and an ENDBRANCH is awaited.</summary>
    public static Outcome EnterTracked(Core core, ushort selector, in Descriptor code, ulong offset)
    {
        Outcome outcome = Enter(core, selector, code, offset, core.Cpl);
        if (outcome != Outcome.Fault)
            core.TrackFar();
        return outcome;
    }

    /// <summary>The linear address that a shadow stack keeps of a return address.</summary>
    public static ulong ReturnLinear(Core core, ulong next) =>
        core.LongMode64 ? next : (uint)(core.Lp->Cs.Base + next);

    /// <summary>Outside 64-bit code SSP must lie below 4 GiB, else #GP(0).</summary>
    public static bool TryKeepShadow(Core core, in Descriptor code)
    {
        bool wide = core.LongModeActive && code.Is64Bit;
        if (wide || !core.ShadowStackEnabled(core.Cpl) || core.Lp->Ssp >> 32 == 0)
            return true;
        core.RaiseGp0();
        return false;
    }

    /// <summary>A target beyond the limit, or not canonical in 64-bit code, is #GP(0).</summary>
    public static bool TryTarget(Core core, in Descriptor code, ulong offset)
    {
        bool to64 = core.LongModeActive && code.Is64Bit;
        if (to64 ? core.IsCanonical(offset) : offset <= code.Limit)
            return true;
        core.RaiseGp0();
        return false;
    }

    /// <summary>Reads a descriptor for a transfer; a null selector is #GP(0). System descriptors are wide in IA-32e mode.</summary>
    public static bool TryRead(Core core, ushort selector, out Descriptor descriptor)
    {
        descriptor = default;
        if ((selector & ~3) == 0)
        {
            core.RaiseGp0();
            return false;
        }
        return core.TryReadDescriptor(selector, out descriptor);
    }

    private static Outcome Transfer(Core core, in Instruction i, in FarPointer pointer, in Descriptor d, bool call)
    {
        if (d.IsCodeOrData)
            return call ? CallCode(core, i, pointer, d) : JumpCode(core, pointer, d);
        uint error = (uint)(pointer.Selector & ~3);
        bool busy = (d.Type & 2) != 0;
        if (d.Type == CallGate || (d.Type == CallGate16 && !core.LongModeActive))
            return new CallGates(core, i, pointer.Selector, call).Run(d);
        bool toTask = !core.LongModeActive && (d.Type == TaskGate || ((d.Type & 5) == 1 && !busy));
        if (!toTask || d.Dpl < Math.Max(core.Cpl, pointer.Selector & 3))
            return core.Raise(Vector.GP, error);
        if (!d.Present)
            return core.Raise(Vector.NP, error);
        ushort target = d.Type == TaskGate ? d.GateSelector : pointer.Selector;
        var change = new TaskSwitch(core, call ? TaskSwitchSource.Call : TaskSwitchSource.Jump, target, ext: 0)
        {
            ReturnRip = i.NextIP, SavedFlags = core.Rflags, InstructionLength = i.Length,
        };
        return change.Run();
    }

    private static Outcome JumpCode(Core core, in FarPointer pointer, in Descriptor code) =>
        TryCheck(core, pointer.Selector, code) && TryTarget(core, code, pointer.Offset) && TryKeepShadow(core, code)
            ? EnterTracked(core, pointer.Selector, code, pointer.Offset)
            : Outcome.Fault;

    private static Outcome CallCode(Core core, in Instruction i, in FarPointer pointer, in Descriptor code)
    {
        var image = new FrameImage(stackalloc byte[16], pointer.Bytes);
        image.Add(i.NextIP);
        image.Add(core.Lp->Cs.Selector);
        int address = core.StackAddressBytes;
        ulong top = core.Lp->Gpr[4];
        var shadow = new ShadowEntry(core, ReturnLinear(core, i.NextIP));
        if (!TryCheck(core, pointer.Selector, code)
            || !core.HasRoom(core.Lp->Ss, address, top, image.Bytes, 0)
            || !TryTarget(core, code, pointer.Offset)
            || !core.IsStackAligned(pointer.Bytes)
            || !core.TryPrepareFrame(core.Lp->Ss, address, top, image.Bytes, core.Cpl, 0, out PreparedFrame frame)
            || !shadow.TryPrepare(core.Cpl, 0, core.LongModeActive && code.Is64Bit)
            || EnterTracked(core, pointer.Selector, code, pointer.Offset) == Outcome.Fault)
            return Outcome.Fault;

        core.Push(frame, image.Image);
        shadow.Commit();
        core.SetStackPointer(frame.Pointer, address);
        return Outcome.Jumped;
    }

    private static Outcome CallReal(Core core, in Instruction i, in FarPointer pointer)
    {
        var image = new FrameImage(stackalloc byte[16], pointer.Bytes);
        image.Add(i.NextIP);
        image.Add(core.Lp->Cs.Selector);
        int address = core.StackAddressBytes;
        ulong top = core.Lp->Gpr[4];
        if (!core.HasRoom(core.Lp->Ss, address, top, image.Bytes, 0)
            || !core.TryPrepareFrame(core.Lp->Ss, address, top, image.Bytes, core.Cpl, 0, out PreparedFrame frame)
            || EnterReal(core, pointer.Selector, pointer.Offset) == Outcome.Fault)
            return Outcome.Fault;

        core.Push(frame, image.Image);
        core.SetStackPointer(frame.Pointer, address);
        return Outcome.Jumped;
    }

    /// <summary>A code segment that a direct far JMP or CALL may enter at the current level.</summary>
    private static bool TryCheck(Core core, ushort selector, in Descriptor code)
    {
        bool level = code.IsConforming ? code.Dpl <= core.Cpl : code.Dpl == core.Cpl && (selector & 3) <= core.Cpl;
        if (!code.IsCode || !level || (core.LongModeActive && code.Is64Bit && code.IsBig))
            core.Raise(Vector.GP, (uint)(selector & ~3));
        else if (!code.Present)
            core.Raise(Vector.NP, (uint)(selector & ~3));
        else
            return true;
        return false;
    }

    private static bool TryReadPointer(Core core, in Instruction i, out FarPointer pointer)
    {
        if (i.Op0Kind is OpKind.FarBranch16 or OpKind.FarBranch32)
        {
            bool narrow = i.Op0Kind == OpKind.FarBranch16;
            pointer = new FarPointer(i.FarBranchSelector, narrow ? i.FarBranch16 : i.FarBranch32, narrow ? 2 : 4);
            return true;
        }
        return FarPointer.TryRead(core, i, i.MemorySize.GetSize() - 2, out pointer);
    }
}
