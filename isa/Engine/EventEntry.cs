using System.Buffers.Binary;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

/// <summary>
/// One passage through the IDT. SDM vol. 3A, 6.12 (protected mode) and 6.14 (64-bit mode); vol. 2, "INT n". Nothing
/// architectural changes before the last push has succeeded.
/// </summary>
internal ref struct EventEntry(Core core, byte vector, bool software, bool checksDpl)
{
    private const int InterruptGate64 = 14, TrapGate64 = 15, InterruptGate16 = 6, TrapGate16 = 7, TaskGate = 5;

    private readonly uint ext = software ? 0u : 1u;

    public uint? ErrorCode { get; init; }

    public ulong ReturnRip { get; init; }

    public ulong SavedFlags { get; init; }

    /// <summary>64-bit mode: 16-byte gates, five or six quadwords on an aligned stack.</summary>
    public readonly unsafe Outcome EnterLong()
    {
        Span<byte> gate = stackalloc byte[16];
        if (!TryReadGate(gate, 16))
            return Outcome.Fault;
        int type = gate[5] & 0x1F;
        if (type is not (InterruptGate64 or TrapGate64))
            return core.Raise(Vector.GP, IdtError);
        if (!GateIsUsable(gate[5]))
            return Outcome.Fault;
        ulong target = BinaryPrimitives.ReadUInt16LittleEndian(gate) |
            ((ulong)BinaryPrimitives.ReadUInt16LittleEndian(gate[6..]) << 16) |
            ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(gate[8..]) << 32);
        ushort selector = BinaryPrimitives.ReadUInt16LittleEndian(gate[2..]);
        if (!TryReadCode(selector, out Descriptor code))
            return Outcome.Fault;
        if (!code.Is64Bit || code.IsBig)
            return core.Raise(Vector.GP, (uint)(selector & ~3) | ext);
        int cpl = code.IsConforming ? core.Cpl : code.Dpl;
        ulong stack = core.Lp->Gpr[4];
        int ist = gate[4] & 7;
        if ((ist != 0 || cpl < core.Cpl) && !TryReadTss((uint)(ist != 0 ? 28 + (8 * ist) : 4 + (8 * cpl)), out stack))
            return Outcome.Fault;
        if (!Interpreter.Flow.IsCanonical(core.Lp, target))
            return core.Raise(Vector.GP, ext);
        stack &= ~0xFUL;
        Span<byte> frame = stackalloc byte[48];
        int bytes = FillFrame64(frame);
        if (!Interpreter.Flow.IsCanonical(core.Lp, stack - (ulong)bytes) || !Interpreter.Flow.IsCanonical(core.Lp, stack - 1))
            return core.Raise(Vector.SS, ext);
        if (!core.TryWriteLinear(new Gva(stack - (ulong)bytes), frame[..bytes], cpl))
            return Outcome.Fault;

        core.Lp->Gpr[4] = stack - (ulong)bytes;
        if (cpl != core.Cpl)
            core.SetNullSs(cpl);
        core.SetCs(selector, code, cpl);
        return Finish(target, type == InterruptGate64);
    }

    /// <summary>32-bit protected mode with 16- and 32-bit gates.</summary>
    public readonly unsafe Outcome EnterProtected()
    {
        Span<byte> gate = stackalloc byte[8];
        if (!TryReadGate(gate, 8))
            return Outcome.Fault;
        int type = gate[5] & 0x1F;
        if (type is not (InterruptGate64 or TrapGate64 or InterruptGate16 or TrapGate16 or TaskGate))
            return core.Raise(Vector.GP, IdtError);
        if (!GateIsUsable(gate[5]))
            return Outcome.Fault;
        ushort selector = BinaryPrimitives.ReadUInt16LittleEndian(gate[2..]);
        if (type == TaskGate)
            return core.InterceptsTaskSwitch(selector, 3, 0, out Outcome exit) ? exit : core.Raise(Vector.TS, selector);
        if (!TryReadCode(selector, out Descriptor code))
            return Outcome.Fault;
        bool wide = type >= InterruptGate64;
        uint target = BinaryPrimitives.ReadUInt16LittleEndian(gate);
        if (wide)
            target |= (uint)BinaryPrimitives.ReadUInt16LittleEndian(gate[6..]) << 16;
        if (target > code.Limit)
            return core.Raise(Vector.GP, ext);
        int cpl = code.IsConforming ? core.Cpl : code.Dpl;
        return cpl < core.Cpl ? EnterInner(selector, code, target, wide, cpl) : EnterSame(selector, code, target, wide);
    }

    /// <summary>Real mode: the interrupt vector table at the IDT base.</summary>
    public readonly unsafe Outcome EnterReal()
    {
        Span<byte> vectorEntry = stackalloc byte[4];
        if ((vector * 4u) + 3 > core.Lp->IdtrLimit)
            return core.Raise(Vector.GP);
        if (!core.TryReadSystem(new Gva(core.Lp->IdtrBase + (vector * 4u)), vectorEntry))
            return Outcome.Fault;
        Span<byte> frame = stackalloc byte[6];
        BinaryPrimitives.WriteUInt16LittleEndian(frame, (ushort)ReturnRip);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[2..], core.Lp->Cs.Selector);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[4..], (ushort)SavedFlags);
        ushort stack = (ushort)(core.Lp->Gpr[4] - 6);
        if (!core.TryWriteLinear(new Gva(core.Lp->Ss.Base + stack), frame, 0))
            return Outcome.Fault;
        *(ushort*)&core.Lp->Gpr[4] = stack;
        ushort selector = BinaryPrimitives.ReadUInt16LittleEndian(vectorEntry[2..]);
        core.Lp->Cs.Selector = selector;
        core.Lp->Cs.Base = (ulong)selector << 4;
        return Finish(BinaryPrimitives.ReadUInt16LittleEndian(vectorEntry), true);
    }

    private readonly uint IdtError => (vector * 8u) | 2 | ext;

    private readonly unsafe bool TryReadGate(Span<byte> gate, uint bytes)
    {
        if ((vector * bytes) + bytes - 1 <= core.Lp->IdtrLimit)
            return core.TryReadSystem(new Gva(core.Lp->IdtrBase + (vector * bytes)), gate);
        core.Raise(Vector.GP, IdtError);
        return false;
    }

    private readonly bool GateIsUsable(byte access)
    {
        if (checksDpl && ((access >> 5) & 3) < core.Cpl)
            core.Raise(Vector.GP, IdtError);
        else if ((access & 0x80) == 0)
            core.Raise(Vector.NP, IdtError);
        else
            return true;
        return false;
    }

    private readonly bool TryReadCode(ushort selector, out Descriptor code)
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
            core.Raise(Vector.GP, (uint)(selector & ~3) | ext);
        else if (!code.Present)
            core.Raise(Vector.NP, (uint)(selector & ~3) | ext);
        else
            return true;
        return false;
    }

    private readonly unsafe bool TryReadTss(uint offset, out ulong value)
    {
        value = 0;
        Span<byte> raw = stackalloc byte[8];
        if (offset + 7 > core.Lp->Tr.Limit)
        {
            core.Raise(Vector.TS, (uint)(core.Lp->Tr.Selector & ~3) | ext);
            return false;
        }
        if (!core.TryReadSystem(new Gva(core.Lp->Tr.Base + offset), raw))
            return false;
        value = BinaryPrimitives.ReadUInt64LittleEndian(raw);
        return true;
    }

    private readonly unsafe int FillFrame64(Span<byte> frame)
    {
        int at = 0;
        if (ErrorCode is { } error)
            Push64(frame, ref at, error);
        Push64(frame, ref at, ReturnRip);
        Push64(frame, ref at, core.Lp->Cs.Selector);
        Push64(frame, ref at, SavedFlags);
        Push64(frame, ref at, core.Lp->Gpr[4]);
        Push64(frame, ref at, core.Lp->Ss.Selector);
        return at;
    }

    private static void Push64(Span<byte> frame, ref int at, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(frame[at..], value);
        at += 8;
    }

    private static void Push(Span<byte> frame, ref int at, bool wide, ulong value)
    {
        if (wide)
            BinaryPrimitives.WriteUInt32LittleEndian(frame[at..], (uint)value);
        else
            BinaryPrimitives.WriteUInt16LittleEndian(frame[at..], (ushort)value);
        at += wide ? 4 : 2;
    }

    private readonly unsafe int FillFrame(Span<byte> frame, bool wide, bool inner)
    {
        int at = 0;
        if (ErrorCode is { } error)
            Push(frame, ref at, wide, error);
        Push(frame, ref at, wide, ReturnRip);
        Push(frame, ref at, wide, core.Lp->Cs.Selector);
        Push(frame, ref at, wide, SavedFlags);
        if (!inner)
            return at;
        Push(frame, ref at, wide, core.Lp->Gpr[4]);
        Push(frame, ref at, wide, core.Lp->Ss.Selector);
        return at;
    }

    private readonly unsafe Outcome EnterSame(ushort selector, in Descriptor code, uint target, bool wide)
    {
        Span<byte> frame = stackalloc byte[24];
        int bytes = FillFrame(frame, wide, inner: false);
        bool big = (core.Lp->Ss.AccessRights & SegmentBit.Big) != 0;
        uint stack = (uint)core.Lp->Gpr[4] - (uint)bytes;
        if (!big)
            stack &= 0xFFFF;
        ulong linear = Segmentation.Linear(core, 2, stack, (uint)bytes);
        if (linear == Segmentation.Nowhere)
            return core.Raise(Vector.SS, ext);
        if (!core.TryWriteLinear(new Gva(linear), frame[..bytes], core.Cpl))
            return Outcome.Fault;
        if (big)
            core.Lp->Gpr[4] = stack;
        else
            *(ushort*)&core.Lp->Gpr[4] = (ushort)stack;
        core.SetCs(selector, code, core.Cpl);
        return Finish(target, IsInterruptGate());
    }

    private readonly unsafe Outcome EnterInner(ushort selector, in Descriptor code, uint target, bool wide, int cpl)
    {
        if (!TryReadTss((uint)(4 + (8 * cpl)), out ulong pointer))
            return Outcome.Fault;
        ushort stackSelector = (ushort)(pointer >> 32);
        if ((stackSelector & ~3) == 0)
            return core.Raise(Vector.TS, ext);
        if (!core.TryReadDescriptor(stackSelector, out Descriptor data, Vector.TS, ext))
            return Outcome.Fault;
        if ((stackSelector & 3) != cpl || data.Dpl != cpl || !data.IsWritable)
            return core.Raise(Vector.TS, (uint)(stackSelector & ~3) | ext);
        if (!data.Present)
            return core.Raise(Vector.SS, (uint)(stackSelector & ~3) | ext);
        Span<byte> frame = stackalloc byte[24];
        int bytes = FillFrame(frame, wide, inner: true);
        uint stack = (uint)pointer - (uint)bytes;
        if (!core.TryWriteLinear(new Gva((uint)(data.Base + stack)), frame[..bytes], cpl))
            return Outcome.Fault;
        core.Lp->Ss = data.ToSegment(stackSelector);
        core.Lp->Gpr[4] = stack;
        core.SetCs(selector, code, cpl);
        return Finish(target, IsInterruptGate());
    }

    private readonly unsafe bool IsInterruptGate()
    {
        Span<byte> access = stackalloc byte[1];
        return core.TryReadSystem(new Gva(core.Lp->IdtrBase + (vector * 8u) + 5), access) && (access[0] & 1) == 0;
    }

    private readonly unsafe Outcome Finish(ulong target, bool masksInterrupts)
    {
        ulong cleared = RflagsBit.Tf | RflagsBit.Nt | RflagsBit.Rf | RflagsBit.Vm | (masksInterrupts ? RflagsBit.If : 0);
        core.Rflags &= ~cleared;
        core.Lp->Rip = target;
        core.ModeChanged();
        return Outcome.Jumped;
    }
}
