using System.Buffers.Binary;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

// IA-32e mode: 16-byte gates, five or six quadwords on an aligned stack. SDM vol. 3A, 6.14.
internal readonly unsafe ref partial struct EventEntry
{
    private Outcome EnterLong()
    {
        Span<byte> gate = stackalloc byte[16];
        if (!TryReadGate(gate))
            return Outcome.Fault;
        int kind = gate[5] & 0x1F;
        if (kind is not (InterruptGate or TrapGate))
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
            return core.Raise(Vector.GP, ErrorOf(selector));
        int cpl = code.IsConforming ? core.Cpl : code.Dpl;
        var handler = new Handler(selector, code, target, cpl, 8, kind == InterruptGate);
        int ist = gate[4] & 7;
        return TrySelectStack(handler, ist, out ulong stack) ? Enter64(handler, stack, ist) : Outcome.Fault;
    }

    private bool TrySelectStack(in Handler handler, int ist, out ulong stack)
    {
        stack = core.Lp->Gpr[4];
        if (ist != 0)
            return InnerStack.TryLoadIst(core, ist - 1, ext, out stack);
        return handler.Cpl == core.Cpl || InnerStack.TryLoadRsp(core, handler.Cpl, ext, out stack);
    }

    private Outcome Enter64(in Handler handler, ulong stack, int ist)
    {
        var image = new FrameImage(stackalloc byte[LongestFrame], 8);
        AddReturn(ref image);
        image.Add(core.Lp->Gpr[4]);
        image.Add(core.Lp->Ss.Selector);
        ulong top = stack & ~0xFUL;
        if (!core.HasRoom(default, 8, top, image.Bytes, ext))
            return Outcome.Fault;
        if (!core.IsCanonical(handler.Target))
            return core.Raise(Vector.GP, ext);
        ShadowEntry shadow = Shadow();
        if (!core.TryPrepareFrame(default, 8, top, image.Bytes, handler.Cpl, ext, out PreparedFrame frame)
            || !shadow.TryPrepare(handler.Cpl, ist, wide: true) || !TryMarkCode(handler))
            return Outcome.Fault;

        core.Push(frame, image.Image);
        shadow.Commit();
        core.Lp->Gpr[4] = frame.Pointer;
        if (handler.Cpl != core.Cpl)
            core.SetNullSs(handler.Cpl);
        return Finish(handler);
    }
}
