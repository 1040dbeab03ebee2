using System.Buffers.Binary;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

/// <summary>
/// One passage through the IDT. SDM vol. 3A, 6.12 (protected mode) and 21.3 (virtual-8086 mode); vol. 2, "INT n". The
/// other modes are in the parts beside this file. Nothing architectural changes before the frame has been translated.
/// </summary>
internal readonly unsafe ref partial struct EventEntry(Core core, byte vector, EventType type)
{
    private const int InterruptGate = 14, TrapGate = 15, InterruptGate16 = 6, TrapGate16 = 7, TaskGate = 5;
    private const uint IdtIndicator = 2;
    private const int LongestFrame = 48;

    /// <summary>EXT: clear for INT n, INT3 and INTO. SDM vol. 2, "INT n", error_code().</summary>
    private readonly uint ext = IsSoftware(type) ? 0u : 1u;

    public uint? ErrorCode { get; init; }

    public ulong ReturnRip { get; init; }

    public ulong SavedFlags { get; init; }

    /// <summary>Enters the handler in whatever mode the processor is in.</summary>
    public Outcome Enter()
    {
        if (core.InRealMode)
            return EnterReal(core.Lp->IdtrBase, core.Lp->IdtrLimit);
        return core.LongModeActive ? EnterLong() : EnterProtected();
    }

    /// <summary>Protected and virtual-8086 mode: task gates, 16- and 32-bit interrupt and trap gates.</summary>
    private Outcome EnterProtected()
    {
        Span<byte> gate = stackalloc byte[8];
        if (!TryReadGate(gate))
            return Outcome.Fault;
        int kind = gate[5] & 0x1F;
        if (kind is not (InterruptGate or TrapGate or InterruptGate16 or TrapGate16 or TaskGate))
            return core.Raise(Vector.GP, IdtError);
        if (!GateIsUsable(gate[5]))
            return Outcome.Fault;
        ushort selector = BinaryPrimitives.ReadUInt16LittleEndian(gate[2..]);
        if (kind == TaskGate)
            return EnterTask(selector);
        if (!TryReadCode(selector, out Descriptor code))
            return Outcome.Fault;
        int cpl = code.IsConforming ? core.Cpl : code.Dpl;
        if (core.InVirtual8086 && cpl != 0)
            return core.Raise(Vector.GP, ErrorOf(selector));
        int slot = kind >= InterruptGate ? 4 : 2;
        uint target = BinaryPrimitives.ReadUInt16LittleEndian(gate);
        if (slot == 4)
            target |= (uint)BinaryPrimitives.ReadUInt16LittleEndian(gate[6..]) << 16;
        var handler = new Handler(selector, code, target, cpl, slot, kind is InterruptGate or InterruptGate16);
        return cpl < core.Cpl ? EnterInner(handler) : EnterSame(handler);
    }

    private Outcome EnterSame(in Handler handler)
    {
        var image = new FrameImage(stackalloc byte[LongestFrame], handler.Slot);
        AddReturn(ref image);
        int address = Core.StackBytesOf(core.Lp->Ss);
        ulong top = core.Lp->Gpr[4];
        ShadowEntry shadow = Shadow();
        if (!core.HasRoom(core.Lp->Ss, address, top, image.Bytes, ext) || !TryTarget(handler)
            || !core.TryPrepareFrame(core.Lp->Ss, address, top, image.Bytes, core.Cpl, ext, out PreparedFrame frame)
            || !shadow.TryPrepare(core.Cpl, 0, wide: false) || !TryMarkCode(handler))
            return Outcome.Fault;

        core.Push(frame, image.Image);
        shadow.Commit();
        core.SetStackPointer(frame.Pointer, address);
        return Finish(handler);
    }

    /// <summary>To the stack of a more privileged level; from virtual-8086 mode with the data segments in the frame.</summary>
    private Outcome EnterInner(in Handler handler)
    {
        if (!InnerStack.TryLoad(core, handler.Cpl, ext, out Segment stack, out uint top))
            return Outcome.Fault;
        bool virtual8086 = core.InVirtual8086;
        var image = new FrameImage(stackalloc byte[LongestFrame], handler.Slot);
        AddReturn(ref image);
        image.Add(core.Lp->Gpr[4]);
        image.Add(core.Lp->Ss.Selector);
        if (virtual8086)
        {
            image.Add(core.Lp->Es.Selector);
            image.Add(core.Lp->Ds.Selector);
            image.Add(core.Lp->Fs.Selector);
            image.Add(core.Lp->Gs.Selector);
        }
        int address = Core.StackBytesOf(stack);
        uint error = (uint)(stack.Selector & ~3) | ext;
        ShadowEntry shadow = Shadow();
        if (!core.HasRoom(stack, address, top, image.Bytes, error) || !TryTarget(handler)
            || !core.TryPrepareFrame(stack, address, top, image.Bytes, handler.Cpl, error, out PreparedFrame frame)
            || !shadow.TryPrepare(handler.Cpl, 0, wide: false) || !TryMarkCode(handler))
            return Outcome.Fault;

        core.Push(frame, image.Image);
        shadow.Commit();
        core.Lp->Ss = stack;
        core.Lp->Gpr[4] = frame.Pointer;
        if (virtual8086)
            core.Lp->Es = core.Lp->Ds = core.Lp->Fs = core.Lp->Gs = new Segment { AccessRights = SegmentBit.Unusable };
        return Finish(handler);
    }

    /// <summary>A task gate: the handler is a task of its own. SDM vol. 3A, 6.12.2.</summary>
    private Outcome EnterTask(ushort selector)
    {
        var change = new TaskSwitch(core, TaskSwitchSource.Gate, selector, ext)
        {
            ReturnRip = ReturnRip, SavedFlags = SavedFlags,
            InstructionLength = IsSoftware(type) ? (int)(ReturnRip - core.Lp->Rip) : 0,
        };
        return change.Run(ErrorCode);
    }

    private uint IdtError => (vector * 8u) | IdtIndicator | ext;

    private static bool IsSoftware(EventType type) => type is EventType.SoftwareInterrupt or EventType.SoftwareException;

    private uint ErrorOf(ushort selector) => (uint)(selector & ~3) | ext;

    private bool TryReadGate(Span<byte> gate)
    {
        uint offset = vector * (uint)gate.Length;
        if (offset + gate.Length - 1 <= core.Lp->IdtrLimit)
            return core.TryReadSystem(new Gva(core.Lp->IdtrBase + offset), gate);
        core.Raise(Vector.GP, IdtError);
        return false;
    }

    private bool GateIsUsable(byte access)
    {
        if (IsSoftware(type) && ((access >> 5) & 3) < core.Cpl)
            core.Raise(Vector.GP, IdtError);
        else if ((access & 0x80) == 0)
            core.Raise(Vector.NP, IdtError);
        else
            return true;
        return false;
    }

    private bool TryReadCode(ushort selector, out Descriptor code)
    {
        code = default;
        if ((selector & ~3) == 0)
        {
            core.Raise(Vector.GP, ext);
            return false;
        }
        if (!core.TryReadDescriptor(selector, out code, Vector.GP, ext))
            return false;
        if (!code.IsCode || code.Dpl > core.Cpl)
            core.Raise(Vector.GP, ErrorOf(selector));
        else if (!code.Present)
            core.Raise(Vector.NP, ErrorOf(selector));
        else
            return true;
        return false;
    }

    private bool TryTarget(in Handler handler)
    {
        if (handler.Target <= handler.Code.Limit)
            return true;
        core.Raise(Vector.GP, ext);
        return false;
    }

    private bool TryMarkCode(in Handler handler) =>
        core.TryMarkDescriptor(handler.Selector, handler.Code, handler.Code.Type | 1);

    private void AddReturn(ref FrameImage image)
    {
        if (ErrorCode is { } error)
            image.Add(error);
        image.Add(ReturnRip);
        image.Add(core.Lp->Cs.Selector);
        image.Add(SavedFlags);
    }

    private Outcome Finish(in Handler handler)
    {
        core.SetCs(handler.Selector, handler.Code, handler.Cpl);
        ulong cleared = RflagsBit.Tf | RflagsBit.Nt | RflagsBit.Rf | RflagsBit.Vm | (handler.Masks ? RflagsBit.If : 0);
        core.Rflags &= ~cleared;
        core.Lp->Rip = handler.Target;
        core.TrackFar();
        core.ModeChanged();
        return Outcome.Jumped;
    }

    private ShadowEntry Shadow() =>
        new(core, core.LongMode64 ? ReturnRip : (uint)(core.Lp->Cs.Base + ReturnRip));

    /// <summary>What a gate leads to.</summary>
    /// <param name="Selector">Code segment selector.</param>
    /// <param name="Code">Its descriptor.</param>
    /// <param name="Target">Offset of the handler.</param>
    /// <param name="Cpl">Privilege level of the handler.</param>
    /// <param name="Slot">Bytes of a stack slot.</param>
    /// <param name="Masks">An interrupt gate: clears IF.</param>
    private readonly record struct Handler(
        ushort Selector, Descriptor Code, ulong Target, int Cpl, int Slot, bool Masks);
}
