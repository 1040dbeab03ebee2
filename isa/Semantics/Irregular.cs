using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Semantics;

/// <summary>Data instructions whose operands fit no handler. SDM vol. 2; named after the instructions.</summary>
internal static unsafe class Irregular
{
    public static Outcome Lea(Core core, in Instruction i)
    {
        core.WriteRegister(i.Op0Register, core.EffectiveOffset(i));
        return Outcome.Next;
    }

    public static Outcome Xlat(Core core, in Instruction i)
    {
        if (!core.TryReadOperand(i, 0, out ulong value))
            return Outcome.Fault;
        core.WriteRegister(Register.AL, value);
        return Outcome.Next;
    }

    public static Outcome Movdiri(Core core, in Instruction i) =>
        core.TryWriteOperand(i, 0, core.ReadOperand(i, 1)) ? Outcome.Next : Outcome.Fault;

    public static Outcome Cmpxchg8b(Core core, in Instruction i)
    {
        Gva at = core.EffectiveAddress(i);
        int segment = Core.SegmentIndex(i.MemorySegment);
        if (!core.CarefulPrepareWrite(at.Value, 8, segment) || !core.CarefulRead(at.Value, 8, segment))
            return Outcome.Fault;
        ulong old = core.Lp->Slow, expected = (uint)core.Lp->Gpr[0] | (core.Lp->Gpr[2] << 32);
        bool equal = old == expected;
        core.CarefulWrite(at.Value, 8, equal ? (uint)core.Lp->Gpr[3] | (core.Lp->Gpr[1] << 32) : old);
        if (!equal)
            (core.Lp->Gpr[0], core.Lp->Gpr[2]) = ((uint)old, old >> 32);
        LazyFlags.Update(core.Lp, RflagsBit.Zf, equal ? RflagsBit.Zf : 0);
        return Outcome.Next;
    }

    public static Outcome Cmpxchg16b(Core core, in Instruction i)
    {
        Gva at = core.EffectiveAddress(i);
        if ((at.Value & 15) != 0)
            return core.RaiseGp0();
        Span<byte> bytes = stackalloc byte[16];
        // memory is written in either case, so what the page does not allow faults as a write
        if (!core.CarefulPrepareWrite(at.Value, 8, Core.SegmentIndex(i.MemorySegment))
            || !core.TryReadLinear(at, bytes, core.Cpl))
            return Outcome.Fault;
        ulong low = BinaryPrimitives.ReadUInt64LittleEndian(bytes), high = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        bool equal = low == core.Lp->Gpr[0] && high == core.Lp->Gpr[2];
        if (equal)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, core.Lp->Gpr[3]);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], core.Lp->Gpr[1]);
        }
        if (!core.TryWriteLinear(at, bytes, core.Cpl))
            return Outcome.Fault;
        if (!equal)
            (core.Lp->Gpr[0], core.Lp->Gpr[2]) = (low, high);
        LazyFlags.Update(core.Lp, RflagsBit.Zf, equal ? RflagsBit.Zf : 0);
        return Outcome.Next;
    }

    /// <summary>BOUND: a signed index between two signed limits in memory, else #BR.</summary>
    public static Outcome Bound(Core core, in Instruction i)
    {
        if (!core.TryReadOperand(i, 1, out ulong limits))
            return Outcome.Fault;
        ulong index = core.ReadOperand(i, 0);
        bool inside = i.Op0Register.GetSize() == 2
            ? (short)index >= (short)limits && (short)index <= (short)(limits >> 16)
            : (int)index >= (int)limits && (int)index <= (int)(limits >> 32);
        return inside ? Outcome.Next : core.Raise(Vector.BR);
    }

    /// <summary>PTWRITE reads its operand; no trace packets are modelled.</summary>
    public static Outcome Ptwrite(Core core, in Instruction i) =>
        core.TryReadOperand(i, 0, out _) ? Outcome.Next : Outcome.Fault;

    /// <summary>GETSEC without an SMX-capable chipset: leaf 0, CAPABILITIES, answers that there is none.</summary>
    public static Outcome Getsec(Core core, in Instruction i)
    {
        if ((core.Lp->Cr4 & Cr4Bit.Smxe) == 0)
            return core.Raise(Vector.UD);
        if (core.Intercepts(ExitReason.Getsec, i, out Outcome exit))
            return exit;
        if ((uint)core.Lp->Gpr[0] != 0)
            return core.RaiseGp0();
        core.Lp->Gpr[0] = 0;
        return Outcome.Next;
    }

    /// <summary>MOVDIR64B: 64 bytes as one direct store; the destination is ES:register, aligned.</summary>
    public static Outcome Movdir64b(Core core, in Instruction i)
    {
        ulong offset = core.ReadRegister(i.Op0Register);
        ulong to = Segmentation.Linear(core, 0, offset, 64);
        Span<byte> line = stackalloc byte[64];
        if (!core.TryReadLinear(core.EffectiveAddress(i), line, core.Cpl))
            return Outcome.Fault;
        if ((to & 63) != 0)
            return core.RaiseGp0();
        if (!core.TryWriteDirect(new Gva(to), line))
            return Outcome.Fault;
        core.ChargeOperation(Isa.Ports.Operation.Movdir64b, to);
        return Outcome.Next;
    }
}
