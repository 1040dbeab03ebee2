using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// CALL and JMP through 16-, 32- and 64-bit call gates. SDM vol. 3A, 5.8.3 to 5.8.5; vol. 2, "CALL".
/// </summary>
/// <param name="core">The processor.</param>
/// <param name="i">The instruction.</param>
/// <param name="selector">Selector of the gate.</param>
/// <param name="call">CALL, which may change the privilege level.</param>
internal readonly unsafe ref struct CallGates(Core core, in Instruction i, ushort selector, bool call)
{
    private const int Wide = 8, LongestFrame = (4 + 31) * 8;

    private readonly ulong next = i.NextIP;

    public Outcome Run(in Descriptor narrow)
    {
        uint error = (uint)(selector & ~3);
        Descriptor gate = narrow;
        if (core.LongModeActive)
        {
            if (!core.TryReadDescriptor(selector, out gate, wide: true))
                return Outcome.Fault;
            if (gate.UpperType != 0)
                return core.Raise(Vector.GP, error);
        }
        if (gate.Dpl < Math.Max(core.Cpl, selector & 3))
            return core.Raise(Vector.GP, error);
        if (!gate.Present)
            return core.Raise(Vector.NP, error);
        ushort target = gate.GateSelector;
        if (!FarTransfer.TryRead(core, target, out Descriptor code) || !TryCheckCode(target, code))
            return Outcome.Fault;
        int slot = core.LongModeActive ? 8 : (gate.Type & Wide) != 0 ? 4 : 2;
        ulong offset = slot == 2 ? (ushort)gate.GateOffset : core.LongModeActive ? gate.GateOffset : (uint)gate.GateOffset;
        if (!call)
            return FarTransfer.TryTarget(core, code, offset) && FarTransfer.TryKeepShadow(core, code)
                ? FarTransfer.EnterTracked(core, target, code, offset)
                : Outcome.Fault;
        return code.IsConforming || code.Dpl == core.Cpl
            ? CallSame(target, code, offset, slot)
            : CallInner(target, code, offset, slot, gate.GateParameters);
    }

    private bool TryCheckCode(ushort target, in Descriptor code)
    {
        bool level = code.IsConforming || call ? code.Dpl <= core.Cpl : code.Dpl == core.Cpl;
        if (!code.IsCode || !level || (core.LongModeActive && (!code.Is64Bit || code.IsBig)))
            core.Raise(Vector.GP, (uint)(target & ~3));
        else if (!code.Present)
            core.Raise(Vector.NP, (uint)(target & ~3));
        else
            return true;
        return false;
    }

    private Outcome CallSame(ushort target, in Descriptor code, ulong offset, int slot)
    {
        var image = new FrameImage(stackalloc byte[16], slot);
        image.Add(next);
        image.Add(core.Lp->Cs.Selector);
        int address = slot == 8 ? 8 : core.StackAddressBytes;
        ulong top = core.Lp->Gpr[4];
        var shadow = new ShadowEntry(core, FarTransfer.ReturnLinear(core, next));
        if (!core.HasRoom(core.Lp->Ss, address, top, image.Bytes, 0)
            || !FarTransfer.TryTarget(core, code, offset)
            || !core.IsStackAligned(slot)
            || !core.TryPrepareFrame(core.Lp->Ss, address, top, image.Bytes, core.Cpl, 0, out PreparedFrame frame)
            || !shadow.TryPrepare(core.Cpl, 0, slot == 8)
            || FarTransfer.EnterTracked(core, target, code, offset) == Outcome.Fault)
            return Outcome.Fault;

        core.Push(frame, image.Image);
        shadow.Commit();
        core.SetStackPointer(frame.Pointer, address);
        return Outcome.Jumped;
    }

    private Outcome CallInner(ushort target, in Descriptor code, ulong offset, int slot, int parameters)
    {
        int cpl = code.Dpl;
        if (!TryLoadStack(cpl, slot, out Segment stack, out ulong top))
            return Outcome.Fault;
        var image = new FrameImage(stackalloc byte[LongestFrame], slot);
        image.Add(next);
        image.Add(core.Lp->Cs.Selector);
        if (slot != 8 && !TryCopyParameters(ref image, parameters, slot))
            return Outcome.Fault;
        image.Add(core.Lp->Gpr[4]);
        image.Add(core.Lp->Ss.Selector);
        int address = slot == 8 ? 8 : Core.StackBytesOf(stack);
        uint error = (uint)(stack.Selector & ~3);
        var shadow = new ShadowEntry(core, FarTransfer.ReturnLinear(core, next));
        if (!core.HasRoom(stack, address, top, image.Bytes, error)
            || !FarTransfer.TryTarget(core, code, offset)
            || !core.TryPrepareFrame(stack, address, top, image.Bytes, cpl, error, out PreparedFrame frame)
            || !shadow.TryPrepare(cpl, 0, slot == 8)
            || !core.TryMarkDescriptor(target, code, code.Type | 1))
            return Outcome.Fault;

        core.Push(frame, image.Image);
        shadow.Commit();
        core.Lp->Ss = stack;
        core.Lp->Gpr[4] = frame.Pointer;
        return FarTransfer.EnterTracked(core, target, code with { Low = code.Low | Descriptor.AccessedBit }, offset);
    }

    private bool TryLoadStack(int cpl, int slot, out Segment stack, out ulong top)
    {
        if (slot != 8)
        {
            bool loaded = InnerStack.TryLoad(core, cpl, 0, out stack, out uint pointer);
            top = pointer;
            return loaded;
        }
        stack = new Segment { Selector = (ushort)cpl, AccessRights = SegmentBit.Unusable | ((uint)cpl << 5) };
        return InnerStack.TryLoadRsp(core, cpl, 0, out top);
    }

    /// <summary>Parameters lie above the stack pointer, the last one pushed lowest, and keep their order.</summary>
    private bool TryCopyParameters(ref FrameImage image, int parameters, int slot)
    {
        for (int n = 0; n < parameters; n++)
        {
            if (!core.TryReadStack(n * slot, slot, out ulong value))
                return false;
            image.Add(value);
        }
        return true;
    }
}
